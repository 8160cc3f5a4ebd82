"""From the saved predictions on misheard transcripts to their `misheard.json` and `report.html`."""

from pathlib import Path
from typing import Any

from emotion_tf.evaluation.conditions import judge_conditions, write_conditions
from emotion_tf.evaluation.page import figure
from emotion_tf.evaluation.plots import error_rate_curve


def evaluate_misheard(folder: str | Path) -> dict[str, Any]:
    """Makes `misheard.json` and `report.html` of a test on misheard transcripts anew from its saved predictions.

    Args:
        folder: What `emotion_tf.training.misheard_curve` left: `config.json`, which lists the transcripts, whose of
            them are those of recognisers and what their word error rates are, and `predictions/TRANSCRIPTS.csv` for
            each.

    Returns:
        What `misheard.json` holds: as `evaluate_stress` has it, with the `word_error_rate` of each condition, and the
        names of the `recognizers` among them; the errors of the others are simulated.

    Raises:
        EmotionTFError: If a file is missing or is not what such a test leaves behind.
    """
    config, result = judge_conditions(Path(folder))
    result["recognizers"] = config["recognizers"]
    result["conditions"] = {
        name: {"word_error_rate": config["word_error_rates"][name], **of} for name, of in result["conditions"].items()
    }
    drawing = figure(
        error_rate_curve(result["conditions"], result["recognizers"]),
        "UA over the word error rate of the transcripts, with its 95 % interval over speakers",
    )
    write_conditions(Path(folder), "misheard.json", config, result, "Unweighted accuracy on misheard words", drawing)
    return result
