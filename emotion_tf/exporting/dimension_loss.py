"""What an artefact loses of the dimensions of a model."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from emotion_tf.evaluation.dimensions import concordance


@dataclass(frozen=True)
class DimensionLoss:
    """What an artefact loses of the dimensions.

    Args:
        largest: The largest difference from the Keras model, as a share of the range of the dimension.
        mean: The mean difference over utterances of a corpus, of the dimension where that is largest, as a share of its
            range; None without a corpus.
        ccc: Mean concordance of the artefact with the ratings of the test part; None where nothing is rated there.
        ccc_lost: By how much the concordance of the Keras model is higher, of the dimension where that is most; None
            likewise.
    """

    largest: float
    mean: float | None = None
    ccc: float | None = None
    ccc_lost: float | None = None


def dimension_loss(
    received: np.ndarray,
    expected: np.ndarray,
    ratings: np.ndarray,
    scales: Mapping[str, tuple[float, float]],
    real: int,
) -> DimensionLoss:
    """What an artefact loses of the dimensions.

    Args:
        received: (N, D) what the artefact says; those of the test part come first, and those made by code last.
        expected: (N, D) what Keras says.
        ratings: (T, D) ratings of the test part, NaN where one is missing.
        scales: The D dimensions with the ends of their ranges.
        real: Number of utterances that were not made by code.

    Example:

    >>> ratings, said = np.array([[1.0], [2.0], [3.0]]), np.array([[1.0], [2.0], [3.0], [5.0]])
    >>> dimension_loss(said + 1, said, ratings, {"arousal": (1.0, 5.0)}, real=3)
    DimensionLoss(largest=0.25, mean=0.25, ccc=0.571..., ccc_lost=0.428...)
    """
    widths = np.array([high - low for low, high in scales.values()])
    shares = np.abs(received - expected) / widths
    mean = float(shares[:real].mean(axis=0).max()) if real else None
    before, after = (concordances(said[: len(ratings)], ratings) for said in (expected, received))
    if not len(before):
        return DimensionLoss(float(shares.max()), mean)
    return DimensionLoss(float(shares.max()), mean, float(after.mean()), float((before - after).max()))


def concordances(said: np.ndarray, ratings: np.ndarray) -> np.ndarray:
    """The concordance of each dimension that has two ratings or more.

    Args:
        said: (T, D) what a model says.
        ratings: (T, D) ratings, NaN where one is missing.
    """
    pairs = [
        (said[~np.isnan(rated), place].astype(np.float64), rated[~np.isnan(rated)])
        for place, rated in enumerate(ratings.T)
    ]
    return np.array([concordance(rated, own) for own, rated in pairs if len(rated) > 1])
