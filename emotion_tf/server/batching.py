"""Utterances of several clients, computed together where they are of like length."""

import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

PADDING = 0.25
"""Largest share of padding in a batch, of what is not padding."""

logger = logging.getLogger(__name__)


@dataclass
class _Waiting(Generic[Item, Result]):
    """An item that waits to be computed."""

    item: Item
    length: int
    future: Future[Result] = field(default_factory=Future)


class Batcher(Generic[Item, Result]):
    """Threads that take what waits, the oldest first and with it what is of like length.

    Nothing waits for others: while a batch is computed, the next one gathers by itself.

    Args:
        compute: From items to as many results. It may be called from several threads at once.
        batch_size: Most items of a call.
        workers: Number of threads.

    Example:

    >>> batcher = Batcher(lambda numbers: [number + 1 for number in numbers], batch_size=8, workers=1)
    >>> batcher.submit(1, length=1).result()
    2
    >>> batcher.close()
    """

    def __init__(self, compute: Callable[[list[Item]], Sequence[Result]], batch_size: int, workers: int):
        self._compute, self._batch_size = compute, batch_size
        self._waiting: list[_Waiting[Item, Result]] = []
        self._changed = threading.Condition()
        self._closed = False
        self._threads = [threading.Thread(target=self._work, name=f"batch-{n}", daemon=True) for n in range(workers)]
        for thread in self._threads:
            thread.start()

    @property
    def alive(self) -> bool:
        """Whether all threads work."""
        return all(thread.is_alive() for thread in self._threads)

    def submit(self, item: Item, length: int) -> Future[Result]:
        """Has an item computed; who cancels the future before it is taken spares the work.

        Args:
            item: The item.
            length: How long it is, in whatever unit.
        """
        waiting: _Waiting[Item, Result] = _Waiting(item, length)
        with self._changed:
            if self._closed:
                raise RuntimeError("the batcher is closed")
            self._waiting.append(waiting)
            self._changed.notify()
        return waiting.future

    def close(self) -> None:
        """Has all that waits computed, and ends the threads."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        while batch := self._take():
            asked = [waiting for waiting in batch if waiting.future.set_running_or_notify_cancel()]
            if not asked:
                continue
            try:
                results = self._compute([waiting.item for waiting in asked])
                for waiting, result in zip(asked, results, strict=True):
                    waiting.future.set_result(result)
            except BaseException as error:  # Who waits for a result has to learn of it, and the thread goes on.
                logger.exception("a batch failed")
                for waiting in asked:
                    if not waiting.future.done():
                        waiting.future.set_exception(error)

    def _take(self) -> list[_Waiting[Item, Result]]:
        """The next batch; nothing once all is computed and the batcher is closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            places = alike([waiting.length for waiting in self._waiting], self._batch_size)
            batch = [self._waiting[place] for place in places]
            taken = set(places)
            self._waiting = [waiting for place, waiting in enumerate(self._waiting) if place not in taken]
            return batch


def alike(lengths: Sequence[int], count: int) -> list[int]:
    """Which items to take together: the first, and those nearest to it in length that cost little padding.

    Args:
        lengths: The lengths, the oldest item first.
        count: Most items.

    Returns:
        Their places, in ascending order of length.

    Example:

    >>> alike([100, 500, 110, 90, 480], count=8)
    [3, 0, 2]
    """
    if not lengths:
        return []
    order = sorted(range(len(lengths)), key=lengths.__getitem__)
    first = last = order.index(0)
    total = lengths[0]
    while last - first + 1 < min(count, len(order)):
        shorter = lengths[order[first]] - lengths[order[first - 1]] if first else None
        longer = lengths[order[last + 1]] - lengths[order[last]] if last + 1 < len(order) else None
        downward = longer is None or (shorter is not None and shorter < longer)
        added, longest = (order[first - 1], order[last]) if downward else (order[last + 1], order[last + 1])
        padded = lengths[longest] * (last - first + 2)
        if padded > (1 + PADDING) * (total + lengths[added]):
            break
        first, last, total = first - downward, last + (not downward), total + lengths[added]
    return order[first : last + 1]
