"""A bound on the memory that a block may take, where the system can set one."""

import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def at_most(room: int) -> Iterator[None]:
    """Lets the block take so many bytes of address space beside what is taken already; all but Linux lets it take any.

    What takes more gets a MemoryError, whether it ever touches the memory or not.
    """
    if not sys.platform.startswith("linux"):
        yield
        return
    before = resource.getrlimit(resource.RLIMIT_AS)
    now = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (now + room, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)
