"""The lines that the package logs, and a way to stop it at one of them."""

import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class _Listener(logging.Handler):
    def __init__(self, listen: Callable[[str], None]):
        super().__init__()
        self._listen = listen

    def emit(self, record: logging.LogRecord) -> None:
        self._listen(record.getMessage())


@contextmanager
def untimed(logger: str = "emotion_tf") -> Iterator[list[str]]:
    """Collects what a logger of the package says, line by line, without the times of progress."""
    lines: list[str] = []

    def listen(record: str) -> None:
        lines.extend(re.sub(r"(, about .* left| in \d+ s)$", "", line) for line in record.splitlines())

    with listening(logger, listen):
        yield lines


@contextmanager
def listening(logger: str, listen: Callable[[str], None]) -> Iterator[None]:
    """Calls `listen` with each line, from INFO on, of a logger of the package; what it raises reaches the test."""
    source, handler = logging.getLogger(logger), _Listener(listen)
    level = source.level
    source.addHandler(handler)
    source.setLevel(logging.INFO)
    try:
        yield
    finally:
        source.removeHandler(handler)
        source.setLevel(level)
