"""From transcripts to word ids: one tokeniser for Python and for the graph, and the vocabulary."""

import functools
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tensorflow as tf

from emotion_tf.errors import EmotionTFError
from emotion_tf.files import write_text

RULES = (
    ("[\u2018\u2019\u02bc\u2032`\u00b4]", "'"),
    ("[^a-z0-9\u00e0-\u024f'?!]+", " "),
    # Quotes round a word go; apostrophes inside it stay.
    (" '+", " "),
    ("'+ ", " "),
    # A question or an exclamation bears emotion, so its mark is a word.
    ("([?!])", r" \1 "),
    # Negations are written out, since every set of word vectors has "not" and few have "n't".
    ("can't ", "can not "),
    ("won't ", "will not "),
    ("n't ", " not "),
    # Other contractions are two words, as in GloVe and spaCy.
    ("'(s|m|re|ve|ll|d) ", r" '\1 "),
)
"""What turns a lower-case transcript with a space at either end into words between spaces, rule by rule.

The patterns mean the same to Python's `re` and to RE2, which the graph uses.
"""

PADDING = 0
UNKNOWN = 1
SPECIAL = ("", "[UNK]")
"""What stands in a vocabulary at the ids of padding and of the unknown word; no transcript contains either."""


def tokenize(text: str) -> list[str]:
    """The words of an English transcript.

    Args:
        text: The transcript.

    Example:

    >>> tokenize("I can't believe it\u2019s TRUE!")
    ['i', 'can', 'not', 'believe', 'it', "'s", 'true', '!']
    """
    text = f" {text.lower()} "
    for pattern, replacement in RULES:
        text = re.sub(pattern, replacement, text)
    return text.split()


def tokenize_graph(texts: tf.Tensor) -> tf.RaggedTensor:
    """`tokenize` in the graph, of TensorFlow's own ops.

    Args:
        texts: (B,) strings in UTF-8.

    Returns:
        (B, words) strings.
    """
    # TensorFlow's lower-casing stops at a NUL.
    texts = tf.strings.lower(tf.strings.regex_replace(texts, r"\x00", " "), encoding="utf-8")
    texts = tf.strings.join([" ", texts, " "])
    for pattern, replacement in RULES:
        texts = tf.strings.regex_replace(texts, pattern, replacement)
    return tf.strings.split(texts)


@dataclass(frozen=True)
class Vocabulary:
    """The words that have an id.

    Args:
        words: Every word by its id, padding and the unknown word first.

    Example:

    >>> vocabulary = Vocabulary.build(["so happy", "so sad"], max_size=10, min_count=1)
    >>> vocabulary.encode("So happy today", max_words=128)
    array([2, 3, 1], dtype=int32)
    """

    words: tuple[str, ...]

    @functools.cached_property
    def _ids(self) -> dict[str, int]:
        return {word: id for id, word in enumerate(self.words)}

    @classmethod
    def build(cls, texts: Iterable[str], max_size: int, min_count: int, also: Sequence[str] = ()) -> "Vocabulary":
        """The words of some transcripts, by falling frequency and then by alphabet, and then further words.

        Args:
            texts: The transcripts of the training part.
            max_size: Largest number of words, without padding and the unknown word.
            min_count: Words that are rarer in `texts` are left out, unless `also` has them.
            also: Words that enter whether or not they occur, in their order.
        """
        counts = Counter(word for text in texts for word in tokenize(text))
        known = set(also)
        kept = [word for word, count in counts.items() if count >= min_count or word in known]
        kept.sort(key=lambda word: (-counts[word], word))
        return cls((*SPECIAL, *list(dict.fromkeys([*kept, *also]))[:max_size]))

    def encode(self, text: str, max_words: int) -> np.ndarray:
        """Word ids (M,) int32 of a transcript.

        Args:
            text: The transcript.
            max_words: What follows after so many words is cut off.

        Returns:
            At least one id: an empty transcript is one padding, since a convolution needs a place to stand.
        """
        ids = [self._ids.get(word, UNKNOWN) for word in tokenize(text)[:max_words]]
        return np.array(ids or [PADDING], np.int32)

    def save(self, path: str | Path) -> None:
        """Writes the words, a line each; the number of the line, from zero, is the id."""
        write_text(path, "".join(f"{word}\n" for word in self.words))

    @classmethod
    def load(cls, path: str | Path) -> "Vocabulary":
        """Reads what `save` wrote.

        Raises:
            EmotionTFError: If there is no such file or it is no vocabulary.
        """
        expected = "an empty line, [UNK], and then each word once, a line each"
        try:
            words = Path(path).read_text(encoding="utf-8").split("\n")[:-1]
        except FileNotFoundError:
            raise EmotionTFError(f"there is no vocabulary {path}", expected=expected) from None
        except UnicodeDecodeError:
            raise EmotionTFError(f"{path} is no vocabulary", expected="text in UTF-8") from None
        if tuple(words[:2]) != SPECIAL:
            raise EmotionTFError(f"{path} is no vocabulary", expected=expected, received=f"{words[:2]} at its head")
        if len(set(words)) != len(words):
            word, count = Counter(words).most_common(1)[0]
            raise EmotionTFError(f"{path} is no vocabulary", expected=expected, received=f"{word!r} {count} times")
        return cls(tuple(words))


class GraphVocabulary(tf.Module):
    """A vocabulary in the graph.

    It holds a lookup table, so it must live as long as the graph does: as an attribute of what is exported.

    Args:
        vocabulary: The words.
    """

    def __init__(self, vocabulary: Vocabulary):
        super().__init__(name="vocabulary")
        words = vocabulary.words[len(SPECIAL) :]
        ids = tf.range(len(SPECIAL), len(SPECIAL) + len(words), dtype=tf.int64)
        initializer = tf.lookup.KeyValueTensorInitializer(tf.constant(words, tf.string), ids)
        self.table = tf.lookup.StaticHashTable(initializer, default_value=UNKNOWN)

    def encode(self, texts: tf.Tensor, max_words: int) -> tf.Tensor:
        """Word ids (B, M) int32 of transcripts (B,), cut to `max_words`, padded to the longest and to at least one."""
        words = tokenize_graph(texts)[:, :max_words]
        ids = tf.ragged.map_flat_values(self.table.lookup, words)
        ids = tf.cast(ids.to_tensor(default_value=PADDING), tf.int32)
        return tf.pad(ids, [[0, 0], [0, tf.maximum(1 - tf.shape(ids)[1], 0)]])
