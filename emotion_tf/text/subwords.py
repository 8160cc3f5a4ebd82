"""What words have in common: the letter n-grams in them."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

LENGTHS = (3, 4, 5)
"""Letters of an n-gram, the marks at the ends of a word among them."""

MIN_WORDS = 3
"""An n-gram in fewer words of the vocabulary says nothing that those words do not say themselves."""

MAX_SUBWORDS = 24
"""Longer words keep the first and shortest: every word of a batch takes the room of the longest."""


def split_word(word: str) -> list[str]:
    """The letter n-grams of a word, the shortest first, each once.

    Args:
        word: A word of the vocabulary.

    Returns:
        All that are shorter than the word itself with its marks, `<` where it begins and `>` where it ends.

    Example:

    >>> split_word("sad")
    ['<sa', 'sad', 'ad>', '<sad', 'sad>']

    Reference:
        Bojanowski et al., "Enriching Word Vectors with Subword Information", TACL 2017.
    """
    marked = f"<{word}>"
    return list(
        dict.fromkeys(
            marked[start : start + length]
            for length in LENGTHS
            if length < len(marked)
            for start in range(len(marked) - length + 1)
        )
    )


def subword_ids(vocabulary: Sequence[str], num_special: int) -> np.ndarray:
    """The ids of the letter n-grams of each word.

    Args:
        vocabulary: The words by id.
        num_special: So many words at the beginning are none, and have no n-grams.

    Returns:
        (V, K) int32, K being at most `MAX_SUBWORDS`. Ids count from 1 in the order of the vocabulary; 0 fills the rows.

    Example:

    >>> subword_ids(["", "[UNK]", "hate", "hated", "hater"], num_special=2)
    array([[0, 0, 0, 0, 0, 0],
           [0, 0, 0, 0, 0, 0],
           [1, 2, 3, 4, 5, 6],
           [1, 2, 3, 4, 5, 6],
           [1, 2, 3, 4, 5, 6]], dtype=int32)
    """
    words, ids = _split_all(vocabulary, num_special), known_subwords(vocabulary, num_special)
    rows = [[ids[subword] for subword in word if subword in ids][:MAX_SUBWORDS] for word in words]
    table = np.zeros((len(rows), max(1, *map(len, rows))), np.int32)
    for row, found in zip(table, rows, strict=True):
        row[: len(found)] = found
    return table


def known_subwords(vocabulary: Sequence[str], num_special: int) -> dict[str, int]:
    """The id of each letter n-gram that `subword_ids` knows, from 1; arguments as there.

    Example:

    >>> known_subwords(["", "[UNK]", "sad", "sad2", "sad3"], num_special=2)
    {'<sa': 1, 'sad': 2, '<sad': 3}
    """
    counts = Counter(subword for word in _split_all(vocabulary, num_special) for subword in word)
    known = [subword for subword, count in counts.items() if count >= MIN_WORDS]
    return {subword: number for number, subword in enumerate(known, start=1)}


def _split_all(vocabulary: Sequence[str], num_special: int) -> list[list[str]]:
    """The n-grams of each word; none of those that are no words."""
    return [[] if place < num_special else split_word(word) for place, word in enumerate(vocabulary)]
