"""The golden vectors of an export, as a port to another language checks itself against them."""

import json
from pathlib import Path
from typing import Any

import numpy as np

FILE = "float32-fixed"
"""The form of the model that the samples for devices run."""


def golden(export: Path) -> dict[str, Any]:
    """The content of `golden.json`."""
    return json.loads((export / "golden" / "golden.json").read_text(encoding="utf-8"))


def check_answer(export: Path, utterance: dict[str, Any], label: str, probabilities: list[float]) -> None:
    """Compares an answer about an utterance with its golden vector, within the tolerance that the file states."""
    content = golden(export)
    expected, tolerance = utterance["probabilities"][FILE], content["tolerances"]["probabilities"][FILE]
    np.testing.assert_allclose(probabilities, expected, rtol=0, atol=tolerance)
    assert label == content["labels"][int(np.argmax(expected))]
