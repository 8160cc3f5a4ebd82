"""Times of things that take turns, so that a machine which slows down does so for all of them."""

import argparse
import functools
import json
import multiprocessing
import statistics
import time
import timeit
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

REST_SECONDS = 0.1
"""Idle threads spin for some milliseconds before they sleep, and would take time from whatever comes next."""

Calls = dict[str, Callable[[], Any]]


def take_turns(
    runtimes: Sequence[Callable[[], Calls]], rounds: int, warm_ups: int = 0, runs: int = 1
) -> dict[str, np.ndarray]:
    """Runs everything once a round, in random order.

    Args:
        runtimes: Each gives calls by their names, in a process of its own, so that thread pools and memory allocators
            do not meet. They must be picklable.
        rounds: Number of rounds.
        warm_ups: Calls in each turn before those that are timed; everything is called once before the first round.
        runs: Timed calls of a round, of which the median counts.

    Returns:
        Seconds (rounds,) of each call.
    """
    context = multiprocessing.get_context("spawn")
    processes = []
    connections: dict[str, Connection] = {}
    generator = np.random.default_rng(0)
    try:
        for runtime in runtimes:
            connection, other_end = context.Pipe()
            process = context.Process(target=_serve, args=(runtime, other_end, warm_ups, runs))
            process.start()
            processes.append(process)
            # Were it open here too, the end of a process that failed would go unnoticed.
            other_end.close()
            connections |= dict.fromkeys(connection.recv(), connection)
        seconds = {name: np.zeros(rounds) for name in connections}
        for number in range(rounds):
            for name in generator.permutation(list(connections)):
                connections[name].send(name)
                seconds[name][number] = connections[name].recv()
    finally:
        for process in processes:
            process.terminate()
            process.join()
    return seconds


def _serve(runtime: Callable[[], Calls], connection: Connection, warm_ups: int, runs: int) -> None:
    """Sends the names of the calls, then the seconds of each that is asked for."""
    calls = runtime()
    for call in calls.values():
        call()
    connection.send(list(calls))
    while True:
        call = calls[connection.recv()]
        time.sleep(REST_SECONDS)
        timeit.timeit(call, number=warm_ups)
        connection.send(statistics.median(timeit.repeat(call, number=1, repeat=runs)))


def spread(values: np.ndarray, digits: int = 3) -> dict[str, Any]:
    """Median and quartiles over the rounds."""
    low, middle, high = (round(float(value), digits) for value in np.percentile(values, [25, 50, 75]))
    return {"median": middle, "quartiles": [low, high]}


def gemm(threads: int) -> Calls:
    """Products of float32 matrices in TensorFlow and in NumPy, by their names; see `gemm_flops`."""
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    product = tf.function(tf.matmul)
    calls: Calls = {}
    for size in GEMM_SIZES:
        matrix = tf.random.normal((size, size))
        array = matrix.numpy()
        calls[f"GEMM of TensorFlow, {size}"] = functools.partial(lambda of: product(of, of)[0, 0].numpy(), matrix)
        calls[f"GEMM of NumPy, {size}"] = functools.partial(lambda of: of @ of, array)
    return calls


GEMM_SIZES = (1024, 2048)
"""Rows of the square matrices that are multiplied."""


def gemm_peak(seconds: dict[str, np.ndarray]) -> np.ndarray:
    """Floating-point operations a second (rounds,) of whichever product of matrices is the fastest in the median."""
    rates = [2 * int(name.split(", ")[1]) ** 3 / times for name, times in seconds.items() if name.startswith("GEMM")]
    return max(rates, key=np.median)


def print_rows(
    measure: Callable[[int, Path | None], list[dict[str, Any]]], description: str | None, argv: Sequence[str] | None
) -> int:
    """The command line of a benchmark that takes RAVDESS where there is such, and rounds."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-dir", type=Path, help="RAVDESS")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args(argv)
    print(json.dumps(measure(arguments.rounds, arguments.data_dir), indent=2))
    return 0
