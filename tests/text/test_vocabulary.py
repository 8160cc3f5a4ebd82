import numpy as np
import pytest

from emotion_tf.errors import EmotionTFError
from emotion_tf.text.vocabulary import Vocabulary


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
