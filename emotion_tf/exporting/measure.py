"""Time and memory of every artefact of an export, taken in processes of their own; `parity` starts this module.

`python -m emotion_tf.exporting.measure FOLDER THREADS...` prints one line of JSON: for each number of threads a list in
the order of `artefacts`. TensorFlow's threads and the memory in use belong to a process, so each artefact gets a fork
of this one, in which TensorFlow is imported but has not run yet.
"""

import json
import multiprocessing
import re
import statistics
import sys
import timeit
from functools import partial
from pathlib import Path
from typing import Any

import tensorflow as tf

from emotion_tf.exporting.artefacts import Artefact, artefacts
from emotion_tf.exporting.examples import Example, made_examples
from emotion_tf.inference.litert_runtime import LiteRTRuntime

RUNS = 11
"""Runs whose median is taken, after one that warms up."""


def main(arguments: list[str]) -> None:
    """Measures the artefacts of the export `arguments[0]` with the numbers of threads that follow."""
    folder, counts = Path(arguments[0]), [int(count) for count in arguments[1:]]
    runtime = LiteRTRuntime(folder / "tflite" / "float32.tflite")
    example = made_examples(runtime)[0]
    fork = multiprocessing.get_context("fork")
    costs = {}
    for threads in counts:
        with fork.Pool(1, maxtasksperchild=1) as pool:
            costs[threads] = pool.map(
                partial(_measure, example=example, threads=threads), artefacts(folder, runtime.bundle), 1
            )
    print(json.dumps(costs))


def _measure(artefact: Artefact, example: Example, threads: int) -> dict[str, Any]:
    """The median of some runs, and what loading and running added to the memory at its peak."""
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    # Linux lets the peak begin anew at what is in use now.
    Path("/proc/self/clear_refs").write_text("5")
    before = _bytes("VmRSS")
    call = artefact.load(threads)(example)
    call()
    seconds = timeit.repeat(call, number=1, repeat=RUNS)
    return {
        "milliseconds": round(1000 * statistics.median(seconds), 3),
        "peak_bytes": _bytes("VmHWM") - before,
    }


def _bytes(name: str) -> int:
    """A figure of the memory of this process."""
    return 1024 * int(re.findall(rf"{name}:\s+(\d+) kB", Path("/proc/self/status").read_text())[0])


if __name__ == "__main__":
    main(sys.argv[1:])
