"""Batches of like length: nothing is lost, nobody waits for ever, and padding stays small."""

import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotion_tf.server.batching import PADDING, Batcher, alike


@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=40), st.integers(1, 16))
def test_oldest_is_taken_with_what_is_alike(lengths, count):
    places = alike(lengths, count)
    taken = [lengths[place] for place in places]
    assert 0 in places and len(set(places)) == len(places) <= count
    assert taken == sorted(taken)
    assert max(taken) * len(taken) <= (1 + PADDING) * sum(taken)


def test_hand_computed_batches():
    assert alike([], 4) == []
    assert alike([10], 4) == [0]
    assert alike([10, 10, 10], 2) == [0, 1]
    # 10 and 14 are 24, and 28 with padding; a third of 30 would make 90 of 54.
    assert alike([10, 30, 14], 4) == [0, 2]


def test_results_come_to_those_who_asked():
    sizes = []
    gate = threading.Event()

    def double(batch):
        gate.wait(10)
        sizes.append(len(batch))
        return [2 * item for item in batch]

    batcher = Batcher(double, batch_size=4, workers=2)
    futures = [batcher.submit(number, length=100) for number in range(21)]
    gate.set()
    assert [future.result(10) for future in futures] == [2 * number for number in range(21)]
    assert sum(sizes) == 21 and max(sizes) == 4
    batcher.close()


def test_failure_is_told_and_the_thread_goes_on():
    def invert(batch):
        return [1 / item for item in batch]

    batcher = Batcher(invert, batch_size=1, workers=1)
    with pytest.raises(ZeroDivisionError):
        batcher.submit(0, 1).result(10)
    assert batcher.submit(4, 1).result(10) == 0.25 and batcher.alive
    batcher.close()


def test_closing_finishes_what_waits():
    batcher = Batcher(lambda batch: [np.sqrt(item) for item in batch], batch_size=2, workers=1)
    futures = [batcher.submit(number**2, number) for number in range(9)]
    batcher.close()
    assert [future.result(0) for future in futures] == list(range(9)) and not batcher.alive
    with pytest.raises(RuntimeError, match="closed"):
        batcher.submit(1, 1)


def test_what_was_given_up_is_not_computed():
    seen = []
    gate = threading.Event()

    def note(batch):
        gate.wait(10)
        seen.extend(batch)
        return batch

    batcher = Batcher(note, batch_size=1, workers=1)
    first, second, third = (batcher.submit(name, 1) for name in "abc")
    assert second.cancel()
    gate.set()
    assert (first.result(10), third.result(10)) == ("a", "c")
    batcher.close()
    assert seen == ["a", "c"]
