"""Progress of long steps: a bar on a terminal, and lines in the log elsewhere."""

import logging
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sized
from contextlib import contextmanager
from typing import Any, TypeVar

logger = logging.getLogger(__name__)

Item = TypeVar("Item")

LINES = 10
"""Lines in the log for one step whose length is known."""


def track(iterable: Iterable[Item], description: str, total: int | None = None) -> Iterator[Item]:
    """Gives the items of an iterable, and shows how many are done and how long the rest takes.

    On a terminal it is a bar on the standard error. Elsewhere the log gets an INFO line at every tenth of the items.

    Args:
        iterable: The items.
        description: What is done with them, such as `features of ravdess`.
        total: Number of items; `len(iterable)` if None and it has one.

    Yields:
        The items.

    Example:

    >>> [2 * number for number in track(range(3), "numbers doubled")]
    [0, 2, 4]
    """
    if total is None and isinstance(iterable, Sized):
        total = len(iterable)
    with tracking(description, total) as advance:
        for item in iterable:
            yield item
            advance()


@contextmanager
def tracking(description: str, total: int | None = None) -> Iterator[Callable[..., None]]:
    """Shows the progress of a block that is not a loop over items, as `track` does.

    Args:
        description: What the block does.
        total: How often the block will advance, None if that is not known.

    Yields:
        A function that advances by one, or by its argument.
    """
    if sys.stderr is not None and sys.stderr.isatty() and not _bars.hidden:
        with _bars.bar(description, total) as advance:
            yield advance
    else:
        lines = _Lines(description, total)
        yield lines.advance
        lines.end()


class _Lines:
    """Progress as lines in the log."""

    def __init__(self, description: str, total: int | None):
        self._description, self._total = description, total
        self._done = self._said = 0
        self._start = time.monotonic()

    def advance(self, count: int = 1) -> None:
        """Notes that `count` items are done, and says so at every tenth of all."""
        self._done += count
        total = self._total
        if total is None or self._done >= total or LINES * self._done // total == LINES * self._said // total:
            return
        self._said = self._done
        remaining = (time.monotonic() - self._start) * (total - self._done) / self._done
        logger.info("%s: %d of %d, about %s left", self._description, self._done, total, _duration(remaining))

    def end(self) -> None:
        """Says how many items there were, if there was anything to do."""
        if self._total == 0:
            return
        seconds = time.monotonic() - self._start
        logger.info("%s: %d done in %s", self._description, self._done, _duration(seconds))


def _duration(seconds: float) -> str:
    """A duration as people say it.

    >>> [_duration(seconds) for seconds in (0.2, 75, 7500)]
    ['0 s', '1 min 15 s', '2 h 5 min']
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, seconds = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {seconds} s"
    return f"{minutes // 60} h {minutes % 60} min"


class _Bars:
    """The bars of all steps that run, one under the other: a terminal has room for one display at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._display: Any = None
        self._count = 0
        self.hidden = False

    @contextmanager
    def bar(self, description: str, total: int | None) -> Iterator[Callable[..., None]]:
        """Shows a bar while the block runs."""
        with self._lock:
            if self._display is None:
                self._display = _display()
                self._display.start()
            self._count += 1
            display = self._display
            task = display.add_task(description, total=total)
        try:
            yield lambda count=1: display.advance(task, count)
        finally:
            with self._lock:
                self._count -= 1
                display.remove_task(task)
                if not self._count:
                    display.stop()
                    self._display = None


def _display() -> Any:
    """An empty display of bars on the standard error, which vanishes when it stops."""
    # Imported here: most calls show no bar.
    from rich import progress
    from rich.console import Console

    return progress.Progress(
        progress.TextColumn("{task.description}", markup=False),
        progress.BarColumn(),
        progress.MofNCompleteColumn(),
        progress.TimeElapsedColumn(),
        progress.TextColumn("left"),
        progress.TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
        # What is printed into a file or a pipe must arrive there.
        redirect_stdout=sys.stdout is not None and sys.stdout.isatty(),
    )


_bars = _Bars()


@contextmanager
def quiet() -> Iterator[None]:
    """Keeps lines and bars of the package back while the block runs, but for warnings.

    Of several processes that train together, one tells of it.
    """
    package = logging.getLogger("emotion_tf")
    level, _bars.hidden = package.level, True
    package.setLevel(logging.WARNING)
    try:
        yield
    finally:
        package.setLevel(level)
        _bars.hidden = False


def log_to_stderr() -> None:
    """Sends the INFO lines of the package to the standard error, as the command line does."""
    package = logging.getLogger("emotion_tf")
    if not any(isinstance(handler, _StandardError) for handler in package.handlers):
        package.addHandler(_StandardError())
    package.setLevel(logging.INFO)


class _StandardError(logging.Handler):
    """Writes to what `sys.stderr` is at that time, since a bar takes its place to stay the last line."""

    def emit(self, record: logging.LogRecord) -> None:
        """Writes a line."""
        print(self.format(record), file=sys.stderr)
