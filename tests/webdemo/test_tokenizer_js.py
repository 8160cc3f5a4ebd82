"""The page's tokeniser gives the ids of Python's."""

import csv
import json
import shutil
import subprocess
import sys

import pytest

from emotion_tf.config import Config
from emotion_tf.inference.bundle import ModelBundle
from emotion_tf.labels import FOUR
from emotion_tf.text.tokenizer import tokenize
from emotion_tf.text.vocabulary import Vocabulary
from emotion_tf.webdemo.assembly import STATIC, settings

SCRIPT = """
import { readFileSync } from "node:fs";
const { Vocabulary, tokenize } = await import(process.argv[1]);
const { texts, settings, lines } = JSON.parse(readFileSync(0, "utf8"));
const vocabulary = new Vocabulary(lines, settings);
const answers = texts.map((text) => [tokenize(text, settings.tokenizer), Array.from(vocabulary.encode(text))]);
console.log(JSON.stringify(answers));
"""


def in_javascript(texts: list[str], vocabulary: Vocabulary) -> list[tuple[list[str], list[int]]]:
    """Tokens and ids of each text."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("SKIPPED FOR WANT OF NODE: apt-get install nodejs")
    known = settings(ModelBundle(Config(), FOUR, vocabulary), [])
    sent = json.dumps({"texts": texts, "settings": known, "lines": "".join(f"{word}\n" for word in vocabulary.words)})
    command = [node, "--input-type=module", "--eval", SCRIPT, (STATIC / "tokenizer.js").as_uri()]
    done = subprocess.run(command, input=sent, capture_output=True, text=True, encoding="utf-8", check=True)
    return json.loads(done.stdout)


def padded(ids: list[int]) -> list[int]:
    return ids + [0] * (128 - len(ids))


def test_hand_made_sentences():
    vocabulary = Vocabulary(("", "[UNK]", "i", "ca", "not", "can", "'s", "!", "zoë"))
    texts = ["I CAN’T!", "", "Zoë's 'quoted'", "i " * 200]
    found = in_javascript(texts, vocabulary)
    assert found[0] == [["i", "can", "not", "!"], padded([2, 5, 4, 7])]
    assert found[1] == [[], padded([])]
    assert found[2] == [["zoë", "'s", "quoted"], padded([8, 6, 1])]
    assert found[3][1] == [2] * 128


def test_every_character():
    """Lower-casing and the classes of characters mean the same in both languages."""
    characters = filter(str.isprintable, map(chr, range(sys.maxunicode + 1)))
    # Within a word, before it and at its end, where some have other lower-case forms.
    words = [f"N{character}T {character}I S{character}" for character in characters]
    texts = [" ".join(words[start : start + 100]) for start in range(0, len(words), 100)]
    found = in_javascript(texts, Vocabulary(("", "[UNK]")))
    assert [text for text, (tokens, _) in zip(texts, found, strict=True) if tokens != tokenize(text)] == []


def test_every_sentence_of_goemotions(real_data):
    with (real_data / "goemotions4.tsv").open(encoding="utf-8", newline="") as file:
        texts = [row["text"] for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)]
    vocabulary = Vocabulary.build(texts, max_size=5000, min_count=2)
    expected = [padded(vocabulary.encode(text, 128).tolist()) for text in texts]
    assert len(texts) > 1000
    assert [ids for _, ids in in_javascript(texts, vocabulary)] == expected
