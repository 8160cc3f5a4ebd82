"""How long a TFLite file takes from the wave to the probabilities, in a process of its own; `cost` starts this module.

`python -m emotion_tf.comparison.litert FILE SECONDS WORDS` prints the milliseconds that an utterance of that size takes
on one thread.
"""

import statistics
import sys
import timeit
from functools import partial
from pathlib import Path

import numpy as np

from emotion_tf.exporting.measure import RUNS
from emotion_tf.inference.litert_runtime import LiteRTRuntime


def main(arguments: list[str]) -> None:
    """Prints the median of some runs, after one that warms up."""
    path, seconds, words = Path(arguments[0]), float(arguments[1]), int(arguments[2])
    runtime = LiteRTRuntime(path, num_threads=1)
    features, hears = runtime.bundle.config.features, runtime.bundle.config.model.hears
    generator = np.random.default_rng(0)
    waveform = generator.normal(0, 0.1, round(seconds * features.sample_rate)).astype(np.float32) if hears else None
    width = runtime.speaker_width
    speaker = None if width is None else generator.normal(size=width).astype(np.float32)
    # A word that is not in the vocabulary is looked up like any other.
    ask = partial(runtime.outputs, waveform, "unheard " * words, speaker)
    ask()
    print(1000 * statistics.median(timeit.repeat(ask, number=1, repeat=RUNS)))


if __name__ == "__main__":
    main(sys.argv[1:])
