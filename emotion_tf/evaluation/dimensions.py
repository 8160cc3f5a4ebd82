"""The figures by which predictions of ratings such as arousal are compared."""

import numpy as np
from numpy.typing import ArrayLike

from emotion_tf.evaluation.predictions import Predictions
from emotion_tf.evaluation.result import DimensionScores, Interval, RatingScores

RESAMPLES = 2000
"""Number of resamples behind an interval."""

LEAST = 1e-12
"""A smaller variance is that of equal numbers."""


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


def rating_scores(ratings: np.ndarray, predicted: np.ndarray, speakers: ArrayLike) -> RatingScores | None:
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
    ends = _intervals(ratings, predicted, np.asarray(speakers)[rated])
    return RatingScores(
        n=len(ratings),
        ccc=concordance(ratings, predicted),
        ccc_ci95=ends[0],
        pearson=0.0 if constant else float(np.corrcoef(ratings, predicted)[0, 1]),
        pearson_ci95=ends[1],
        mean_absolute_error=float(np.abs(ratings - predicted).mean()),
        mean_absolute_error_ci95=ends[2],
    )


def dimension_scores(predictions: Predictions) -> dict[str, DimensionScores] | None:
    """The scores of each dimension, pooled and by fold; None without dimensions."""
    ratings, estimates = predictions.ratings, predictions.estimates
    if ratings is None or estimates is None:
        return None
    speakers = np.asarray(predictions.speakers)
    found = {}
    for place, name in enumerate(predictions.dimensions):
        folds = {}
        for fold in np.unique(predictions.folds):
            tested = predictions.folds == fold
            scores = rating_scores(ratings[tested, place], estimates[tested, place], speakers[tested])
            if scores is not None:
                folds[str(fold)] = scores
        found[name] = DimensionScores(rating_scores(ratings[:, place], estimates[:, place], speakers), folds)
    return found


def _intervals(
    ratings: np.ndarray, predicted: np.ndarray, speakers: np.ndarray
) -> tuple[Interval | None, Interval | None, Interval | None]:
    """95 % percentile bootstrap intervals over speakers of concordance, correlation and mean absolute error."""
    names, owner = np.unique(speakers, return_inverse=True)
    if len(names) == 1:
        return None, None, None
    # (S, 7): sums a speaker, from which those of a resample follow. What is far from zero would lose digits.
    offset = ratings.mean()
    x, y = ratings - offset, predicted - offset
    terms = np.stack([np.ones_like(x), x, y, x**2, y**2, x * y, np.abs(x - y)], axis=1)
    sums = np.zeros((len(names), terms.shape[1]))
    np.add.at(sums, owner, terms)
    generator = np.random.default_rng(0)
    drawn = generator.multinomial(len(names), np.full(len(names), 1 / len(names)), size=RESAMPLES)
    count, *totals = (drawn @ sums).T
    mean_true, mean_pred, square_true, square_pred, product, error = (total / count for total in totals)
    covariance = product - mean_true * mean_pred
    variances = square_true - mean_true**2, square_pred - mean_pred**2
    found = []
    for share, divisor in (
        (2 * covariance, variances[0] + variances[1] + (mean_true - mean_pred) ** 2),
        (covariance, np.sqrt(np.maximum(variances[0], 0) * np.maximum(variances[1], 0))),
    ):
        found.append(np.where(divisor > LEAST, share / np.where(divisor > LEAST, divisor, 1), 0.0))
    ends = [np.percentile(values, (2.5, 97.5)).tolist() for values in (*found, error)]
    return ends[0], ends[1], ends[2]
