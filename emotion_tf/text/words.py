"""From a transcript to word ids, in Python and in the graph alike."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path

import numpy as np
import tensorflow as tf

from emotion_tf.errors import EmotionTFError
from emotion_tf.utils.files import read_bounded, write_text

PADDING = 0
"""Word id behind the end of a transcript."""

UNKNOWN = 1
"""Word id of every word outside the vocabulary."""

SPECIAL_WORDS = ("", "[UNK]")
"""How padding and the unknown word are written; the tokeniser gives neither, so that no word can be taken for them."""

PADDING_LINE = "[PAD]"
"""How padding is written where TensorFlow reads the words from a file, since it takes no empty line."""

RULES = (
    # One apostrophe instead of four, and letters without the marks that were typed after them.
    ("[‘’ʼ`]", "'"),
    ("[\u0300-\u036f]", ""),
    # Kept are Latin letters from ß on but for ÷, digits, apostrophes, and the two marks that tell of emotion.
    ("[^a-z\u00df-\u00f6\u00f8-\u024f0-9'?!]", " "),
    ("([?!])", r" \1 "),
    # "n't" is written out: every file of word vectors knows "not", and not each of them "n't", "ca" and "wo".
    (r"\bcan't\b", "can not"),
    (r"\bwon't\b", "will not"),
    (r"n't\b", " not"),
    # Other contractions are split as for GloVe. Their apostrophe is curly, hence safe, until the next rule has passed,
    # which takes all others away that do not stand within a word.
    (r"'(s|m|re|ve|ll|d)\b", r" ’\1"),
    (r"\B'|'\B", " "),
    ("’", "'"),
)
"""The tokeniser: patterns and what replaces them, one after the other, in lower-case text. Blanks then part the tokens.

The patterns mean the same to Python's `re` and to RE2, where the boundaries know the letters a to z only.
"""

_COMPILED_RULES = tuple((re.compile(pattern, re.ASCII), replacement) for pattern, replacement in RULES)


def tokenize(text: str) -> list[str]:
    """Splits an English transcript into words, contractions, question marks and exclamation marks.

    Args:
        text: The transcript, of any length.

    Returns:
        The tokens in lower case.

    Example:

    >>> tokenize("I can’t BELIEVE it's Zoë's café!!")
    ['i', 'can', 'not', 'believe', 'it', "'s", 'zoë', "'s", 'café', '!', '!']
    """
    text = text.lower()
    for pattern, replacement in _COMPILED_RULES:
        text = pattern.sub(replacement, text)
    return text.split()


def tokenize_graph(texts: tf.Tensor) -> tf.RaggedTensor:
    """`tokenize` for a batch of transcripts, in core TensorFlow ops.

    Args:
        texts: (B,) strings in UTF-8. Bytes that are not UTF-8 part words.

    Returns:
        (B, None) strings, the tokens.

    Example:

    >>> tokenize_graph(tf.constant(["Don't go!", ""])).to_list()
    [[b'do', b'not', b'go', b'!'], []]
    """
    # Lower-casing beyond ASCII takes a NUL for the end of the text, and, where the locale is Turkish, I for ı; so
    # neither is left when its turn comes.
    texts = tf.strings.lower(tf.strings.regex_replace(texts, r"\x00", " "))
    texts = tf.strings.lower(texts, encoding="utf-8")
    for pattern, replacement in RULES:
        texts = tf.strings.regex_replace(texts, pattern, replacement)
    return tf.strings.split(texts)


@dataclass(frozen=True)
class Vocabulary:
    """Words and their ids: 0 is padding, 1 the unknown word, the others follow.

    Args:
        words: The word of each id, `SPECIAL_WORDS` first.

    Raises:
        EmotionTFError: If the words do not begin with `SPECIAL_WORDS`, or one stands twice.

    Example:

    >>> vocabulary = Vocabulary.build(["so good", "so sad"], max_size=100, min_count=2, also=["sad"])
    >>> vocabulary.words
    ('', '[UNK]', 'so', 'sad')
    >>> vocabulary.encode("So very sad", max_words=128)
    array([2, 1, 3], dtype=int32)
    """

    words: tuple[str, ...]

    def __post_init__(self) -> None:
        """Checks the words."""
        if self.words[:2] != SPECIAL_WORDS:
            raise EmotionTFError(
                "not a vocabulary", expected=f"{SPECIAL_WORDS} as words 0 and 1", received=f"{self.words[:2]}"
            )
        for index, word in enumerate(self.words):
            if self.ids[word] != index:
                received = f"{word!r} as words {index} and {self.ids[word]}"
                raise EmotionTFError("not a vocabulary", expected="each word once", received=received)

    def __len__(self) -> int:
        """Number of ids, padding and unknown among them."""
        return len(self.words)

    @classmethod
    def build(cls, texts: Iterable[str], max_size: int, min_count: int, also: Iterable[str] = ()) -> "Vocabulary":
        """Collects the words of the training part, and words for which frozen vectors exist.

        Args:
            texts: Transcripts of the training part.
            max_size: Largest number of ids, padding and unknown among them.
            min_count: A word of `texts` is taken if it occurs this often. The frequent come first, in alphabetical
                order where they are equally frequent.
            also: Further words that follow in their order as far as there is room, without those that no text can
                hold since the tokeniser would split or change them.
        """
        counts = Counter(token for text in texts for token in tokenize(text))
        frequent = sorted((word for word, count in counts.items() if count >= min_count), key=lambda w: (-counts[w], w))
        words = dict.fromkeys([*SPECIAL_WORDS, *frequent][:max_size])
        further = (word for word in dict.fromkeys(also) if word not in words and tokenize(word) == [word])
        return cls((*words, *islice(further, max(0, max_size - len(words)))))

    @classmethod
    def load(cls, path: str | Path) -> "Vocabulary":
        """Reads what `save` wrote.

        Raises:
            EmotionTFError: If the file is missing or not such a vocabulary.
        """
        try:
            *words, end = read_bounded(path).decode("utf-8").split("\n")
            if end:
                raise EmotionTFError("its last line has no end", received=repr(end))
            return cls(tuple(words))
        except OSError as error:
            raise EmotionTFError(f"{path} cannot be read ({error.strerror})", expected="a vocabulary.txt") from None
        except (UnicodeDecodeError, EmotionTFError) as error:
            raise EmotionTFError(f"{path} is damaged: {error}", fix="copy it again from where it was made") from None

    def save(self, path: str | Path) -> None:
        """Writes one word a line, so that the number of the line, counted from 0, is the id."""
        write_text(path, "".join(f"{word}\n" for word in self.words))

    def encode(self, text: str, max_words: int) -> np.ndarray:
        """The ids of a transcript.

        Args:
            text: The transcript.
            max_words: Where to cut it, in tokens.

        Returns:
            (M,) int32, M from 1 to `max_words`. A transcript without a token is one padding id, since a convolution
            needs at least one place to stand.
        """
        ids = [self.ids.get(token, UNKNOWN) for token in tokenize(text)[:max_words]]
        return np.array(ids or [PADDING], np.int32)

    @cached_property
    def ids(self) -> dict[str, int]:
        """The id of each word."""
        return {word: index for index, word in enumerate(self.words)}


class GraphVocabulary(tf.Module):
    """A vocabulary in the graph. Whatever exports a graph with it has to track it, since it owns a table.

    Args:
        vocabulary: Words and ids.
        asset: A file that is written, for a SavedModel to take along as the asset from which it reads the words: the
            lines of `Vocabulary.save`, but with `PADDING_LINE` for the first. None keeps the words in the graph.

    Example:

    >>> vocabulary = GraphVocabulary(Vocabulary(("", "[UNK]", "so", "sad")))
    >>> vocabulary.encode(tf.constant(["So very sad", ""]), max_words=128).numpy()
    array([[2, 1, 3],
           [0, 0, 0]], dtype=int32)
    """

    def __init__(self, vocabulary: Vocabulary, asset: Path | None = None):
        super().__init__()
        initializer: tf.lookup.KeyValueTensorInitializer | tf.lookup.TextFileInitializer
        if asset is None:
            ids = tf.range(len(vocabulary), dtype=tf.int64)
            initializer = tf.lookup.KeyValueTensorInitializer(vocabulary.words, ids)
        else:
            write_text(asset, "".join(f"{word or PADDING_LINE}\n" for word in vocabulary.words))
            line, number = tf.lookup.TextFileIndex.WHOLE_LINE, tf.lookup.TextFileIndex.LINE_NUMBER
            initializer = tf.lookup.TextFileInitializer(str(asset), tf.string, line, tf.int64, number)
        self._table = tf.lookup.StaticHashTable(initializer, default_value=UNKNOWN)

    def encode(self, texts: tf.Tensor, max_words: int) -> tf.Tensor:
        """`Vocabulary.encode` for a batch.

        Args:
            texts: (B,) strings in UTF-8.
            max_words: Where to cut each transcript, in tokens.

        Returns:
            (B, M) int32, padded with 0 to the longest of the batch, M being at least 1.
        """
        ids = tf.cast(self._table.lookup(tokenize_graph(texts)[:, :max_words]), tf.int32).to_tensor(PADDING)
        return tf.pad(ids, [[0, 0], [0, tf.maximum(0, 1 - tf.shape(ids)[1])]], constant_values=PADDING)
