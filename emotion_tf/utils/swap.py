"""One folder in the place of another, so that one of both is there whenever the process is killed."""

import ctypes
import functools
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

AT_FDCWD, RENAME_EXCHANGE = -100, 2
"""Of Linux's renameat2."""

RENAME_SWAP = 2
"""Of Darwin's renamex_np."""


def take_place(new: Path, path: Path) -> None:
    """Puts a file or folder in the place of another; at any kill, `path` is the old or the new one.

    Where the system cannot exchange two folders in one step, the old one lies beside for a moment, under the name of
    `kept_beside`, and `restore` puts it back after a kill.

    Args:
        new: What takes the place, on the same filesystem. What it replaces is left there, or removed.
        path: The place. Nothing, a file or a folder may be there.
    """
    if not (path.is_dir() and new.exists()) or path.is_symlink():
        new.replace(path)
    elif not exchange(new, path):
        restore(path)
        path.rename(kept_beside(path))
        try:
            new.replace(path)
        finally:
            restore(path)


def kept_beside(path: Path) -> Path:
    """Where the old one lies while the new one takes its place, if that takes two steps."""
    return path.with_name(f".{path.name}.replaced")


def restore(path: Path) -> None:
    """Puts back what a process that was killed left beside; only for who holds the lock of `path`, if there is one."""
    beside = kept_beside(path)
    if not os.path.lexists(beside):
        return
    if os.path.lexists(path):
        shutil.rmtree(beside, ignore_errors=True)
    else:
        beside.rename(path)


def exchange(one: Path, other: Path) -> bool:
    """Exchanges what is at two paths in one step; False where the system or the filesystem cannot."""
    call = _exchange()
    return call is not None and call(os.fsencode(one), os.fsencode(other)) == 0


@functools.cache
def _exchange() -> Callable[[bytes, bytes], int] | None:
    """The system's call; None if it has none."""
    try:
        library = ctypes.CDLL(None, use_errno=True)
        if sys.platform == "darwin":
            swap = library.renamex_np
            return lambda one, other: swap(one, other, ctypes.c_uint(RENAME_SWAP))
        rename = library.renameat2
    except (OSError, AttributeError, TypeError):
        return None
    return lambda one, other: rename(AT_FDCWD, one, AT_FDCWD, other, ctypes.c_uint(RENAME_EXCHANGE))
