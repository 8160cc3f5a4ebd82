"""Locks that processes hold on files."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

if sys.platform == "win32":
    import msvcrt

    def _try_to_lock(file: int) -> None:
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _try_to_lock(file: int) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


PATIENCE_SECONDS = 0.2
"""Time between two attempts to get a lock."""


@contextmanager
def locked(path: str | Path, when_busy: Callable[[], None]) -> Iterator[None]:
    """Holds a lock while the block runs. The system frees it when the process ends, in whatever way it ends.

    Args:
        path: The lock file. It and its parents are made; it stays behind, empty, since removing it would let two
            processes lock two files of one name.
        when_busy: Called where another process, or another thread, holds the lock. It may raise; otherwise the lock is
            waited for.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        told = False
        while True:
            try:
                _try_to_lock(file.fileno())
                break
            except (BlockingIOError, PermissionError):  # the latter on Windows
                if not told:
                    when_busy()
                told = True
                time.sleep(PATIENCE_SECONDS)
        yield
