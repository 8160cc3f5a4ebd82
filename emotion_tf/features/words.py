"""From a transcript to word ids, in Python and in the graph alike, and from a file of word vectors to embeddings."""

import gzip
import re
import zlib
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path

import numpy as np
import tensorflow as tf

from emotion_tf.errors import EmotionTFError
from emotion_tf.files import write_text

PADDING = 0
"""Word id behind the end of a transcript."""

UNKNOWN = 1
"""Word id of every word outside the vocabulary."""

SPECIAL_WORDS = ("", "[UNK]")
"""How padding and the unknown word are written; the tokeniser gives neither, so that no word can be taken for them."""

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
            *words, end = Path(path).read_bytes().decode("utf-8").split("\n")
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

    Example:

    >>> vocabulary = GraphVocabulary(Vocabulary(("", "[UNK]", "so", "sad")))
    >>> vocabulary.encode(tf.constant(["So very sad", ""]), max_words=128).numpy()
    array([[2, 1, 3],
           [0, 0, 0]], dtype=int32)
    """

    def __init__(self, vocabulary: Vocabulary):
        super().__init__()
        initializer = tf.lookup.KeyValueTensorInitializer(vocabulary.words, tf.range(len(vocabulary)))
        self._table = tf.lookup.StaticHashTable(initializer, default_value=UNKNOWN)

    def encode(self, texts: tf.Tensor, max_words: int) -> tf.Tensor:
        """`Vocabulary.encode` for a batch.

        Args:
            texts: (B,) strings in UTF-8.
            max_words: Where to cut each transcript, in tokens.

        Returns:
            (B, M) int32, padded with 0 to the longest of the batch, M being at least 1.
        """
        ids = self._table.lookup(tokenize_graph(texts)[:, :max_words]).to_tensor(PADDING)
        return tf.pad(ids, [[0, 0], [0, tf.maximum(0, 1 - tf.shape(ids)[1])]], constant_values=PADDING)


def read_word_vectors(
    path: str | Path, wanted: Collection[str] | None = None, limit: int | None = None, width: int | None = None
) -> tuple[list[str], np.ndarray]:
    """Reads word vectors in GloVe's text format: a word and its numbers a line, parted by single blanks.

    The file is read once, and no more of it is held than what is returned. A first line of two whole numbers, as
    word2vec writes it, is passed over.

    Args:
        path: The file, plain or .gz.
        wanted: Only these words are taken; None takes all.
        limit: Reading ends after this many words.
        width: How many numbers each word must have; None takes the first line's word for it.

    Returns:
        The words in the order of the file, and their vectors (words, width) float32.

    Raises:
        EmotionTFError: If the file is missing, holds no vectors, or holds a line that is none.

    Example:

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(folder, "vectors.txt").write_text("the 0.5 1 0\\ncat -1 0.25 2\\n")
    ...     read_word_vectors(f"{folder}/vectors.txt", wanted={"cat"})
    (['cat'], array([[-1.  ,  0.25,  2.  ]], dtype=float32))
    """
    keys = None if wanted is None else {word.encode("utf-8") for word in wanted}
    vectors: dict[str, np.ndarray] = {}
    found_width = None
    for place, line in _lines(Path(path)):
        word, _, numbers = line.partition(b" ")
        found_width = line.count(b" ")
        width = found_width if width is None else width
        if not word or not found_width or found_width != width:
            raise EmotionTFError(
                f"{place} is no word vector of the width wanted",
                expected=f"a word and {width or 'its'} numbers, parted by single blanks",
                received=f"{found_width} numbers" if word else "no word",
                fix=f"if all lines have {found_width}, set words.embedding_width={found_width}" if found_width else "",
            )
        # A look at the word saves the parsing of most lines, which is where the time goes.
        if keys is None or word in keys:
            name, vector = _parse(word, numbers, place)
            if name in vectors:
                raise EmotionTFError(f"{place} repeats a word", expected="each word once", received=repr(name))
            vectors[name] = vector
            if len(vectors) == limit:
                break
    if found_width is None:
        raise EmotionTFError(f"{path} holds no word vectors", expected="a word and its numbers in each line")
    return list(vectors), np.array(list(vectors.values()), np.float32).reshape(-1, found_width)


def embedding_matrix(vocabulary: Vocabulary, path: str | Path, width: int) -> np.ndarray:
    """Word vectors for a vocabulary.

    Args:
        vocabulary: The words wanted.
        path: File of word vectors, as `read_word_vectors` takes it.
        width: How many numbers each word has.

    Returns:
        (len(vocabulary), width) float32. Padding is zeros. The unknown word is the mean of the vectors found for the
        vocabulary, and words without a vector share it.

    Raises:
        EmotionTFError: If the file cannot be read or has none of the words.
    """
    words, vectors = read_word_vectors(path, vocabulary.words[len(SPECIAL_WORDS) :], width=width)
    if not words:
        raise EmotionTFError(
            f"{path} has a vector for none of the {len(vocabulary)} words of the vocabulary",
            expected="vectors of English words in lower case",
        )
    matrix = np.tile(vectors.mean(axis=0), (len(vocabulary), 1))
    matrix[[vocabulary.ids[word] for word in words]] = vectors
    matrix[PADDING] = 0.0
    return matrix


def _lines(path: Path) -> Iterator[tuple[str, bytes]]:
    """The lines of a file, plain or .gz, each with the words by which errors call it; a word2vec header is left out."""
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if number > 1 or not re.fullmatch(rb"\d+ \d+\s*", line):
                    yield f"line {number} of {path}", line.rstrip()
    except (gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise EmotionTFError(f"{path} is no whole gzip file ({error})", fix="copy it again") from None
    except OSError as error:
        raise EmotionTFError(f"{path} cannot be read ({error.strerror})", expected="a file of word vectors") from None


def _parse(word: bytes, numbers: bytes, place: str) -> tuple[str, np.ndarray]:
    """One line of a file of word vectors."""
    try:
        with np.errstate(over="ignore"):
            vector = np.array(numbers.split(b" "), np.float32)
        if np.isfinite(vector).all():
            return word.decode("utf-8"), vector
    except ValueError:  # UnicodeDecodeError is one too.
        pass
    raise EmotionTFError(f"{place} is no word vector", expected="a word in UTF-8 and finite numbers")
