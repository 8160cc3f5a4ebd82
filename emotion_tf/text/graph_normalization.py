"""Unicode normalisation (NFKC) in core TensorFlow ops, which have none of it.

The tables are those of Python. A text of ASCII alone is left as it is, at no cost.
"""

import functools
import unicodedata
from typing import NamedTuple

import numpy as np
import tensorflow as tf

LAST = 0x30000
"""Code points from here on have no other form, but for one block, and a table for them would be large."""

PAGE = 128
"""Code points that share a page of a table; of pages that are alike there is one."""

HANGUL, LEADING, VOWELS, TRAILING = 0xAC00, 0x1100, 0x1161, 0x11A7
"""Where the syllables of Hangul begin, and its letters; each syllable is 28 · (21 · first + second) + third."""


class _Table(NamedTuple):
    """A number for each code point below `LAST`, by pages."""

    pages: np.ndarray
    numbers: np.ndarray

    @classmethod
    def of(cls, numbers: np.ndarray) -> "_Table":
        """The table of some numbers (LAST,)."""
        unique, pages = np.unique(numbers.reshape(-1, PAGE), axis=0, return_inverse=True)
        return cls(pages.reshape(-1).astype(np.int32), unique.reshape(-1).astype(np.int32))

    def __call__(self, points: tf.Tensor) -> tf.Tensor:
        """The numbers (N,) int32 of code points (N,)."""
        points = tf.where(points < LAST, points, 0)
        return tf.gather(
            tf.constant(self.numbers), PAGE * tf.gather(tf.constant(self.pages), points // PAGE) + points % PAGE
        )


class _Tables(NamedTuple):
    """What Unicode says of its characters.

    Args:
        forms: For each code point the number of its decomposition, from 1 on; 0 for itself.
        starts: Where each decomposition begins in `letters`, and where the last one ends.
        letters: The code points of all decompositions.
        classes: The combining class of each code point.
        pairs: Two code points that become one, as the first times 2²¹ plus the second, sorted.
        composed: What they become.
    """

    forms: _Table
    starts: np.ndarray
    letters: np.ndarray
    classes: _Table
    pairs: np.ndarray
    composed: np.ndarray


@functools.cache
def _tables() -> _Tables:
    forms, classes = np.zeros(LAST, np.int32), np.zeros(LAST, np.int32)
    starts, pairs = [0, 0], {}
    letters: list[int] = []
    for point in range(LAST):
        # Syllables of Hangul are composed by arithmetic, and surrogates are no characters.
        if HANGUL <= point < 0xE000:
            continue
        character = chr(point)
        classes[point] = unicodedata.combining(character)
        decomposed = unicodedata.normalize("NFKD", character)
        if decomposed != character:
            forms[point] = len(starts) - 1
            letters += map(ord, decomposed)
            starts.append(len(letters))
        parts = unicodedata.decomposition(character).split()
        if len(parts) == 2 and "<" not in parts[0] and unicodedata.normalize("NFC", character) == character:
            pairs[int(parts[0], 16) << 21 | int(parts[1], 16)] = point
    ordered = sorted(pairs)
    return _Tables(
        _Table.of(forms),
        np.array(starts, np.int32),
        np.array(letters, np.int32),
        _Table.of(classes),
        np.array(ordered, np.int64),
        np.array([pairs[pair] for pair in ordered], np.int32),
    )


def normalize_graph(texts: tf.Tensor) -> tf.Tensor:
    """The form NFKC of texts.

    Args:
        texts: (B,) strings in UTF-8 without NUL. Bytes that are not UTF-8 become U+FFFD.

    Returns:
        (B,) strings in UTF-8.

    Example:

    >>> normalize_graph(tf.constant(["e\u0301 ﬁ", "Ａ"])).numpy().tolist() == ["é fi".encode(), b"A"]
    True

    Reference:
        Unicode Standard Annex 15, "Unicode Normalization Forms".
    """
    plain = tf.reduce_all(tf.strings.regex_full_match(texts, r"[\x00-\x7f]*"))
    return tf.cond(plain, lambda: texts, lambda: _normalized(texts))


# Traced once in a process; without this, every pipeline of every fold traced these loops anew.
@tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
def _normalized(texts: tf.Tensor) -> tf.Tensor:
    ragged = tf.strings.unicode_decode(texts, "UTF-8")
    # A NUL begins each text, so that nothing is composed across two of them.
    rows = tf.concat([tf.zeros([ragged.nrows(), 1], tf.int32), ragged], axis=1)
    points = _composed(_ordered(_decomposed(rows.values)))
    begins = points == 0
    number = tf.cumsum(tf.cast(begins, tf.int64)) - 1
    inner = tf.RaggedTensor.from_value_rowids(points[~begins], number[~begins], nrows=ragged.nrows())
    return tf.strings.unicode_encode(inner, "UTF-8")


def _decomposed(points: tf.Tensor) -> tf.Tensor:
    """Each code point (N,) replaced by those of its decomposition."""
    tables = _tables()
    starts, letters = tf.constant(tables.starts), tf.constant(tables.letters)
    forms = tables.forms(points)
    begin = tf.gather(starts, forms)
    lengths = tf.where(forms > 0, tf.gather(starts, forms + 1) - begin, 1)
    parents = tf.repeat(tf.range(tf.size(points)), lengths)
    offsets = tf.range(tf.size(parents)) - tf.gather(tf.cumsum(lengths, exclusive=True), parents)
    own = tf.gather(forms, parents) > 0
    places = tf.where(own, tf.gather(begin, parents) + offsets, 0)
    return tf.where(own, tf.gather(letters, places), tf.gather(points, parents))


def _ordered(points: tf.Tensor) -> tf.Tensor:
    """The marks of each letter by their combining class; those of one class keep their order."""
    classes = _tables().classes(points)
    letter = tf.cumsum(tf.cast(classes == 0, tf.int64))
    return tf.gather(points, tf.argsort(256 * letter + tf.cast(classes, tf.int64), stable=True))


def _composed(points: tf.Tensor) -> tf.Tensor:
    """Letters and their marks, each pair in one code point where there is one."""
    return tf.while_loop(
        lambda points, more: more,
        lambda points, more: _with_one_mark_more(points),
        [points, tf.constant(True)],
        shape_invariants=[tf.TensorShape([None]), tf.TensorShape([])],
    )[0]


def _with_one_mark_more(points: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """The points after each letter has taken up the first mark that it can, and whether any did."""
    count = tf.size(points)
    places = tf.range(count)
    classes = _tables().classes(points)
    letters = tf.cast(tf.where(classes == 0)[:, 0], tf.int32)  # (L,)
    own = tf.cumsum(tf.cast(classes == 0, tf.int32)) - 1  # (N,) number of the letter to which a point belongs
    # The letter before, which for a letter is the one before it.
    letter = tf.gather(letters, tf.maximum(own - tf.cast(classes == 0, tf.int32), 0))  # (N,)
    before = tf.gather(classes, tf.maximum(places - 1, 0))
    free = (letter < places) & ((letter == places - 1) | ((classes > 0) & (before < classes)))
    composed = tf.where(free, _pair(tf.gather(points, letter), points), 0)
    # Of the marks that a letter can take, the first.
    first = tf.math.unsorted_segment_min(tf.where(composed > 0, places, count), letter, count)
    taken = (composed > 0) & (tf.gather(first, letter) == places)
    marks = tf.where(taken)
    grown = tf.tensor_scatter_nd_update(points, tf.gather(letter, marks), tf.gather(composed, marks[:, 0]))
    return grown[~taken], tf.reduce_any(taken)


def _pair(first: tf.Tensor, second: tf.Tensor) -> tf.Tensor:
    """What two code points (N,) become together; 0 for nothing."""
    tables = _tables()
    keys = tf.bitwise.left_shift(tf.cast(first, tf.int64), 21) | tf.cast(second, tf.int64)
    place = tf.minimum(tf.searchsorted(tf.constant(tables.pairs), keys), len(tables.pairs) - 1)
    known = tf.gather(tf.constant(tables.pairs), place) == keys
    composed = tf.where(known, tf.gather(tf.constant(tables.composed), place), 0)

    vowel = (first >= LEADING) & (first < LEADING + 19) & (second >= VOWELS) & (second < VOWELS + 21)
    composed = tf.where(vowel, HANGUL + 28 * (21 * (first - LEADING) + second - VOWELS), composed)
    syllable = (first >= HANGUL) & (first < HANGUL + 11_172) & ((first - HANGUL) % 28 == 0)
    trailing = (second > TRAILING) & (second < TRAILING + 28)
    return tf.where(syllable & trailing, first + second - TRAILING, composed)
