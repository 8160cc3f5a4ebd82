"""A small set of predictions whose every figure can be worked out by hand."""

import numpy as np
import pytest

from emotion_tf.evaluation.predictions import Predictions
from emotion_tf.labels import FOUR


def make_predictions(labels: str, predicted: str, speakers: str, folds: str, confidence: float = 0.7) -> Predictions:
    """Predictions from initials of the emotions, speakers and folds, one letter an utterance."""
    initials = "".join(emotion[0] for emotion in FOUR)
    probabilities = np.full((len(labels), 4), (1 - confidence) / 3)
    probabilities[range(len(labels)), [initials.index(letter) for letter in predicted]] = confidence
    return Predictions(
        [f"utterance {number}" for number in range(len(labels))],
        np.array([int(fold) for fold in folds]),
        list(speakers),
        np.array([initials.index(letter) for letter in labels]),
        probabilities,
    )


@pytest.fixture
def make():
    return make_predictions


@pytest.fixture
def eight() -> Predictions:
    """Eight utterances of three speakers in two folds; six are right."""
    return make_predictions("aahhnnns", "ahhhnnss", "XXXYYYZZ", "00011111")


@pytest.fixture
def many() -> Predictions:
    """300 random predictions, right more often than not, of eleven speakers with unequal shares."""
    generator = np.random.default_rng(7)
    labels = generator.integers(0, 4, 300)
    logits = generator.normal(size=(300, 4)) + 1.5 * np.eye(4)[labels]
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    speakers = [f"speaker {number}" for number in generator.binomial(10, 0.4, 300)]
    return Predictions([str(number) for number in range(300)], np.arange(300) % 3, speakers, labels, probabilities)
