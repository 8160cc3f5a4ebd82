"""Memory and time of extraction and training, from a thousand utterances to a hundred thousand.

python benchmarks/scale.py --data-dir RAVDESS [--plot FILE]

The manifests list the first half second of few clips over and over, by 40 speakers. `emotion-tf prepare` makes their
features and `emotion-tf train` trains, tests and reports on two folds for one epoch, with 8 filters, so that the
arithmetic does not hide what the data cost. Each runs in a process of its own, whose largest resident memory is taken.
Without RAVDESS the demo corpus is taken.
"""

import argparse
import csv
import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

SIZES = (1_000, 10_000, 100_000)
SPEAKERS = 40
CLIPS = 24
SECONDS = 0.5


def write_manifest(path: Path, size: int, data_dir: Path | None) -> None:
    """A corpus of so many utterances, whose files are links to a few."""
    from emotion_tf import corpora

    every = corpora.load("demo" if data_dir is None else "ravdess", data_dir).utterances
    clips = [every[place] for place in np.random.default_rng(0).permutation(len(every))[:CLIPS]]
    links = path.parent / "links"
    links.mkdir(exist_ok=True)
    with path.open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["id", "audio", "text", "label", "speaker", "start", "end"])
        for number, clip in zip(range(size), itertools.cycle(clips), strict=False):
            link = links / f"{number:06}{clip.audio.suffix}"
            if not link.exists():
                link.symlink_to(clip.audio.resolve())
            table.writerow([number, link, "", clip.label, f"speaker {number // CLIPS % SPEAKERS}", 0, SECONDS])


def run(*arguments: Any) -> dict[str, float]:
    """Seconds and largest memory, in megabytes, of a command of ours."""
    start = time.perf_counter()
    call = "import sys; from emotion_tf.cli import main; sys.exit(main())"
    process = subprocess.Popen([sys.executable, "-c", call, *map(str, arguments)], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise RuntimeError(f"{arguments} failed")
    unit = 1 if sys.platform == "darwin" else 1024
    return {"seconds": round(time.perf_counter() - start, 1), "megabytes": round(usage.ru_maxrss * unit / 1e6)}


def measure(sizes: Sequence[int], data_dir: Path | None) -> dict[str, list[dict[str, float]]]:
    found: dict[str, list[dict[str, float]]] = {"prepare": [], "train": []}
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            manifest = Path(folder, "corpus.csv")
            write_manifest(manifest, size, data_dir)
            common = ["--corpus", "manifest", "--data_dir", manifest, "--modality", "audio"]
            common += ["--records_dir", f"{folder}/records", "--set", "model.filters=8", "--set", "training.epochs=1"]
            prepared = run("prepare", *common)
            trained = run("train", *common, "--protocol", "speaker-kfold:2", "--workdir", f"{folder}/run")
        for name, figures in (("prepare", prepared), ("train", trained)):
            found[name].append({"utterances": size, **figures})
            print(f"{name} {found[name][-1]}", file=sys.stderr)
    return found


def rows(found: dict[str, list[dict[str, float]]]) -> list[dict[str, Any]]:
    """How much memory grows from the smallest corpus to the largest, and how far time is from a straight line."""
    table = []
    for name, points in found.items():
        sizes, seconds = (np.array([point[key] for point in points]) for key in ("utterances", "seconds"))
        # The exponent of the growth between the two largest corpora, where the start no longer counts; 1 is linear.
        exponent = np.log(seconds[-1] / seconds[-2]) / np.log(sizes[-1] / sizes[-2])
        megabytes = [point["megabytes"] for point in points]
        table += [
            {
                "figure": f"{name}, memory of {sizes[-1]:,} utterances by that of {sizes[0]:,}",
                "median": round(megabytes[-1] / megabytes[0], 2),
                "points": points,
            },
            {"figure": f"{name}, time grows with this power of the utterances", "median": round(float(exponent), 2)},
        ]
    return table


def plot(found: dict[str, list[dict[str, float]]], path: Path) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 3), layout="constrained")
    for axes, key, label in zip(
        figure.subplots(1, 2), ("megabytes", "seconds"), ("memory, MB", "time, s"), strict=True
    ):
        for name, points in found.items():
            axes.plot([point["utterances"] for point in points], [point[key] for point in points], "o-", label=name)
        axes.set(xscale="log", xlabel="utterances", ylabel=label)
        axes.grid(alpha=0.3)
    figure.axes[0].set_ylim(bottom=0)
    figure.axes[1].set_yscale("log")
    figure.axes[0].legend()
    figure.savefig(path, dpi=150)


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-dir", type=Path, help="RAVDESS")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw the curves")
    arguments = parser.parse_args(argv)
    found = measure(arguments.sizes, arguments.data_dir)
    if arguments.plot is not None:
        plot(found, arguments.plot)
    print(json.dumps(rows(found), indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
