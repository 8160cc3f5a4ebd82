"""From the saved predictions of a stress test to its `stress.json` and `report.html`."""

from pathlib import Path
from typing import Any

from emotion_tf.evaluation.conditions import judge_conditions, write_conditions
from emotion_tf.evaluation.page import figure
from emotion_tf.evaluation.plots import stress_bars


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
    config, result = judge_conditions(Path(folder))
    drawing = figure(stress_bars(result["conditions"]), "UA of each condition with its 95 % interval over speakers")
    write_conditions(Path(folder), "stress.json", config, result, "Unweighted accuracy under stress", drawing)
    return result
