"""From the saved predictions of a stress test to its `stress.json` and `report.html`."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from emotion_tf.errors import EmotionTFError
from emotion_tf.evaluation.metrics import metrics
from emotion_tf.evaluation.predictions import Predictions
from emotion_tf.evaluation.report.page import cell, figure, interval, number, page, table
from emotion_tf.evaluation.run import read_run
from emotion_tf.robustness.plots import error_rate_curve, stress_bars
from emotion_tf.robustness.result import ConditionResult, Kind, StressResult
from emotion_tf.utils.files import write_json, write_text

TITLES: dict[Kind, str] = {
    "sound": "Unweighted accuracy on disturbed sound",
    "words": "Unweighted accuracy on misheard words",
    "missing": "Unweighted accuracy without audio or words",
}
"""The sections of the report."""


def evaluate_stress(folder: str | Path) -> StressResult:
    """Makes `stress.json` and `report.html` of a stress test anew from its saved predictions.

    Args:
        folder: What `emotion_tf.robustness.stress` left: `config.json`, which lists the conditions, and
            `predictions/CONDITION.csv` for each of them.

    Returns:
        The content of `stress.json`.

    Raises:
        EmotionTFError: If a file is missing or is not what a stress test leaves behind.
    """
    folder = Path(folder)
    config = read_run(folder)
    try:
        judged = {name: _judge(folder, name, config) for name in config["conditions"]}
    except (AttributeError, KeyError, TypeError) as error:
        raise EmotionTFError(
            f"{folder / 'config.json'} is not what a stress test wrote", received=repr(error)
        ) from None
    result = StressResult(
        corpus=config["corpus"],
        protocol=config["protocol"],
        notes=config["notes"],
        n=max(count for _, count in judged.values()),
        conditions={name: condition for name, (condition, _) in judged.items()},
    )
    write_json(folder / "stress.json", dataclasses.asdict(result))
    _write_report(folder, config, result)
    return result


def _judge(folder: Path, name: str, config: dict[str, Any]) -> tuple[ConditionResult, int]:
    """The result under a condition, and the number of utterances."""
    found = metrics(Predictions.read(folder / "predictions" / f"{name}.csv"), config["protocol"])
    condition = ConditionResult(
        kind=config["kinds"][name],
        ua=found.ua,
        ua_ci95=found.ua_ci95,
        wa=found.wa,
        wa_ci95=found.wa_ci95,
        expected_calibration_error=found.calibration.expected_calibration_error,
        word_error_rate=config["word_error_rates"].get(name),
        recognizer=name in config["recognizers"],
    )
    return condition, found.n


def _write_report(folder: Path, config: dict[str, Any], result: StressResult) -> None:
    """Writes `report.html`, with a section for each kind of conditions."""
    sections = []
    for kind, title in TITLES.items():
        conditions = {name: condition for name, condition in result.conditions.items() if condition.kind == kind}
        if conditions:
            sections += [f"<h2>{title}</h2>", _drawing(kind, conditions), _table(conditions)]
    subtitle = f"Corpus {result.corpus} · protocol {result.protocol} · {number(result.n, 'utterance')}"
    html = page(folder.resolve().name, subtitle, result.notes, "\n".join(sections), config)
    write_text(folder / "report.html", html)


def _drawing(kind: Kind, conditions: Mapping[str, ConditionResult]) -> str:
    """The figure of a section."""
    if kind == "words":
        caption = "UA over the word error rate of the transcripts, with its 95 % interval over speakers"
        return figure(error_rate_curve(conditions), caption)
    return figure(stress_bars(conditions), "UA of each condition with its 95 % interval over speakers")


def _table(conditions: Mapping[str, ConditionResult]) -> str:
    """The table of a section."""
    misheard = any(condition.word_error_rate is not None for condition in conditions.values())
    header = ["condition", *["word error rate"] * misheard, "UA", "95 % interval", "WA", "95 % interval"]
    rows = (
        [
            name,
            *[cell(of.word_error_rate)] * misheard,
            *(cell(of.ua), interval(of.ua_ci95), cell(of.wa), interval(of.wa_ci95)),
            cell(of.expected_calibration_error),
        ]
        for name, of in conditions.items()
    )
    return table([*header, "calibration error"], rows)
