"""Many systems under one protocol, in one table."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import keras

from emotion_tf import evaluation
from emotion_tf.comparison.cost import SECONDS, WORDS, measure
from emotion_tf.comparison.plot import Point, score_against_time
from emotion_tf.config import Config
from emotion_tf.corpora.corpus import Corpus
from emotion_tf.errors import EmotionTFError
from emotion_tf.evaluation.table import Row
from emotion_tf.training import train
from emotion_tf.utils.files import read_json, replacing, write_json, write_text

EXPLANATION = (
    "Parameters are all numbers in the network. Multiply-adds of the network, in millions, and the milliseconds of "
    f"LiteRT, from the wave to the probabilities in float32 on one thread, are for an utterance of {SECONDS:g} s and "
    f"{WORDS} words, a speaker embedding given. s/epoch is the median time of some steps of training times the steps "
    "of an epoch; what is fitted at once has the time of the whole fit in its place. p is that of a paired "
    "randomisation test by speaker of the UA against the first row. All times were taken on one machine, a system "
    "after the other."
)


def compare(
    corpus: Corpus,
    presets: Mapping[str, Config],
    protocol: str,
    workdir: str | Path,
    records_dir: str | Path | None = None,
    skip_bad: bool = False,
    report: Callable[[str], None] = print,
) -> dict[str, Any]:
    """Trains and tests systems under one protocol and measures their costs, or goes on where it was stopped.

    Args:
        corpus: The corpus.
        presets: The settings of each system, by name.
        protocol: As for `training.train`.
        workdir: The folder; it gets a run of `training.train` for each name, with its `cost.json`, and
            `comparison.json`, `comparison.md` and, where LiteRT runs any of the systems, `comparison.png`.
        records_dir: Where features are kept from run to run; `records` beside the workdir if None.
        skip_bad: As for `training.train`.
        report: Called with lines of progress.

    Returns:
        The content of `comparison.json`: `corpus`, `protocol`, `notes`, and `rows` by falling UA, each with `variant`,
        `presets`, `cost` as `cost.measure` gives it, `wa` and `ua` with `mean`, `std` and `ci95`, and `p`, None in the
        first row and where all utterances are of one speaker.

    Raises:
        EmotionTFError: If there is nothing to compare, or as for `training.train`.
    """
    if not presets:
        raise EmotionTFError("there is nothing to compare", expected="at least one preset")
    workdir = Path(workdir)
    records_dir = Path(records_dir) if records_dir else workdir.parent / "records"
    for name, config in presets.items():
        report(f"{name}:")
        train(corpus, config, protocol, workdir / name, records_dir, skip_bad, report=report)
        # Keras keeps every network of the process until it is told to let go.
        keras.utils.clear_session()
    # Costs come after all training, so that they are taken under conditions that are as like as can be.
    for name, config in presets.items():
        path = workdir / name / "cost.json"
        if not path.exists():
            report(f"{name}: measuring its cost")
            write_json(path, measure(workdir / name, corpus, config, records_dir, skip_bad))
            keras.utils.clear_session()
    return write_comparison(workdir, list(presets), corpus.transcripts)


def write_comparison(workdir: Path, names: list[str], transcripts: str) -> dict[str, Any]:
    """Collates finished runs with their costs and writes the three files of `compare`.

    Args:
        workdir: The folder of the runs.
        names: Their names.
        transcripts: Whose transcripts they read.

    Returns:
        The content of `comparison.json`.
    """
    rows = evaluation.collate([workdir / name for name in names])
    rows.sort(key=lambda row: row.results[transcripts].ua.mean, reverse=True)
    results = [row.results[transcripts] for row in rows]
    costs = [read_json(workdir / result.runs[0] / "cost.json") for result in results]
    first = results[0]
    chances = [
        None
        if result is first or None in (result.ua.ci95, first.ua.ci95)
        else evaluation.compare(workdir / first.runs[0], workdir / result.runs[0])["ua"]["p"]
        for result in results
    ]
    content = {
        "corpus": rows[0].corpus,
        "protocol": rows[0].protocol,
        "notes": list(dict.fromkeys(note for result in results for note in result.notes)),
        "rows": [
            {
                "variant": row.variant,
                "presets": list(result.runs),
                "cost": cost,
                "wa": asdict(result.wa),
                "ua": asdict(result.ua),
                "p": chance,
            }
            for row, result, cost, chance in zip(rows, results, costs, chances, strict=True)
        ],
    }
    write_json(workdir / "comparison.json", content)
    table = [replace(row, details=_details(cost, p)) for row, cost, p in zip(rows, costs, chances, strict=True)]
    text = "\n\n".join([evaluation.render(table, "markdown").rstrip(), EXPLANATION, _overlaps(rows, transcripts)])
    write_text(workdir / "comparison.md", text + "\n")
    points = [
        Point(row.variant, cost["litert_milliseconds"], result.ua)
        for row, result, cost in zip(rows, results, costs, strict=True)
        if cost["litert_milliseconds"] is not None
    ]
    if points:
        with replacing(workdir / "comparison.png") as path:
            score_against_time(points).savefig(path, dpi=200)
    return content


def _details(cost: dict[str, Any], p: float | None) -> dict[str, str]:
    """The cells of a row that say what it costs."""
    training, milliseconds = cost["training"], cost["litert_milliseconds"]
    return {
        "parameters": f"{cost['parameters']:,}",
        "multiply-adds (M)": f"{cost['multiply_adds'] / 1e6:.1f}",
        "s/epoch": f"{training['seconds']:.1f}" + " (whole fit)" * (training["of"] == "fit"),
        "LiteRT ms": cost["litert_refusal"] if milliseconds is None else f"{milliseconds:.1f}",
        "p": "–" if p is None else f"{p:.4f}",
    }


def _overlaps(rows: list[Row], transcripts: str) -> str:
    """Which intervals reach into that of the best."""
    best, *others = [(row.variant, row.results[transcripts].ua.ci95) for row in rows]
    _, interval = best
    near = [name for name, own in others if own is None or interval is None or own[1] >= interval[0]]
    if not near:
        return f"The interval of {best[0]} lies above all others."
    return f"UA intervals that overlap that of the best, {best[0]}: {'; '.join(near)}."
