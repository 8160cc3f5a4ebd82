"""Speaker embeddings in files: x-vectors that others have made, and those that we keep."""

import io
import lzma
import math
import os
import re
import struct
import zipfile
import zlib
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import BinaryIO

import numpy as np

from emotion_tf.errors import EmotionTFError
from emotion_tf.utils.files import read_text_lines, replacing

MAX_ENTRY_BYTES = 2**20
"""Largest entry of a file of speaker embeddings; usual ones have a few kilobytes."""

MAX_ID_BYTES = 2**12
"""Longest utterance id in a Kaldi archive."""


def read_speaker_embeddings(path: str | Path, ids: Sequence[str]) -> np.ndarray:
    """Reads the speaker embeddings of some utterances.

    Args:
        path: A Kaldi archive of binary vectors (.ark), a Kaldi script file (.scp) that points into such archives, by
            paths from the current folder as everywhere in Kaldi, or an .npz with one array an utterance.
        ids: The utterances wanted, at least one. Of what else the file has, nothing is kept in memory.

    Returns:
        (len(ids), W) float32 in the order of `ids`, W being the width that the file has.

    Raises:
        EmotionTFError: If the file is missing or damaged, lacks an utterance, or has for one of them anything but a
            vector of finite numbers, as wide as the others; or if kaldiio, which reads Kaldi's files, is not installed.

    Example:

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_speaker_embeddings(f"{folder}/speakers.npz", ["ann", "bob"], np.eye(2))
    ...     read_speaker_embeddings(f"{folder}/speakers.npz", ["bob", "ann", "bob"])
    array([[0., 1.],
           [1., 0.],
           [0., 1.]], dtype=float32)
    """
    path = Path(path)
    vectors: dict[str, np.ndarray] = {}
    try:
        for name, array in _entries(path, set(ids)):
            if name in vectors:
                raise EmotionTFError(f"{path} repeats an utterance", expected="each once", received=repr(name))
            vectors[name] = _vector(array, f"the speaker embedding of {name!r} in {path}")
    except OSError as error:
        raise EmotionTFError(f"{error.filename or path} cannot be read ({error.strerror or error})") from None
    except UnicodeDecodeError as error:
        raise EmotionTFError(f"{path} is damaged or is no {path.suffix} file ({error})") from None
    missing = [name for name in ids if name not in vectors]
    if missing:
        raise EmotionTFError(
            f"{path} has no speaker embedding for {len(missing)} of {len(ids)} utterances",
            expected="one for each utterance id",
            received=f"none for {', '.join(map(repr, missing[:3]))}{' and so on' if missing[3:] else ''}",
        )
    width = len(vectors[ids[0]])
    for name, vector in vectors.items():
        if len(vector) != width:
            raise EmotionTFError(
                f"the speaker embeddings in {path} are not of one width",
                expected=f"{width} numbers, as {ids[0]!r} has",
                received=f"{len(vector)} for {name!r}",
            )
    return np.stack([vectors[name] for name in ids])


def write_speaker_embeddings(path: str | Path, ids: Sequence[str], embeddings: np.ndarray) -> None:
    """Writes speaker embeddings, whole or not at all.

    Args:
        path: The .npz file.
        ids: The utterances, each once.
        embeddings: (len(ids), W) of any float type; they are kept as float32.
    """
    # numpy.savez would take the ids for names of arguments, and some of them for its own.
    with replacing(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        for name, embedding in zip(ids, embeddings, strict=True):
            with archive.open(f"{name}.npy", "w") as entry:
                np.lib.format.write_array(entry, embedding.astype(np.float32), allow_pickle=False)


def _vector(array: np.ndarray, what: str) -> np.ndarray:
    """An array as a vector of float32, if it is one."""
    if array.ndim != 1 or not array.size or array.dtype.kind not in "fiu":
        raise EmotionTFError(
            f"{what} is no vector", expected="a row of numbers", received=f"the shape {array.shape} of {array.dtype}"
        )
    with np.errstate(over="ignore"):
        vector = array.astype(np.float32)
    bad = ~np.isfinite(vector)
    if bad.any():
        raise EmotionTFError(f"{what} is not finite", expected="finite numbers", received=f"{array[bad][0]}")
    return vector


def _entries(path: Path, wanted: Collection[str]) -> Iterator[tuple[str, np.ndarray]]:
    """The ids and arrays of the wanted entries of a file."""
    readers = {".npz": _npz_entries, ".ark": _ark_entries, ".scp": _scp_entries}
    if path.suffix not in readers:
        raise EmotionTFError(f"{path} is no file of speaker embeddings", expected="a name with .scp, .ark or .npz")
    return readers[path.suffix](path, wanted)


def _npz_entries(path: Path, wanted: Collection[str]) -> Iterator[tuple[str, np.ndarray]]:
    try:
        with zipfile.ZipFile(path) as archive:
            for entry in archive.namelist():
                name = entry.removesuffix(".npy")
                if name in wanted:
                    with archive.open(entry) as file:
                        array = _npy_array(file.read(MAX_ENTRY_BYTES + 1))
                    yield name, array
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, ValueError, RuntimeError) as error:
        raise EmotionTFError(f"{path} is no whole .npz file ({error})", fix="make or copy it again") from None


def _npy_array(content: bytes) -> np.ndarray:
    """The array in a file of NumPy, which would take memory for all that the header claims before it reads."""
    file = io.BytesIO(content)
    try:
        if np.lib.format.read_magic(file) == (1, 0):
            shape, _, dtype = np.lib.format.read_array_header_1_0(file)
        else:
            shape, _, dtype = np.lib.format.read_array_header_2_0(file)
        if math.prod(shape) * dtype.itemsize > MAX_ENTRY_BYTES:
            raise ValueError(f"an array of more than {MAX_ENTRY_BYTES} bytes")
        return np.lib.format.read_array(io.BytesIO(content), allow_pickle=False)
    except Exception as error:  # What Python's own parser makes of a header has no other ancestor in common.
        raise ValueError(str(error)) from None


def _ark_entries(path: Path, wanted: Collection[str]) -> Iterator[tuple[str, np.ndarray]]:
    with path.open("rb") as file:
        while beginning := file.read(MAX_ID_BYTES + 1):
            id, blank, rest = beginning.partition(b" ")
            if not blank:
                raise EmotionTFError(f"{path} is damaged", expected="an utterance id, a blank and a binary vector")
            file.seek(-len(rest), os.SEEK_CUR)
            name = id.decode("utf-8")
            array = _kaldi_array(file, f"the entry {name!r} of {path}")
            if name in wanted:
                yield name, array


def _scp_entries(path: Path, wanted: Collection[str]) -> Iterator[tuple[str, np.ndarray]]:
    for number, line in enumerate(read_text_lines(path), start=1):
        parts = line.split(maxsplit=1)
        # kaldiio would run what stands beside a "|" as a command, or wait for whoever writes into a pipe.
        if len(parts) != 2 or "|" in line or "\0" in line:
            raise EmotionTFError(
                f"line {number} of {path} is no entry of a Kaldi script file",
                expected="an utterance id and FILE:OFFSET, and no command",
                received=repr(line.rstrip()),
            )
        name, place = parts[0], parts[1].rstrip()
        match = re.search(r":(\d{1,18})$", place)
        archive = Path(place[: match.start()] if match else place)
        if name in wanted:
            if archive.exists() and not archive.is_file():
                raise EmotionTFError(f"{archive}, which line {number} of {path} points at, is no file")
            with archive.open("rb") as file:
                file.seek(int(match[1]) if match else 0)
                yield name, _kaldi_array(file, f"the entry {name!r} of {archive}, which {path} points at,")


def _kaldi_array(file: BinaryIO, what: str) -> np.ndarray:
    """The binary array that begins at the place of `file`.

    Nothing else is read, since kaldiio would unpickle, and so run, an entry that says that it is a pickle.
    """
    matio, start = _matio(), file.tell()
    # kaldiio would take memory for all that an entry claims before it reads.
    entry = io.BytesIO(file.read(MAX_ENTRY_BYTES))
    try:
        with np.errstate(all="ignore"):  # Numbers that are not finite are told of later.
            array, size = matio.read_matrix_or_vector(entry, return_size=True)
        # What is cut short comes back as a shorter vector.
        if entry.tell() == size:
            file.seek(start + size)
            return array
    except (AssertionError, ValueError, OverflowError, struct.error):
        pass
    raise EmotionTFError(
        f"{what} is damaged or is no array",
        expected="a binary Kaldi vector",
        fix="copy it again, or convert text with Kaldi's copy-vector",
    )


def _matio() -> ModuleType:
    """The part of kaldiio that knows the format."""
    try:
        from kaldiio import matio
    except ImportError:
        raise EmotionTFError(
            "Kaldi's files are read by kaldiio, which is not installed", fix="pip install 'emotion-tf[kaldi]'"
        ) from None
    return matio
