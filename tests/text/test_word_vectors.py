import gzip
import importlib.util
import struct
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from emotion_tf.errors import EmotionTFError
from emotion_tf.text.vocabulary import Vocabulary
from emotion_tf.text.word_vectors import embedding_matrix, read_word_vectors

VECTORS = "the 0.5 1 -2\ncat 1e-1 0.25 2\nnot -1 0 4\n"


@pytest.fixture
def vectors(tmp_path) -> Path:
    path = tmp_path / "vectors.txt"
    path.write_text(VECTORS, encoding="utf-8")
    return path


def zipped(path: Path, **members: str) -> Path:
    """Writes an archive; the underscores in the names of its members stand for dots."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("_", "."), content)
    return path


@pytest.mark.parametrize("suffix", ["", ".gz", ".zip"])
@pytest.mark.parametrize(
    "content",
    [VECTORS, "3 3\n" + VECTORS, ("3 3\n" + VECTORS).replace("\n", " \n"), VECTORS.replace("\n", "\r\n"), VECTORS[:-1]],
    ids=["glove", "word2vec", "blank at the end", "windows", "no last newline"],
)
def test_word_vectors(tmp_path, content, suffix):
    path = tmp_path / f"vectors.txt{suffix}"
    if suffix == ".zip":
        zipped(path, vectors_txt=content, readme_md="1 2 3")
    else:
        path.write_bytes(gzip.compress(content.encode()) if suffix else content.encode())
    found, matrix = read_word_vectors(path)
    assert found == ["the", "cat", "not"]
    assert matrix.dtype == np.float32
    np.testing.assert_array_equal(matrix, np.array([[0.5, 1, -2], [0.1, 0.25, 2], [-1, 0, 4]], np.float32))


def test_real_vectors_by_another_parser(real_data):
    with gzip.open(real_data / "vectors.300d.txt.gz", "rt", encoding="utf-8") as file:
        expected = [line.split(" ") for line in file][::97]
    words, vectors = read_word_vectors(real_data / "vectors.300d.txt.gz", [row[0] for row in expected], width=300)
    assert words == [row[0] for row in expected]
    np.testing.assert_array_equal(vectors, np.array([row[1:] for row in expected], np.float64).astype(np.float32))


def test_odd_words(tmp_path):
    """As they stand in GloVe 840B and in the .vec files of fastText; NEL and NBSP are blanks to Python's str."""
    words = [",", ". . .", "at name@domain.com", "1\u00a0000", "\u0085", "\ufeff", "3.5", "2e5", "日本", "a\tb", "</s>"]
    path = tmp_path / "vectors.txt"
    path.write_bytes("".join(f"{word} {index} -{index}\n" for index, word in enumerate(words)).encode())
    found, matrix = read_word_vectors(path)
    assert found == words
    np.testing.assert_array_equal(matrix, [[index, -index] for index in range(len(words))])
    path.write_bytes(f"2 3\n. . . 1 2 3\n{words[3]} 1 2 3\n".encode())
    assert read_word_vectors(path)[0] == [". . .", words[3]]
    assert read_word_vectors(path, wanted=[". . .", "1\u00a0000"], width=3)[0] == [". . .", "1\u00a0000"]


def test_archive_with_one_file_a_width(tmp_path):
    wide = "the 1 2 3 4\n"
    path = zipped(tmp_path / "glove.6B.zip", **{"glove_6B_3d_txt": VECTORS, "glove_6B_4d_txt": wide})
    assert read_word_vectors(path, width=4)[0] == ["the"]
    assert read_word_vectors(path, width=3)[0] == ["the", "cat", "not"]
    message = (
        r"glove\.6B\.zip does not tell which .* one of them with {}d in its name, "
        r"received glove\.6B\.3d\.txt, glove\.6B\.4d\.txt\. To fix: extract"
    )
    for width, named in ((300, "300"), (None, "the width")):
        with pytest.raises(EmotionTFError, match=message.format(named)):
            read_word_vectors(path, width=width)
    with pytest.raises(EmotionTFError, match=r"line 2 of .*one\.zip/a\.vec is no word vector"):
        read_word_vectors(zipped(tmp_path / "one.zip", a_vec="the 1 2\nno 1\n"))


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
        ("0 300\n", "holds no word vectors"),
        ("3 2\nthe 1 2\ncat 1 2\n", r"vectors\.txt is cut short; expected 3 words, .*, received 2"),
        ("the 1 2\ncat 1\n", r"line 2 of .*vectors\.txt is no .*expected a word and 2 numbers.*received 1 numbers"),
        ("1 2\nthe 1 2\ncat 1 2 3\n", r"line 3 of .*expected a word and 2 numbers.*received 3 numbers"),
        ("the 1 2\nbig cat 1 2\ncat 1 2 3\n", r"line 3 of .*expected a word and 2 numbers.*received 3 numbers"),
        ("the 1 2\ncat  1 2\n", r"line 2 of .*parted by single blanks"),
        ("the\t1\t2\n", r"line 1 of .*parted by single blanks, received 0 numbers"),
        ("the 1 2\n 1 2\n", r"line 2 of .*received no word"),
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
    whole = gzip.compress(VECTORS.encode())
    for content in (VECTORS.encode(), whole[:-12], whole[:-8] + bytes(8)):
        path.write_bytes(content)
        with pytest.raises(EmotionTFError, match=r"vectors\.txt\.gz cannot be unpacked \(.*copy it again"):
            read_word_vectors(path)
    path = zipped(tmp_path / "vectors.zip", vectors_txt=VECTORS)
    whole = path.read_bytes()
    # The last places where the bit stands that says whether a member is encrypted, and a byte of the member itself.
    encrypted = bytearray(whole)
    encrypted[6] |= 1
    encrypted[whole.index(b"PK\1\2") + 8] |= 1
    damaged = bytearray(whole)
    damaged[whole.index(b"vectors.txt") + 20] ^= 255
    for content in (VECTORS.encode(), whole[:-30], bytes(encrypted), bytes(damaged)):
        path.write_bytes(content)
        with pytest.raises(EmotionTFError, match=r"vectors\.zip cannot be unpacked"):
            read_word_vectors(path)
    with pytest.raises(EmotionTFError, match=r"expected one \.txt or \.vec, .* received model\.bin\. "):
        read_word_vectors(zipped(tmp_path / "binary.zip", model_bin=VECTORS))


@pytest.mark.parametrize("name", ["vectors.bin", "vectors.bin.gz"])
def test_binary_word_vectors(tmp_path, name):
    numbers = np.random.default_rng(0).normal(size=(5, 300)).astype("<f4")
    word2vec = b"5 300\n" + b"".join(b"word%d " % index + row.tobytes() for index, row in enumerate(numbers))
    fasttext = struct.pack("<13i", 793712314, 12, 300, 5, 5, 1, 5, 2, 1, 1, 2000000, 3, 6)
    path = tmp_path / name
    for content in (word2vec, fasttext):
        path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
        with pytest.raises(EmotionTFError, match=r"vectors\.bin(\.gz)? is binary; expected .* as text, .* To fix: get"):
            read_word_vectors(path, wanted=["word1"], width=300)


def test_reading_needs_no_tensorflow():
    """Which alone would take more memory than all the rest."""
    code = "import sys, emotion_tf.text.word_vectors; print('tensorflow' in sys.modules)"
    root = Path(importlib.util.find_spec("emotion_tf").origin).parents[1]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


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


def test_zip_whose_names_are_no_text(tmp_path):
    path = tmp_path / "vectors.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("é.txt", "the 0.5 1\n")
    path.write_bytes(path.read_bytes().replace("é".encode(), b"\xd0\xd0"))
    with pytest.raises(EmotionTFError, match=r"vectors\.zip cannot be unpacked \(.*can't decode byte 0xd0"):
        read_word_vectors(path)
