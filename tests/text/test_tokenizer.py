import json
import os
import re
import subprocess
import sys
import unicodedata
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from emotion_tf.errors import EmotionTFError
from emotion_tf.text import tokenizer
from emotion_tf.text.graph_normalization import normalize_graph
from emotion_tf.text.graph_vocabulary import tokenize_graph
from emotion_tf.text.tokenizer import check_tokenizer, save_tokenizer, tokenize
from emotion_tf.text.vocabulary import Vocabulary
from emotion_tf.text.word_vectors import read_word_vectors

# Written out by hand.
TOKENS = {
    "": [],
    " \t\n ": [],
    "...,;:-": [],
    "Hello, World": ["hello", "world"],
    "What?! No...": ["what", "?", "!", "no"],
    "it's I'm you're we've they'll he'd": ["it", "'s", "i", "'m", "you", "'re", "we", "'ve", "they", "'ll", "he", "'d"],
    "don't DIDN’T couldn‘t": ["do", "not", "did", "not", "could", "not"],
    "can't won't": ["can", "not", "will", "not"],
    "I'd've, couldn't've": ["i", "'d", "'ve", "could", "not", "'ve"],
    "'quoted' ''twice'' dogs' ' rock'n'roll o'clock": ["quoted", "twice", "dogs", "rock'n'roll", "o'clock"],
    "it 's already split , is n't it": ["it", "'s", "already", "split", "is", "not", "it"],
    "señor Ångström ÉCOLE 5×3÷2": ["señor", "ångström", "école", "5", "3", "2"],
    "cafe\u0301 na\u0131\u0308ve": ["café", "naıve"],
    "İstanbul \u212aelvin \u212bngström": ["istanbul", "kelvin", "ångström"],
    "great😂job 👩‍👩‍👧 ❤️": ["great", "job"],
    "one\ntwo\tthree\r\nfour\u00a0five\u2028six\0seven": ["one", "two", "three", "four", "five", "six", "seven"],
    "abc שלום مرحبا \u202eabc": ["abc", "שלום", "مرحبا", "abc"],
    "ΟΔΟΣ straße ﬁne": ["οδος", "straße", "fine"],
    "Я так ЗЛЮСЬ, за\u0301мок!": ["я", "так", "злюсь", "замок", "!"],
    "我很生气！他说：「走开」？": ["我", "很", "生", "气", "!", "他", "说", "走", "开", "?"],
    "Tôi rất tức giận": ["tôi", "rất", "tức", "giận"],
    "أنا غاضب جدا؟": ["أنا", "غاضب", "جدا", "?"],
    "मैं बहुत गुस्से में हूँ": ["मैं", "बहुत", "गुस्से", "में", "हूँ"],
    "ฉันโกรธ": ["ฉั", "น", "โ", "ก", "ร", "ธ"],
    "カ\u3099ﾊﾞ 화났어 \u1112\u116a\u11ab": ["ガ", "バ", "화났어", "환"],
    "don´t don′t don＇t don‛t don`t": ["do", "not"] * 5,
    "ＡＢＣ ①２ x²": ["abc", "12", "x2"],
    "м'я l'été rock'n'roll": ["м'я", "l'été", "rock'n'roll"],
    "so\u00adfar می\u200cروم": ["sofar", "میروم"],
    "'s ' 'd 'tis": ["'s", "'d", "tis"],
}


def tokens_in_graph(texts: list[str]) -> list[list[str]]:
    tokens = tokenize_graph(tf.constant([text.encode("utf-8") for text in texts]))
    return [[token.decode("utf-8") for token in row] for row in tokens.to_list()]


@pytest.mark.parametrize("text", TOKENS)
def test_tokens_by_hand(text):
    assert tokenize(text) == TOKENS[text]


def test_graph_gives_the_same_tokens_by_hand():
    assert tokens_in_graph(list(TOKENS)) == list(TOKENS.values())


def test_composed_and_decomposed_texts_have_the_same_tokens():
    for text in TOKENS:
        for form in ("NFC", "NFD"):
            assert tokenize(unicodedata.normalize(form, text)) == TOKENS[text]


def test_graph_normalizes_as_python():
    generator = np.random.default_rng(0)
    points = [chr(point) for point in range(0x30000) if point and not 0xD800 <= point < 0xE000]
    marks = [point for point in points if unicodedata.combining(point)]
    hangul = [chr(point) for point in range(0x1100, 0x1200)]
    texts = ["".join(points[start : start + 500]) for start in range(0, len(points), 500)]
    for pieces in (marks + points[:2000], hangul, ["e", "a", "ê", *marks[:60]]):
        texts += ["".join(generator.choice(pieces, size=8)) for _ in range(3000)]
    wanted = [unicodedata.normalize("NFKC", text) for text in texts]
    assert [text.decode() for text in normalize_graph(tf.constant(texts)).numpy()] == wanted
    assert normalize_graph(tf.constant([], tf.string)).shape == (0,)


def test_graph_gives_the_same_tokens_for_every_code_point():
    points = [chr(point) for point in range(0x20000) if not 0xD800 <= point < 0xE000]
    texts = [f"a{point}b'{point} {point}'s {point}n't{point}" for point in points]
    assert tokens_in_graph(texts) == [tokenize(text) for text in texts]


def test_graph_gives_the_same_tokens_for_random_strings_of_what_the_rules_are_about():
    generator = np.random.default_rng(0)
    pieces = [
        "'",
        "'",
        "’",
        " ",
        "n't",
        "can't",
        "won't",
        "'s",
        "s",
        "'ll",
        "d",
        "é",
        "\u0301",
        "?",
        "!",
        "x",
        "7",
        "_",
    ]
    texts = ["".join(generator.choice(pieces, size=12)) for _ in range(5000)]
    tokens = [tokenize(text) for text in texts]
    assert tokens_in_graph(texts) == tokens
    allowed = re.compile(r"[?!]|'?[^\W_]+('[^\W_]+)*")
    assert all(allowed.fullmatch(token) for row in tokens for token in row)


def test_very_long_text():
    text = "Don't stop! " * 50_000
    assert tokenize(text) == ["do", "not", "stop", "!"] * 50_000
    assert tokens_in_graph([text]) == [tokenize(text)]


def test_real_sentences_give_the_same_tokens(sentences):
    assert len(sentences) == 23_862
    tokens = [tokenize(sentence) for sentence in sentences]
    assert tokens_in_graph(sentences) == tokens
    assert [tokenize(" ".join(row)) for row in tokens] == tokens


def test_tokens_of_real_sentences_have_word_vectors(real_data, sentences):
    """The file holds, without digits, the words that its own tokeniser found twice or more in these sentences."""
    known = set(read_word_vectors(real_data / "vectors.300d.txt.gz")[0])
    counts = Vocabulary.build(sentences, max_size=100_000, min_count=2).words[2:]
    frequent = {word for word in counts if not any(letter.isdigit() for letter in word)}
    tokens = [token for sentence in sentences for token in tokenize(sentence) if token in frequent]
    assert sum(token in known for token in tokens) > 0.995 * len(tokens)


@pytest.mark.parametrize("content", [b"\xff\xfehello\x80 \xc3 w", b"hello \xed\xa0\x80\xf8\x88 w", b"hello w\xc3"])
def test_bytes_that_are_not_utf8_part_words_in_the_graph(content):
    assert tokenize_graph(tf.constant([content])).to_list() == [[b"hello", b"w"]]


def test_graph_does_not_listen_to_the_locale():
    code = (
        "import tensorflow as tf\n"
        "from emotion_tf.text.graph_vocabulary import tokenize_graph\n"
        "assert tf.strings.lower('I', encoding='utf-8') == 'ı', 'the locale has no effect here'\n"
        "print(tokenize_graph(tf.constant(['I LIKE İT'])).to_list())\n"
    )
    environment = {**os.environ, "LC_ALL": "tr_TR.UTF-8", "LANG": "tr_TR.UTF-8", "PYTHONIOENCODING": "utf-8"}
    root = Path(tokenizer.__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, env=environment, capture_output=True, text=True)
    assert done.stdout == "[[b'i', b'like', b'it']]\n", done.stderr


def test_rules_travel_and_are_checked(tmp_path):
    check_tokenizer(tmp_path)
    save_tokenizer(tmp_path)
    check_tokenizer(tmp_path)
    rules = json.loads((tmp_path / "tokenizer.json").read_text(encoding="utf-8"))
    rules["steps"][4] = ["replace", "a", "b"]
    (tmp_path / "tokenizer.json").write_text(json.dumps(rules), encoding="utf-8")
    with pytest.raises(EmotionTFError, match=r"tokenizer\.json holds other rules than those of this release"):
        check_tokenizer(tmp_path)
