"""MP3: whether a file says how long it is, and the remarks of its decoder."""

import mmap
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_one_at_a_time = threading.Lock()


@contextmanager
def quiet(content: bytes | mmap.mmap) -> Iterator[None]:
    """Keeps libmpg123, which decodes MP3 for libsndfile, from writing its remarks on damage to the standard error."""
    if content[:3] != b"ID3" and content[:1] != b"\xff":
        yield
        return
    with _one_at_a_time, Path(os.devnull).open("wb") as nowhere:
        stderr = os.dup(2)
        os.dup2(nowhere.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)


def states_its_length(content: bytes | mmap.mmap) -> bool:
    """Whether an MP3 has the header of Xing or LAME, which counts its frames."""
    start = 0
    if content[:3] == b"ID3":
        # Four bytes of seven bits each say how long the tags are that follow their 10 bytes of header.
        start = 10 + sum(byte << shift for byte, shift in zip(content[6:10], (21, 14, 7, 0), strict=True))
    # It stands in the first frame, at most 38 bytes in.
    first_frame = content[start : start + 48]
    return b"Xing" in first_frame or b"Info" in first_frame
