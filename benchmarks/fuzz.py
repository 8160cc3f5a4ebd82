"""Feeds every reader of the package with inputs that were never meant, and counts how they end.

python benchmarks/fuzz.py --examples 100000 --out fuzz.json needs the extra `test`. The inputs are those of
`tests/fuzz_strategies.py`. Each reader runs in a process of its own, which may take a gigabyte more than it begins
with, and in parts of a thousand inputs, each by its own seed: a run that was stopped goes on with the parts that are
missing. An input may end in an answer or in one clear line; anything else, a process that dies or one that answers
nothing for a minute counts as a crash, and its seed and error are kept.
"""

import argparse
import contextlib
import faulthandler
import json
import multiprocessing
import resource
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
PART = 1000
ROOM = 2**30
HANGS_AFTER_SECONDS = 60

GRAPH = "serving_default"
"""The name of the decoder in the graph among the readers."""


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--examples", type=int, default=100_000, help="inputs of all readers together")
    parser.add_argument("--readers", nargs="*", help="these alone, by their names in tests/fuzz_strategies.py")
    parser.add_argument(
        "--out", type=Path, default=Path("fuzz.json"), help="the figures; an earlier run's are gone on with"
    )
    arguments = parser.parse_args(argv)
    sys.path.insert(0, str(ROOT / "tests"))
    from fuzz_strategies import READERS

    from emotion_tf.utils.files import read_json, write_json

    names = arguments.readers or [*READERS, GRAPH]
    parts = -(-arguments.examples // (PART * len(names)))
    done: dict[str, list[dict[str, Any]]] = read_json(arguments.out)["parts"] if arguments.out.exists() else {}
    for name in names:
        while len(done.setdefault(name, [])) < parts:
            before = len(done[name])
            for part in run_parts(name, range(before, parts)):
                done[name].append(part)
                write_json(arguments.out, {"readers": summary(done), "parts": done})
            if len(done[name]) == before:
                raise SystemExit(f"the process of {name} died before its first input")
        print(name, json.dumps(summary(done)[name]), flush=True)
    total = summary(done)
    crashes = sum(reader["crashes"] for reader in total.values())
    print(f"{sum(reader['inputs'] for reader in total.values())} inputs, {crashes} crashes")
    return 1 if crashes else 0


def run_parts(name: str, seeds: range) -> Iterator[dict[str, Any]]:
    """The figures of each part, as a fresh process finds them; the last is a crash if the process dies of it."""
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=work, args=(name, seeds, sender))
    process.start()
    sender.close()
    seed = None
    with contextlib.suppress(EOFError):
        while True:
            message = receiver.recv()
            if isinstance(message, int):
                seed = message
            else:
                seed = None
                yield message
    process.join()
    if seed is not None:
        error = f"the process ended with {process.exitcode}"
        yield {"seed": seed, "inputs": 0, "slowest_seconds": 0.0, "memory_bytes": 0, "crashes": [error]}


def work(name: str, seeds: range, sender: Connection) -> None:
    """Runs parts: sends the seed of each before it begins, and its figures at its end."""
    from fuzz_strategies import READERS, graph_reader, outcome
    from hypothesis import find
    from memory_limit import at_most

    with tempfile.TemporaryDirectory() as folder:
        reader = graph_reader(serving_default(Path(folder))) if name == GRAPH else READERS[name]
        # What is imported by the first input is none of its doing.
        outcome(reader, find(reader.inputs, lambda content: True), Path(folder))
        with at_most(ROOM):
            for number in seeds:
                sender.send(number)
                sender.send(run_part(reader, number, Path(folder)))


def run_part(reader: Any, number: int, folder: Path) -> dict[str, Any]:
    """The figures of a thousand inputs of a reader."""
    from fuzz_strategies import outcome
    from hypothesis import HealthCheck, Phase, given, seed, settings

    ends: Counter[str] = Counter()
    crashes: list[str] = []
    slowest = 0.0

    @seed(number)
    @settings(
        max_examples=PART,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(reader.inputs)
    def run(content: Any) -> None:
        nonlocal slowest
        faulthandler.dump_traceback_later(HANGS_AFTER_SECONDS, exit=True)
        began = time.perf_counter()
        try:
            ends[outcome(reader, content, folder)] += 1
        except Exception as error:
            crashes.append(f"{type(error).__name__}: {error}"[:300])
        slowest = max(slowest, time.perf_counter() - began)
        faulthandler.cancel_dump_traceback_later()

    run()
    return {
        "seed": number,
        "inputs": ends.total() + len(crashes),
        **ends,
        "slowest_seconds": round(slowest, 3),
        "memory_bytes": 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
        "crashes": crashes,
    }


def serving_default(folder: Path) -> Callable[..., dict[str, Any]]:
    """The signature of a small SavedModel."""
    import tensorflow as tf
    from exported_runs import SMALL, make_run

    from emotion_tf.config import Config
    from emotion_tf.exporting import write_saved_model
    from emotion_tf.inference.bundle import ModelBundle

    model = make_run(folder / "run", Config().override(*SMALL))
    bundle = ModelBundle.read(folder / "run" / "model" / "model.keras")
    write_saved_model(model, bundle, folder / "saved_model")
    loaded = tf.saved_model.load(str(folder / "saved_model"))
    serve = loaded.signatures["serving_default"]
    # A signature does not keep alive what it was loaded with.
    return lambda **inputs: (loaded, serve(**inputs))[1]


def summary(done: dict[str, list[dict[str, Any]]]) -> dict[str, dict[str, Any]]:
    """The figures of each reader."""
    return {
        name: {
            "inputs": sum(part["inputs"] for part in parts),
            "answered": sum(part.get("answered", 0) for part in parts),
            "refused": sum(part.get("refused", 0) for part in parts),
            "slowest_seconds": max(part["slowest_seconds"] for part in parts),
            "memory_bytes": max(part["memory_bytes"] for part in parts),
            "crashes": sum(len(part["crashes"]) for part in parts),
        }
        for name, parts in done.items()
        if parts
    }


if __name__ == "__main__":
    sys.exit(main())
