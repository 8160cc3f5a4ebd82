"""How long reading word vectors for a vocabulary takes, and how much memory, on a file that is made for it.

python benchmarks/word_vectors.py
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from emotion_tf.text.word_vectors import read_word_vectors


def write_vectors(path: Path, num_words: int, width: int) -> None:
    """Writes vectors as GloVe does, with five digits; a thousand different ones in turn, to be done soon."""
    numbers = np.random.default_rng(0).normal(scale=0.4, size=(1000, width))
    rows = [" ".join(f"{number:.5f}" for number in row) for row in numbers]
    with path.open("w", encoding="utf-8") as file:
        file.writelines(f"word{index} {rows[index % len(rows)]}\n" for index in range(num_words))


def measure(path: Path, num_words: int, vocabulary_size: int, width: int) -> dict[str, float]:
    """Reads the vectors of words that are spread over the file, and for comparison does nothing with its lines."""
    wanted = {f"word{index * num_words // vocabulary_size}" for index in range(vocabulary_size)}
    start = time.perf_counter()
    words, vectors = read_word_vectors(path, wanted, width=width)
    seconds = time.perf_counter() - start
    # Linux counts in KiB, macOS in bytes.
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    if vectors.shape != (len(wanted), width):
        raise RuntimeError(f"{len(words)} vectors of {len(wanted)} words were found")
    start = time.perf_counter()
    with path.open("rb") as file:
        for _ in file:
            pass
    plain_seconds = time.perf_counter() - start
    return {
        "file_megabytes": round(path.stat().st_size / 1e6, 1),
        "seconds": round(seconds, 2),
        "seconds_of_plain_iteration": round(plain_seconds, 2),
        "ratio": round(seconds / plain_seconds, 2),
        "peak_megabytes": round(peak / 1e6, 1),
    }


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--num-words", type=int, default=400_000, help="words in the file")
    parser.add_argument("--vocabulary-size", type=int, default=5_000, help="words that are wanted")
    parser.add_argument("--width", type=int, default=300, help="numbers a word")
    parser.add_argument("--file", type=Path, help="read this file, which a call before wrote, here and now")
    arguments = parser.parse_args(argv)
    sizes = {name: getattr(arguments, name) for name in ("num_words", "vocabulary_size", "width")}
    if arguments.file:
        print(json.dumps({**sizes, **measure(arguments.file, **sizes)}, indent=2))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "vectors.txt")
        write_vectors(path, arguments.num_words, arguments.width)
        # A process of its own, whose peak of memory nothing has raised before.
        flags = [flag for name, size in sizes.items() for flag in (f"--{name}", str(size))]
        return subprocess.run([sys.executable, __file__, *flags, "--file", path], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
