"""A stretch of a file, of which a map loads only what is looked at."""

import io
import mmap
from typing import BinaryIO


class Span:
    """Some bytes of a file, from `start` to `end`, as if they were all of it.

    Args:
        stream: The open file, for what reads.
        content: All of it as bytes or as a map, for what looks at single places.
        start: The first byte.
        end: The byte behind the last; None means the end of the file.
        patch: Where in the stretch other bytes are read than stand there, and which.

    Example:

    >>> span = Span(io.BytesIO(b"head|tail"), b"head|tail", 5)
    >>> len(span), span[:2], span.find(b"il"), span.stream().read(3)
    (4, b'ta', 2, b'tai')
    """

    def __init__(
        self,
        stream: BinaryIO,
        content: bytes | mmap.mmap,
        start: int = 0,
        end: int | None = None,
        patch: tuple[int, bytes] = (0, b""),
    ):
        self._stream, self._content, self._patch = stream, content, patch
        self.start, self.end = start, len(content) if end is None else min(end, len(content))

    def __len__(self) -> int:
        return self.end - self.start

    def __getitem__(self, places: slice) -> bytes:
        first, last, _ = places.indices(len(self))
        return self._content[self.start + first : self.start + max(first, last)]

    def find(self, wanted: bytes, first: int = 0) -> int:
        """Where `wanted` begins, from `first` on; -1 if nowhere."""
        place = self._content.find(wanted, self.start + first, self.end)
        return place if place < 0 else place - self.start

    def within(self, first: int, last: int | None = None) -> "Span":
        """A stretch of this one."""
        end = self.end if last is None else min(self.start + last, self.end)
        return Span(self._stream, self._content, min(self.start + first, end), end)

    def patched(self, place: int, by: bytes) -> "Span":
        """The same stretch, whose stream reads other bytes at one place."""
        return Span(self._stream, self._content, self.start, self.end, (place, by))

    def stream(self) -> BinaryIO:
        """What reads the stretch."""
        return io.BufferedReader(_Window(self._stream, self.start, self.end, self._patch))


class _Window(io.RawIOBase):
    """A stretch of a stream as a stream of its own."""

    def __init__(self, stream: BinaryIO, start: int, end: int, patch: tuple[int, bytes]):
        self._stream, self._start, self._length, self._place = stream, start, end - start, 0
        self._patch = patch

    def readable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Always."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Stays where it is if there is no such place.

        libsndfile seeks to wherever a damaged header points, be that before the beginning. An ordinary stream then
        raises, which soundfile prints as a traceback and passes over.
        """
        place = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._length}[whence]
        if place >= 0:
            self._place = place
        return self._place

    def tell(self) -> int:
        """The place within the stretch."""
        return self._place

    def readinto(self, buffer) -> int:  # type: ignore[no-untyped-def, override]
        """Reads as much as there is room for."""
        self._stream.seek(self._start + min(self._place, self._length))
        count = self._stream.readinto(memoryview(buffer)[: max(0, self._length - self._place)])  # type: ignore[attr-defined]
        place, by = self._patch
        for offset, byte in enumerate(by, start=place - self._place):
            if 0 <= offset < count:
                buffer[offset : offset + 1] = bytes([byte])
        self._place += count
        return count
