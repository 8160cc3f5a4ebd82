"""The arrays of a checkpoint, read one at a time by their names."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path

import numpy as np

from emotion_tf.errors import EmotionTFError

WIDTHS = {"float32": 4, "float64": 8, "float16": 2, "bfloat16": 2, "int8": 1, "int16": 2, "int32": 4}
"""Types of arrays that are read, and their bytes."""

MAX_RANK = 8


@dataclass(frozen=True)
class Entry:
    """Where an array stands in a file, and what it is."""

    dtype: str
    shape: tuple[int, ...]
    offset: int

    @property
    def size(self) -> int:
        """Its bytes."""
        return prod(self.shape) * WIDTHS[self.dtype]


class PartedFile:
    """The bytes of a file, or of several that are its parts, as one.

    Args:
        paths: The parts in their order.

    Raises:
        EmotionTFError: If one is missing or cannot be read.
    """

    def __init__(self, paths: Sequence[Path]):
        self.paths = tuple(paths)
        try:
            self._sizes = [path.stat().st_size for path in self.paths]
        except OSError as error:
            raise EmotionTFError(f"{error.filename} cannot be read ({error.strerror})") from None
        self.size = sum(self._sizes)

    def __str__(self) -> str:
        return " and ".join(map(str, self.paths))

    def read(self, offset: int, count: int) -> bytes:
        """`count` bytes from `offset` on.

        Raises:
            EmotionTFError: If the file ends before, which is checked before any memory is taken.
        """
        if not 0 <= offset <= offset + count <= self.size:
            raise truncated(str(self))
        pieces = []
        for path, size in zip(self.paths, self._sizes, strict=True):
            wanted = min(max(size - offset, 0), count)
            if wanted:
                with path.open("rb") as file:
                    file.seek(offset)
                    pieces.append(file.read(wanted))
                count -= wanted
            offset = max(offset - size, 0)
        content = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        if count:
            raise truncated(str(self))
        return content


class Checkpoint:
    """Named arrays in a file.

    Args:
        file: The file.
        entries: What stands where in it.

    Raises:
        EmotionTFError: If an entry lies beyond the end of the file.
    """

    def __init__(self, file: PartedFile, entries: dict[str, Entry]):
        self.file = file
        self.entries = entries
        if any(entry.offset + entry.size > file.size for entry in entries.values()):
            raise truncated(str(file))

    def __str__(self) -> str:
        return str(self.file)

    def __contains__(self, name: str) -> bool:
        return name in self.entries

    def names(self) -> Iterable[str]:
        """The names of all arrays."""
        return self.entries.keys()

    def shape(self, name: str) -> tuple[int, ...]:
        """The shape of an array.

        Raises:
            EmotionTFError: If there is no such array.
        """
        if name not in self.entries:
            raise EmotionTFError(
                f"{self} has no array {name}",
                expected="a checkpoint of Whisper, wav2vec 2.0, HuBERT or WavLM",
                fix="check that the file is whole and of the architecture that was asked for",
            )
        return self.entries[name].shape

    def read(self, name: str) -> np.ndarray:
        """An array, as float32.

        Raises:
            EmotionTFError: If there is no such array, or it holds what is not a finite number.
        """
        self.shape(name)
        entry = self.entries[name]
        values = _as_float32(self.file.read(entry.offset, entry.size), entry.dtype).reshape(entry.shape)
        if not np.isfinite(values).all():
            raise EmotionTFError(f"{self}: the array {name} holds what is not a finite number", fix="fetch it again")
        return values


def truncated(name: str) -> EmotionTFError:
    """The error that says that a file ends too early."""
    return EmotionTFError(f"{name} is truncated: it ends before the arrays that it lists", fix="fetch it again")


def checked_shape(dimensions: Iterable[object], name: str) -> tuple[int, ...]:
    """A shape that a file claims.

    Raises:
        EmotionTFError: If it is none.
    """
    shape = tuple(dimensions)
    if len(shape) > MAX_RANK or not all(type(size) is int and 0 <= size < 2**40 for size in shape):
        raise EmotionTFError(f"{name} is no shape of an array", received=repr(shape)[:100])
    return shape  # type: ignore[return-value]


def _as_float32(content: bytes, dtype: str) -> np.ndarray:
    if dtype == "bfloat16":
        return (np.frombuffer(content, "<u2").astype("<u4") << 16).view("<f4")
    return np.frombuffer(content, np.dtype(dtype).newbyteorder("<")).astype(np.float32)
