"""Runs the benchmarks one after the other and makes the table of docs/results/speed.md.

python benchmarks/run.py [--data-dir RAVDESS] [--only NAME ...] [--out FILE]

Each runs in a process of its own and prints rows of a figure, its median and its quartiles, all of them ratios within
one run. They are kept in a JSON file, in which a later run replaces the rows of the benchmarks that it ran.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pages import RESULTS, replace_table

from emotion_tf.utils.files import read_json, write_json

HERE = Path(__file__).parent
PAGE = RESULTS / "speed.md"

BENCHMARKS = {
    "training_step": (),
    "epoch": ("--data-dir",),
    "front_end": ("--data-dir",),
    "scale": ("--data-dir",),
    "bulk": ("--data-dir",),
    "inference": (),
    "recurrent": (),
}
"""By name, the flags with which each wants the data."""


def run(name: str, data_dir: Path | None) -> dict[str, Any]:
    """The rows of a benchmark, and what it ran on."""
    flags = [] if data_dir is None else [argument for flag in BENCHMARKS[name] for argument in (flag, str(data_dir))]
    # As `emotion-tf` sets them.
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "TF_CPU_ALLOCATOR_USE_BFC": "true"}
    finished = subprocess.run(
        [sys.executable, HERE / f"{name}.py", *flags], check=True, stdout=subprocess.PIPE, text=True, env=environment
    )
    machine = {"cores": os.cpu_count(), "machine": platform.machine(), "python": platform.python_version()}
    return {**machine, "rows": json.loads(finished.stdout)}


def table(results: dict[str, dict[str, Any]]) -> str:
    """Markdown of all rows."""
    lines = ["| figure | median | quartiles | benchmarks/ |", "|---|---|---|---|"]
    for name in BENCHMARKS:
        for row in results.get(name, {"rows": []})["rows"]:
            spread = " – ".join(f"{value:g}" for value in row.get("quartiles", []))
            lines.append(f"| {row['figure']} | {row['median']:g} | {spread or 'one run'} | {name}.py |")
    return "\n".join(lines) + "\n"


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-dir", type=Path, help="RAVDESS; without it what needs it is left out")
    parser.add_argument("--only", nargs="+", choices=tuple(BENCHMARKS), default=tuple(BENCHMARKS), metavar="NAME")
    parser.add_argument("--out", type=Path, default=HERE / "results.json")
    arguments = parser.parse_args(argv)
    results = read_json(arguments.out) if arguments.out.exists() else {}
    for name in arguments.only:
        if name == "epoch" and arguments.data_dir is None:
            print("epoch is left out, since it needs --data-dir RAVDESS", file=sys.stderr)
            continue
        print(f"{name} ...", file=sys.stderr)
        results[name] = run(name, arguments.data_dir)
        write_json(arguments.out, results)
    replace_table(PAGE, "ratios", table(results))
    return 0


if __name__ == "__main__":
    sys.exit(main())
