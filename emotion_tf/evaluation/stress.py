"""From the saved predictions of a stress test to its `stress.json` and `report.html`."""

from pathlib import Path
from typing import Any

from emotion_tf.evaluation.metrics import metrics
from emotion_tf.evaluation.page import cell, figure, interval, number, page, table
from emotion_tf.evaluation.plots import stress_bars
from emotion_tf.evaluation.predictions import Predictions
from emotion_tf.evaluation.run import read_run
from emotion_tf.files import write_json, write_text

MEASURES = ("ua", "ua_ci95", "wa", "wa_ci95")


def evaluate_stress(folder: str | Path) -> dict[str, Any]:
    """Makes `stress.json` and `report.html` of a stress test anew from its saved predictions.

    Args:
        folder: What `emotion_tf.training.stress` left: `config.json`, which lists the conditions, and
            `predictions/CONDITION.csv` for each of them.

    Returns:
        What `stress.json` holds: `corpus`, `protocol`, `notes`, the number of utterances `n`, and `conditions`, for
        each its `ua` and `wa`, their 95 % intervals over speakers `ua_ci95` and `wa_ci95`, and its
        `expected_calibration_error`. The first condition is the undisturbed one.

    Raises:
        EmotionTFError: If a file is missing or is not what a stress test leaves behind.
    """
    folder = Path(folder)
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
    write_json(folder / "stress.json", result)
    body = "\n".join(
        [
            "<h2>Unweighted accuracy under stress</h2>",
            figure(stress_bars(conditions), "UA of each condition with its 95 % interval over speakers"),
            table(
                ("condition", "UA", "95 % interval", "WA", "95 % interval", "calibration error"),
                (
                    (name, *(interval(value) if "ci95" in measure else cell(value) for measure, value in of.items()))
                    for name, of in conditions.items()
                ),
            ),
        ]
    )
    subtitle = f"Corpus {config['corpus']} · protocol {config['protocol']} · {number(result['n'], 'utterance')}"
    write_text(folder / "report.html", page(folder.resolve().name, subtitle, config["notes"], body, config))
    return result
