"""From a file of word vectors that others have trained to the embeddings of a vocabulary."""

import gzip
import re
import zlib
from collections.abc import Collection, Iterator
from pathlib import Path

import numpy as np

from emotion_tf.errors import EmotionTFError
from emotion_tf.features.words import PADDING, SPECIAL_WORDS, Vocabulary


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
