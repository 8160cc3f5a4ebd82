"""From a file of word vectors that others have trained to the embeddings of a vocabulary."""

import gzip
import io
import lzma
import re
import zipfile
import zlib
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import numpy as np

from emotion_tf.errors import EmotionTFError
from emotion_tf.text.vocabulary import PADDING, SPECIAL_WORDS, Vocabulary
from emotion_tf.utils.files import read_lines

TEXT_SUFFIXES = (".txt", ".vec")
"""Names of the members of a .zip that may hold word vectors: GloVe and word2vec have the first, fastText the second."""

# Encrypted archives and unknown compressions are runtime errors, and names may be in no encoding.
_BROKEN = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, RuntimeError, UnicodeDecodeError)

_HEADER = re.compile(rb"(\d{1,18}) (\d{1,18})\s*")
_NUMBER_OR_NOTHING = re.compile(rb" ([-+]?\.?\d[-+.\deE]*)?$")


def read_word_vectors(
    path: str | Path, wanted: Collection[str] | None = None, limit: int | None = None, width: int | None = None
) -> tuple[list[str], np.ndarray]:
    """Reads word vectors in the text formats of GloVe, word2vec and fastText.

    Each line holds a word and its numbers, parted by single blanks; the last may be followed by one. A first line of
    two whole numbers, as word2vec and fastText write it, says how many words there are and how wide their vectors. The
    file is read once, and no more of it is held than what is returned.

    Args:
        path: The file: plain, .gz, or a .zip with one text file in it, or with one for each of several widths, such as
            `glove.6B.zip`, of which that of the width wanted is read.
        wanted: Only these words are taken; None takes all.
        limit: Reading ends after this many words.
        width: How many numbers each word must have; None takes the first line's word for it.

    Returns:
        The words in the order of the file, and their vectors (words, width) float32.

    Raises:
        EmotionTFError: If the file is missing, binary or cut short, holds no vectors, or holds a line that is none.

    Example:

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(folder, "vectors.txt").write_text("the 0.5 1 0\\ncat -1 0.25 2\\n")
    ...     read_word_vectors(f"{folder}/vectors.txt", wanted={"cat"})
    (['cat'], array([[-1.  ,  0.25,  2.  ]], dtype=float32))
    """
    keys = None if wanted is None else {word.encode("utf-8") for word in wanted}
    vectors: dict[str, np.ndarray] = {}
    declared, number = None, 0
    with _open(Path(path), width) as (file, name):
        for number, line in enumerate(read_lines(file, name), start=1):
            header = _HEADER.fullmatch(line) if number == 1 else None
            if header:
                declared, declared_width = map(int, header.groups())
                width = declared_width if width is None else width
                continue
            line = line.rstrip()
            width = line.count(b" ") if width is None else width
            word = _word(line, width, f"line {number} of {name}")
            # A look at the word saves the parsing of most lines, which is where the time goes.
            if keys is None or word in keys:
                text, vector = _parse(word, line[len(word) + 1 :], f"line {number} of {name}")
                if text in vectors:
                    raise EmotionTFError(
                        f"line {number} of {name} repeats a word", expected="each word once", received=repr(text)
                    )
                vectors[text] = vector
                if len(vectors) == limit:
                    break
        else:
            found = number if declared is None else number - 1
            if not found or width is None:
                raise EmotionTFError(f"{name} holds no word vectors", expected="a word and its numbers in each line")
            if declared is not None and found < declared:
                raise EmotionTFError(
                    f"{name} is cut short",
                    expected=f"{declared} words, as its first line says",
                    received=str(found),
                    fix="copy it again",
                )
    return list(vectors), np.array(list(vectors.values()), np.float32).reshape(-1, width)


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


@contextmanager
def _open(path: Path, width: int | None) -> Iterator[tuple[io.BufferedReader, str]]:
    """The text of a file of word vectors, unpacked as it is read, and the name by which errors call it."""
    try:
        with path.open("rb") as packed:
            file, name = _unpack(packed, path, width)
            # Among the first numbers of a binary file are some with a byte of zeros; text has none.
            if b"\0" in file.peek():
                raise EmotionTFError(
                    f"{name} is binary",
                    expected="word vectors as text, such as GloVe's .txt and fastText's .vec",
                    fix="get them as text, or let gensim convert them: "
                    "KeyedVectors.load_word2vec_format(FILE, binary=True).save_word2vec_format('vectors.txt')",
                )
            yield file, name
    except (*_BROKEN, gzip.BadGzipFile) as error:
        raise EmotionTFError(f"{path} cannot be unpacked ({error})", fix="copy it again, or unpack it first") from None
    except OSError as error:
        reason = error.strerror or str(error)
        raise EmotionTFError(f"{path} cannot be read ({reason})", expected="a file of word vectors") from None


def _unpack(packed: io.BufferedReader, path: Path, width: int | None) -> tuple[io.BufferedReader, str]:
    """The text in a plain, .gz or .zip file, and its name."""
    if path.suffix == ".gz":
        return io.BufferedReader(gzip.GzipFile(fileobj=packed)), str(path)
    if path.suffix == ".zip":
        archive = zipfile.ZipFile(packed)
        member = _member(archive.namelist(), path, width)
        return io.BufferedReader(cast(io.BufferedIOBase, archive.open(member))), f"{path}/{member}"
    return packed, str(path)


def _member(names: list[str], path: Path, width: int | None) -> str:
    """Which member of a .zip holds the word vectors."""
    texts = [name for name in names if name.endswith(TEXT_SUFFIXES) and not name.startswith("__MACOSX/")]
    chosen = texts if len(texts) == 1 else [name for name in texts if re.search(rf"\b{width}d\b", name)]
    if len(chosen) != 1:
        raise EmotionTFError(
            f"{path} does not tell which of its members holds the word vectors",
            expected=f"one {' or '.join(TEXT_SUFFIXES)}, or one of them with {width or 'the width'}d in its name",
            received=", ".join(texts or names) or "an empty archive",
            fix="extract the one that you want, and name that",
        )
    return chosen[0]


def _word(line: bytes, width: int, place: str) -> bytes:
    """The word of a line, which must have `width` numbers behind it."""
    num_blanks = line.count(b" ")
    # A few words hold blanks themselves, such as ". . ." in GloVe 840B. One that seems to end in a number is none of
    # them: the line has too many numbers.
    word = line.partition(b" ")[0] if num_blanks <= width else line.rsplit(b" ", width)[0]
    if word and num_blanks >= width > 0 and (num_blanks == width or not _NUMBER_OR_NOTHING.search(word)):
        return word
    raise EmotionTFError(
        f"{place} is no word vector of the width wanted",
        expected=f"a word and {width or 'its'} numbers, parted by single blanks",
        received=f"{num_blanks} numbers" if word else "no word",
        fix=f"if all lines have {num_blanks}, set words.embedding_width={num_blanks}" if word and num_blanks else "",
    )


def _parse(word: bytes, numbers: bytes, place: str) -> tuple[str, np.ndarray]:
    """The word and the vector of a line."""
    try:
        with np.errstate(over="ignore"):
            vector = np.array(numbers.split(b" "), np.float32)
        if np.isfinite(vector).all():
            return word.decode("utf-8"), vector
    except ValueError:  # UnicodeDecodeError is one too.
        pass
    raise EmotionTFError(f"{place} is no word vector", expected="a word in UTF-8 and finite numbers")
