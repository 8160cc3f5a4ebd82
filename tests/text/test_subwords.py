import numpy as np
import pytest

from emotion_tf.text.subwords import MAX_SUBWORDS, split_word, subword_ids


@pytest.mark.parametrize(
    ("word", "subwords"),
    [
        # A word of one letter has nothing but itself.
        ("!", []),
        ("it", ["<it", "it>"]),
        ("sad", ["<sa", "sad", "ad>", "<sad", "sad>"]),
        ("aaaa", ["<aa", "aaa", "aa>", "<aaa", "aaaa", "aaa>", "<aaaa", "aaaa>"]),
        ("zoë", ["<zo", "zoë", "oë>", "<zoë", "zoë>"]),
    ],
)
def test_split_by_hand(word, subwords):
    assert split_word(word) == subwords


def test_ids_by_hand():
    # Only "<ha" is in three words; one that a word has twice still counts once for it.
    vocabulary = ["", "[UNK]", "hat", "aha", "hall", "hahaha", "hug"]
    expected = [[0], [0], [1], [0], [1], [1], [0]]
    np.testing.assert_array_equal(subword_ids(vocabulary, num_special=2), expected)


def test_special_words_have_none():
    vocabulary = ["hate", "hated", "hater", "hates"]
    ids = subword_ids(vocabulary, num_special=1)
    assert ids.dtype == np.int32
    assert not ids[0].any() and ids[1:].all()


def test_long_words_keep_the_shortest():
    long = "abcdefghijklmnopqrstuvwxyz"
    ids = subword_ids([long, long + "1", long + "2"], num_special=0)
    assert ids.shape == (3, MAX_SUBWORDS)
    # The first 24 of the 26 n-grams of three letters are common to all.
    np.testing.assert_array_equal(ids, np.tile(np.arange(1, MAX_SUBWORDS + 1), (3, 1)))


def test_nothing_in_common():
    np.testing.assert_array_equal(subword_ids(["", "[UNK]", "so", "sad"], num_special=2), np.zeros((4, 1)))
