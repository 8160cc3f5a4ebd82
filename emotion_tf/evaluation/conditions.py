"""What tests of one run under several conditions have in common: a table of predictions for each."""

from pathlib import Path
from typing import Any

from emotion_tf.evaluation.metrics import metrics
from emotion_tf.evaluation.page import cell, interval, number, page, table
from emotion_tf.evaluation.predictions import Predictions
from emotion_tf.evaluation.run import read_run
from emotion_tf.utils.files import write_json, write_text

MEASURES = ("ua", "ua_ci95", "wa", "wa_ci95")

HEADERS = {
    "word_error_rate": "word error rate",
    "ua": "UA",
    "ua_ci95": "95 % interval",
    "wa": "WA",
    "wa_ci95": "95 % interval",
    "expected_calibration_error": "calibration error",
}
"""What the measures are called in a table."""


def judge_conditions(folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Judges a run under each condition.

    Args:
        folder: It holds `config.json`, which lists the conditions, and `predictions/CONDITION.csv` for each of them.

    Returns:
        The content of `config.json`, and the result: `corpus`, `protocol`, `notes`, the number of utterances `n`, and
        `conditions`, for each its `ua` and `wa`, their 95 % intervals over speakers `ua_ci95` and `wa_ci95`, and its
        `expected_calibration_error`.

    Raises:
        EmotionTFError: If a file is missing or is not what such a test leaves behind.
    """
    config = read_run(folder)
    conditions, counts = {}, set()
    for name in config["conditions"]:
        predictions = Predictions.read(folder / "predictions" / f"{name}.csv")
        found = metrics(predictions, config["protocol"])
        conditions[name] = {
            **{measure: found[measure] for measure in MEASURES},
            "expected_calibration_error": found["calibration"]["expected_calibration_error"],
        }
        counts.add(found["n"])
    result = {
        **{name: config[name] for name in ("corpus", "protocol", "notes")},
        "n": max(counts),
        "conditions": conditions,
    }
    return config, result


def write_conditions(
    folder: Path, name: str, config: dict[str, Any], result: dict[str, Any], title: str, drawing: str
) -> None:
    """Writes the result of such a test as JSON, and `report.html` beside it.

    Args:
        folder: Where both go.
        name: Name of the JSON file.
        config: The content of `config.json`.
        result: As `judge_conditions` gives it; every condition has the same measures, of `HEADERS`.
        title: Heading of the section with the figure and the table.
        drawing: HTML of the figure.
    """
    write_json(folder / name, result)
    conditions = result["conditions"]
    measures = next(iter(conditions.values()))
    rows = (
        (condition, *(interval(value) if "ci95" in measure else cell(value) for measure, value in of.items()))
        for condition, of in conditions.items()
    )
    body = f"<h2>{title}</h2>\n{drawing}\n" + table(("condition", *(HEADERS[measure] for measure in measures)), rows)
    subtitle = f"Corpus {config['corpus']} · protocol {config['protocol']} · {number(result['n'], 'utterance')}"
    write_text(folder / "report.html", page(folder.resolve().name, subtitle, config["notes"], body, config))
