"""The figures by which predictions of ratings such as arousal are compared."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from emotion_tf.evaluation.result import Interval

RESAMPLES = 2000
"""Number of resamples behind an interval."""


@dataclass(frozen=True)
class RatingScores:
    """How near the predictions of one dimension come to its ratings.

    Args:
        n: Number of utterances that are rated.
        ccc: Concordance correlation coefficient, -1 to 1.
        ccc_ci95: Its 95 % interval over other speakers; None for one speaker.
        pearson: Pearson's correlation coefficient, -1 to 1.
        mean_absolute_error: In the units of the ratings.
    """

    n: int
    ccc: float
    ccc_ci95: Interval | None
    pearson: float
    mean_absolute_error: float


def concordance(ratings: np.ndarray, predicted: np.ndarray) -> float:
    """Concordance correlation coefficient of predictions (N,) with ratings (N,); 0 where all are one number.

    Example:

    >>> round(concordance(np.array([1.0, 2.0, 3.0]), np.array([2.0, 3.0, 4.0])), 4)
    0.5714

    Reference:
        Lin, "A Concordance Correlation Coefficient to Evaluate Reproducibility", Biometrics 45(1), 1989.
    """
    divisor = ratings.var() + predicted.var() + (ratings.mean() - predicted.mean()) ** 2
    covariance = ((ratings - ratings.mean()) * (predicted - predicted.mean())).mean()
    return float(2 * covariance / divisor) if divisor else 0.0


def rating_scores(ratings: np.ndarray, predicted: np.ndarray, speakers: Sequence[str]) -> RatingScores | None:
    """The scores of one dimension.

    Args:
        ratings: (N,) ratings, NaN where one is missing.
        predicted: (N,) predictions.
        speakers: N speakers, over whom the interval resamples.

    Returns:
        The scores, None where nothing is rated.
    """
    rated = ~np.isnan(ratings)
    if not rated.any():
        return None
    ratings, predicted = ratings[rated], predicted[rated]
    constant = not ratings.std() or not predicted.std()
    return RatingScores(
        n=len(ratings),
        ccc=concordance(ratings, predicted),
        ccc_ci95=_interval(ratings, predicted, np.asarray(speakers)[rated]),
        pearson=0.0 if constant else float(np.corrcoef(ratings, predicted)[0, 1]),
        mean_absolute_error=float(np.abs(ratings - predicted).mean()),
    )


def _interval(ratings: np.ndarray, predicted: np.ndarray, speakers: np.ndarray) -> Interval | None:
    """95 % percentile bootstrap interval of the concordance over speakers."""
    names, owner = np.unique(speakers, return_inverse=True)
    if len(names) == 1:
        return None
    # (S, 6): sums a speaker, from which those of a resample follow.
    terms = np.stack([np.ones_like(ratings), ratings, predicted, ratings**2, predicted**2, ratings * predicted], axis=1)
    sums = np.zeros((len(names), terms.shape[1]))
    np.add.at(sums, owner, terms)
    generator = np.random.default_rng(0)
    drawn = generator.multinomial(len(names), np.full(len(names), 1 / len(names)), size=RESAMPLES)
    count, *totals = (drawn @ sums).T
    mean_true, mean_pred, square_true, square_pred, product = (total / count for total in totals)
    divisor = square_true + square_pred - 2 * mean_true * mean_pred
    agreement = 2 * (product - mean_true * mean_pred) / np.where(divisor > 0, divisor, 1)
    return np.percentile(np.where(divisor > 0, agreement, 0.0), (2.5, 97.5)).tolist()
