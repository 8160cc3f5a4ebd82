"""Checkpoints in CTranslate2's format `model.bin`, which faster-whisper reads."""

import struct

from emotion_tf.errors import EmotionTFError
from emotion_tf.frontend.encoders.checkpoint import (
    WIDTHS,
    Checkpoint,
    Entry,
    PartedFile,
    checked_shape,
    truncated,
)

DTYPES = ("float32", "int8", "int16", "int32", "float16", "bfloat16")
"""The types by the numbers that the file gives them."""

VERSIONS = range(4, 7)
"""Versions of the format that give each variable's type and bytes."""

SPECIFICATION = "WhisperSpec"

MAX_VARIABLES = 10_000

CHUNK = 2**12
"""Bytes that are read at a time for what stands between the arrays."""


def looks_like_ctranslate2(beginning: bytes) -> bool:
    """Whether a file that begins like this may be in this format.

    >>> looks_like_ctranslate2(b"\\6\\0\\0\\0\\x0c\\0WhisperSpec\\0")
    True
    """
    if len(beginning) < 8:
        return False
    version, length = struct.unpack("<IH", beginning[:6])
    return version < 100 and 1 < length < 100 and beginning[5 + length : 6 + length] in (b"\0", b"")


def read_ctranslate2(file: PartedFile) -> Checkpoint:
    """The arrays of a file, none of which is read yet.

    Args:
        file: The file, or its parts.

    Raises:
        EmotionTFError: If the file is truncated, holds another model, or is not in this format.
    """
    cursor = _Cursor(file)
    version = cursor.number("I")
    if version not in VERSIONS:
        raise EmotionTFError(
            f"{file} is in version {version} of CTranslate2's format",
            expected=f"version {VERSIONS[0]} to {VERSIONS[-1]}",
            fix="convert the model again with a newer CTranslate2",
        )
    specification = cursor.text()
    if specification != SPECIFICATION:
        raise EmotionTFError(f"{file} holds another architecture", expected=SPECIFICATION, received=specification)
    cursor.number("I")  # the revision of the specification
    count = cursor.number("I")
    if count > MAX_VARIABLES:
        raise EmotionTFError(
            f"{file} lists too many variables", expected=f"at most {MAX_VARIABLES}", received=f"{count}"
        )
    entries = dict(_variable(cursor) for _ in range(count))
    aliases = cursor.number("I")
    if aliases > MAX_VARIABLES:
        raise EmotionTFError(
            f"{file} lists too many aliases", expected=f"at most {MAX_VARIABLES}", received=f"{aliases}"
        )
    for _ in range(aliases):
        alias, name = cursor.text(), cursor.text()
        if name in entries:
            entries[alias] = entries[name]
    return Checkpoint(file, entries)


def _variable(cursor: "_Cursor") -> tuple[str, Entry]:
    """The name and the place of the variable at the cursor, which moves behind it."""
    name = cursor.text()
    shape = checked_shape((cursor.number("I") for _ in range(cursor.number("B"))), f"{cursor.file}, variable {name},")
    kind, size = cursor.number("B"), cursor.number("I")
    if kind >= len(DTYPES):
        raise EmotionTFError(f"{cursor.file}, variable {name}, is of an unknown type", received=f"type {kind}")
    entry = Entry(DTYPES[kind], shape, cursor.place)
    if entry.size != size:
        raise EmotionTFError(
            f"{cursor.file}, variable {name}, contradicts itself",
            expected=f"{entry.size} bytes for a shape {shape} of {WIDTHS[entry.dtype]} bytes each",
            received=f"{size}",
        )
    cursor.skip(size)
    return name, entry


class _Cursor:
    """Reads small things from a file one after the other."""

    def __init__(self, file: PartedFile):
        self.file = file
        self.place = 0
        self._chunk = b""
        self._chunk_place = 0

    def take(self, count: int) -> bytes:
        """The next `count` bytes."""
        if self.place + count > self.file.size:
            raise truncated(str(self.file))
        begin = self.place - self._chunk_place
        if begin < 0 or begin + count > len(self._chunk):
            self._chunk = self.file.read(self.place, min(max(CHUNK, count), self.file.size - self.place))
            self._chunk_place, begin = self.place, 0
        self.place += count
        return self._chunk[begin : begin + count]

    def skip(self, count: int) -> None:
        if self.place + count > self.file.size:
            raise truncated(str(self.file))
        self.place += count

    def number(self, kind: str) -> int:
        return struct.unpack(f"<{kind}", self.take(struct.calcsize(f"<{kind}")))[0]

    def text(self) -> str:
        """A string, which ends in a zero byte."""
        content = self.take(self.number("H"))
        try:
            return content.removesuffix(b"\0").decode("utf-8")
        except UnicodeDecodeError:
            raise EmotionTFError(f"{self.file} is damaged: the name of a variable is not UTF-8") from None
