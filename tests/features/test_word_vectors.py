import gzip
from pathlib import Path

import numpy as np
import pytest

from emotion_tf.errors import EmotionTFError
from emotion_tf.features.word_vectors import embedding_matrix, read_word_vectors
from emotion_tf.features.words import Vocabulary

VECTORS = "the 0.5 1 -2\ncat 1e-1 0.25 2\nnot -1 0 4\n"


@pytest.fixture
def vectors(tmp_path) -> Path:
    path = tmp_path / "vectors.txt"
    path.write_text(VECTORS, encoding="utf-8")
    return path


@pytest.mark.parametrize("header", ["", "3 3\n"], ids=["glove", "word2vec"])
@pytest.mark.parametrize("compressed", [False, True], ids=["plain", "gz"])
def test_word_vectors(tmp_path, header, compressed):
    content = (header + VECTORS).encode()
    path = tmp_path / ("vectors.txt.gz" if compressed else "vectors.txt")
    path.write_bytes(gzip.compress(content) if compressed else content)
    found, matrix = read_word_vectors(path)
    assert found == ["the", "cat", "not"]
    assert matrix.dtype == np.float32
    np.testing.assert_array_equal(matrix, np.array([[0.5, 1, -2], [0.1, 0.25, 2], [-1, 0, 4]], np.float32))


def test_some_word_vectors(vectors):
    found, matrix = read_word_vectors(vectors, wanted=["not", "dog", "the"], width=3)
    assert found == ["the", "not"]
    np.testing.assert_array_equal(matrix, [[0.5, 1, -2], [-1, 0, 4]])
    assert read_word_vectors(vectors, limit=2)[0] == ["the", "cat"]
    found, matrix = read_word_vectors(vectors, wanted=["dog"])
    assert (found, matrix.shape) == ([], (0, 3))


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "holds no word vectors"),
        ("400000 300\n", "holds no word vectors"),
        ("the 1 2\ncat 1\n", r"line 2 of .*vectors\.txt is no .*expected a word and 2 numbers.*received 1 numbers"),
        ("1 2\nthe 1 2\ncat 1 2 3\n", r"line 3 of .*expected a word and 2 numbers.*received 3 numbers"),
        ("the 1 2\n\n", r"line 2 of .*received no word"),
        ("the\n", r"line 1 of .*received 0 numbers"),
        ("the 1 2\ncat 1 x\n", r"line 2 of .*vectors\.txt is no word vector; expected .* finite numbers"),
        ("the 1 2\ncat 1 nan\n", r"line 2 of .*finite numbers"),
        ("the 1 2\ncat 1 1e99\n", r"line 2 of .*finite numbers"),
        ("the 1  2\n", r"line 1 of .*finite numbers"),
        ("the 1 2\ncat 1 2\nthe 3 4\n", r"line 3 of .*vectors\.txt repeats a word.*'the'"),
        (b"th\xff 1 2\n", r"line 1 of .*UTF-8"),
    ],
)
@pytest.mark.filterwarnings("error")
def test_damaged_word_vectors(tmp_path, content, problem):
    path = tmp_path / "vectors.txt"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(EmotionTFError, match=problem):
        read_word_vectors(path)


def test_word_vectors_of_another_width(vectors):
    with pytest.raises(EmotionTFError, match=r"line 1 of .*300 numbers.*received 3 numbers.*words\.embedding_width=3"):
        read_word_vectors(vectors, wanted=[], width=300)


def test_files_that_are_no_word_vectors(tmp_path):
    with pytest.raises(EmotionTFError, match=r"nowhere\.txt cannot be read \(No such file"):
        read_word_vectors(tmp_path / "nowhere.txt")
    with pytest.raises(EmotionTFError, match="cannot be read"):
        read_word_vectors(tmp_path)
    path = tmp_path / "vectors.txt.gz"
    path.write_text(VECTORS)
    with pytest.raises(EmotionTFError, match=r"vectors\.txt\.gz is no whole gzip file"):
        read_word_vectors(path)
    path.write_bytes(gzip.compress(VECTORS.encode())[:-12])
    with pytest.raises(EmotionTFError, match=r"vectors\.txt\.gz is no whole gzip file"):
        read_word_vectors(path)


def test_embedding_matrix(vectors):
    vocabulary = Vocabulary(("", "[UNK]", "not", "dog", "the"))
    unknown = [-0.25, 0.5, 1.0]  # The mean of "not" and "the".
    expected = [[0, 0, 0], unknown, [-1, 0, 4], unknown, [0.5, 1, -2]]
    matrix = embedding_matrix(vocabulary, vectors, width=3)
    assert matrix.dtype == np.float32
    np.testing.assert_array_equal(matrix, expected)


def test_embedding_matrix_without_a_word(vectors):
    with pytest.raises(EmotionTFError, match=r"vectors\.txt has a vector for none of the 3 words"):
        embedding_matrix(Vocabulary(("", "[UNK]", "dog")), vectors, width=3)
