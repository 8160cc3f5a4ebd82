"""Reading word vectors that others have trained."""

import gzip
import math
from collections.abc import Container
from pathlib import Path

import numpy as np

from emotion_tf.errors import EmotionTFError
from emotion_tf.features.words import PADDING, SPECIAL, Vocabulary


def read_word_vectors(
    path: str | Path, width: int, wanted: Container[str] | None = None, limit: int | None = None
) -> tuple[list[str], np.ndarray]:
    """Reads GloVe's text format: a word and its numbers a line, between single spaces.

    The file is read once, and only the vectors that are wanted are held in memory.

    Args:
        path: The file, plain or, with the suffix .gz, compressed.
        width: Numbers that a vector must have, E.
        wanted: The words to keep; None keeps every word.
        limit: Stop after this many kept words.

    Returns:
        The words in the order of the file, and their vectors (words, E) float32.

    Raises:
        EmotionTFError: If the file cannot be read, or a line is no vector of this width or repeats a word.
    """
    path = Path(path)
    words: dict[str, int] = {}
    vectors = []
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if limit is not None and len(words) >= limit:
                    break
                word, _, values = line.rstrip().partition(b" ")
                name = word.decode("utf-8", errors="replace")
                if number == 1 and len(values.split()) == 1:
                    continue  # word2vec's header: the number of words and the width
                if wanted is not None and name not in wanted:
                    continue
                if name in words:
                    raise EmotionTFError(f"{path}, line {number}: the word {name!r} stands in line {words[name]} too")
                words[name] = number
                vectors.append(_vector(values, width, f"{path}, line {number}"))
    except FileNotFoundError:
        raise EmotionTFError(f"there are no word vectors {path}", expected="a file in GloVe's text format") from None
    except (gzip.BadGzipFile, EOFError) as error:
        raise EmotionTFError(f"{path} is not whole gzip ({error})", fix="fetch the file again") from None
    if wanted is None and not words:
        raise EmotionTFError(f"{path} holds no word vectors", expected="a word and its numbers a line")
    return list(words), np.array(vectors, np.float32).reshape(-1, width)


def embedding_matrix(vocabulary: Vocabulary, path: str | Path, width: int) -> np.ndarray:
    """Word vectors (V, E) float32 in the order of a vocabulary.

    Padding is zero. The unknown word, and every word of the vocabulary that has no vector, is the mean of the others.

    Args:
        vocabulary: The words.
        path: A file that `read_word_vectors` reads.
        width: Numbers of a vector, E.

    Raises:
        EmotionTFError: If the file is wrong, or has none of the words.
    """
    ids = {word: id for id, word in enumerate(vocabulary.words[len(SPECIAL) :], start=len(SPECIAL))}
    words, vectors = read_word_vectors(path, width, wanted=ids)
    if not words:
        raise EmotionTFError(
            f"{path} has a vector for none of the {len(ids)} words", fix="use vectors of English words"
        )
    matrix = np.tile(vectors.mean(axis=0), (len(vocabulary.words), 1))
    matrix[PADDING] = 0.0
    matrix[[ids[word] for word in words]] = vectors
    return matrix


def _vector(values: bytes, width: int, where: str) -> np.ndarray:
    """The numbers of a line."""
    numbers = values.split()
    if len(numbers) != width:
        raise EmotionTFError(
            f"{where}: not a word vector of the width in use",
            expected=f"{width} numbers",
            received=f"{len(numbers)}",
            fix="set words.embedding_width to the width of the file",
        )
    try:
        vector = np.array(numbers, dtype=np.float32)
    except ValueError:
        vector = np.array([math.nan], np.float32)
    if not np.isfinite(vector).all():
        raise EmotionTFError(
            f"{where}: not a word vector", expected=f"{width} finite numbers", received=repr(values[:40])
        )
    return vector
