"""Silence for libraries that write to the standard error by themselves and cannot be told not to."""

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_one_at_a_time = threading.Lock()


@contextmanager
def discarding_native_stderr() -> Iterator[None]:
    """Discards what anything in this process writes to descriptor 2 while the block runs.

    It is for short blocks around a library that offers no other way: whoever else writes there meanwhile is not read.
    """
    if sys.stderr is not None:
        sys.stderr.flush()
    with _one_at_a_time:
        stderr = os.dup(2)
        nowhere = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(nowhere, 2)
            yield
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
            os.close(nowhere)
