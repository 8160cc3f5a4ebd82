import os
import re
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

from emotion_tf.errors import EmotionTFError
from emotion_tf.text import words
from emotion_tf.text.word_vectors import read_word_vectors
from emotion_tf.text.words import (
    GraphVocabulary,
    Vocabulary,
    tokenize,
    tokenize_graph,
)

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
    "cafe\u0301 na\u0131\u0308ve": ["cafe", "naıve"],
    "İstanbul \u212aelvin \u212bngström": ["istanbul", "kelvin", "ångström"],
    "great😂job 👩‍👩‍👧 ❤️": ["great", "job"],
    "one\ntwo\tthree\r\nfour\u00a0five\u2028six\0seven": ["one", "two", "three", "four", "five", "six", "seven"],
    "abc שלום مرحبا \u202eabc": ["abc", "abc"],
    "ΟΔΟΣ straße ﬁne": ["straße", "ne"],
    "'s ' 'd 'tis": ["'s", "'d", "tis"],
}


def tokens_in_graph(texts: list[str]) -> list[list[str]]:
    tokens = tokenize_graph(tf.constant([text.encode("utf-8") for text in texts]))
    return [[token.decode("utf-8") for token in row] for row in tokens.to_list()]


@pytest.fixture(scope="session")
def sentences(real_data) -> list[str]:
    lines = (real_data / "goemotions4.tsv").read_text(encoding="utf-8").split("\n")
    return [line.split("\t")[2] for line in lines[1:] if line]


@pytest.mark.parametrize("text", TOKENS)
def test_tokens_by_hand(text):
    assert tokenize(text) == TOKENS[text]


def test_graph_gives_the_same_tokens_by_hand():
    assert tokens_in_graph(list(TOKENS)) == list(TOKENS.values())


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
        "from emotion_tf.text.words import tokenize_graph\n"
        "assert tf.strings.lower('I', encoding='utf-8') == 'ı', 'the locale has no effect here'\n"
        "print(tokenize_graph(tf.constant(['I LIKE İT'])).to_list())\n"
    )
    environment = {**os.environ, "LC_ALL": "tr_TR.UTF-8", "LANG": "tr_TR.UTF-8", "PYTHONIOENCODING": "utf-8"}
    root = Path(words.__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, env=environment, capture_output=True, text=True)
    assert done.stdout == "[[b'i', b'like', b'it']]\n", done.stderr


def test_vocabulary_is_ordered_by_count_then_alphabet():
    texts = ["b b b a a", "c c d", "a"]
    # a and b occur three times, c twice, d once.
    assert Vocabulary.build(texts, 10, min_count=2).words == ("", "[UNK]", "a", "b", "c")
    assert Vocabulary.build(texts, 4, min_count=1).words == ("", "[UNK]", "a", "b")
    assert Vocabulary.build(reversed(texts), 10, 2) == Vocabulary.build(texts, 10, 2)
    assert Vocabulary.build([], 10, 2).words == ("", "[UNK]")


def test_further_words_follow_in_their_order_as_far_as_there_is_room():
    also = ["zoo", "a", ",", "New-York", "zoo", "'s", "bee", "cow"]
    vocabulary = Vocabulary.build(["a a"], 6, 2, also)
    assert vocabulary.words == ("", "[UNK]", "a", "zoo", "'s", "bee")
    assert len(vocabulary) == 6
    assert Vocabulary.build(["a a b b c c d d e e"], 4, 2, also).words == ("", "[UNK]", "a", "b")


def test_encode():
    vocabulary = Vocabulary(("", "[UNK]", "i", "not", "!"))
    ids = vocabulary.encode("I can't! [UNK]", max_words=10)
    assert ids.dtype == np.int32
    assert ids.tolist() == [2, 1, 3, 4, 1]
    assert vocabulary.encode("I can't!", max_words=3).tolist() == [2, 1, 3]
    assert vocabulary.encode(" ... ", max_words=3).tolist() == [0]


@pytest.mark.parametrize("max_words", [20, 128])
def test_graph_encodes_alike(sentences, max_words):
    vocabulary = Vocabulary.build(sentences[::2], max_size=2000, min_count=2)
    texts = ["", "...", *sentences]
    batch = GraphVocabulary(vocabulary).encode(tf.constant(texts), max_words)
    assert batch.dtype == tf.int32
    expected = [vocabulary.encode(text, max_words) for text in texts]
    assert batch.shape == (23_864, max(map(len, expected)))
    for row, ids in zip(batch.numpy(), expected, strict=True):
        np.testing.assert_array_equal(row, np.pad(ids, (0, len(row) - len(ids))))


def test_graph_gives_empty_transcripts_one_place():
    vocabulary = GraphVocabulary(Vocabulary(("", "[UNK]", "i")))
    assert vocabulary.encode(tf.constant(["", "?!"[:0]]), 5).numpy().tolist() == [[0], [0]]
    assert vocabulary.encode(tf.constant([], tf.string), 5).shape == (0, 1)
    assert GraphVocabulary(Vocabulary(("", "[UNK]"))).encode(tf.constant(["i"]), 5).numpy().tolist() == [[1]]


class Reader(tf.Module):
    def __init__(self, vocabulary: Vocabulary):
        super().__init__()
        self.vocabulary = GraphVocabulary(vocabulary)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
    def __call__(self, texts):
        return {"words": self.vocabulary.encode(texts, max_words=4)}


def test_graph_survives_saving_as_a_module(tmp_path):
    reader = Reader(Vocabulary(("", "[UNK]", "so", "zoë", "'s")))
    tf.saved_model.save(reader, str(tmp_path), signatures=reader.__call__)
    loaded = tf.saved_model.load(str(tmp_path)).signatures["serving_default"]
    texts = tf.constant(["ZOË’s so so good", ""])
    assert loaded(texts=texts)["words"].numpy().tolist() == [[3, 4, 2, 2], [0, 0, 0, 0]]


def test_graph_survives_saving_in_an_export_archive_with_core_ops_only(tmp_path):
    vocabulary = GraphVocabulary(Vocabulary(("", "[UNK]", "so", "sad")))
    inputs = keras.Input((None,), dtype="int32")
    model = keras.Model(inputs, keras.layers.Embedding(4, 2)(inputs))
    archive = keras.export.ExportArchive()
    archive.track(model)
    archive.track(vocabulary)
    archive.add_endpoint(
        "serve", lambda texts: model(vocabulary.encode(texts, 8)), input_signature=[tf.TensorSpec([None], tf.string)]
    )
    archive.write_out(tmp_path, verbose=False)
    texts = tf.constant(["so very SAD", "so"])
    expected = model.get_layer(index=1).get_weights()[0][[[2, 1, 3], [2, 0, 0]]]
    loaded = tf.saved_model.load(str(tmp_path))
    np.testing.assert_allclose(loaded.serve(texts), expected)
    saved = SavedModel.FromString((tmp_path / "saved_model.pb").read_bytes())
    operations = {operation.name for operation in saved.meta_graphs[0].meta_info_def.stripped_op_list.op}
    assert "StaticRegexReplace" in operations
    # The ops of tensorflow-io, tensorflow-text and other packages carry their package's name before this sign.
    assert not [name for name in operations if ">" in name]


def test_vocabulary_file(tmp_path):
    path = tmp_path / "vocabulary.txt"
    vocabulary = Vocabulary(("", "[UNK]", "so", "zoë", "'s"))
    vocabulary.save(path)
    assert path.read_bytes() == "\n[UNK]\nso\nzoë\n's\n".encode()
    assert Vocabulary.load(path) == vocabulary


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "as words 0 and 1"),
        (b"so\nsad\n", r"as words 0 and 1, received \('so', 'sad'\)"),
        (b"\r\n[UNK]\r\nso\r\n", "as words 0 and 1"),
        (b"\n[UNK]\nso\nsad\nso\n", "'so' as words 2 and 4"),
        (b"\n[UNK]\nso\n\n", "'' as words 0 and 3"),
        (b"\n[UNK]\nso\nsa", "its last line has no end, received 'sa'|its last line has no end; received 'sa'"),
        (b"\n[UNK]\n\xff\n", "can't decode byte"),
    ],
)
def test_damaged_vocabulary_file(tmp_path, content, problem):
    path = tmp_path / "vocabulary.txt"
    path.write_bytes(content)
    with pytest.raises(EmotionTFError, match=rf"vocabulary\.txt is damaged: .*({problem})"):
        Vocabulary.load(path)


def test_missing_vocabulary_file(tmp_path):
    with pytest.raises(EmotionTFError, match=r"vocabulary\.txt cannot be read \(No such file"):
        Vocabulary.load(tmp_path / "vocabulary.txt")
