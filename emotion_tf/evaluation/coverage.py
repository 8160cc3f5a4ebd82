"""What is gained by staying silent: how often a model errs if it answers only where it is sure."""

import numpy as np

from emotion_tf.evaluation.predictions import Predictions
from emotion_tf.evaluation.result import Selective, Threshold

THRESHOLDS = (0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
"""Least confidences whose consequences are listed."""


def risk_coverage(predictions: Predictions) -> tuple[np.ndarray, np.ndarray]:
    """The error rate among the utterances that are answered, as the model answers more and more of them.

    The surest are answered first; confidence is the probability of the predicted class. Of utterances that are equally
    sure none comes first: they are answered together, in shares.

    Args:
        predictions: N utterances.

    Returns:
        Coverage (N,), the share that is answered, from 1 / N to 1; and risk (N,), the share of these that is wrong. The
        mean of the risk is the area under the curve, AURC.

    Reference:
        Geifman, El-Yaniv, "Selective Classification for Deep Neural Networks", NeurIPS 2017.

    Example:

    >>> probabilities = [[0.9, 0.1, 0, 0], [0.4, 0.6, 0, 0], [0.8, 0.2, 0, 0]]
    >>> coverage, risk = risk_coverage(Predictions("abc", [0, 0, 0], "XYZ", [0, 0, 0], probabilities))
    >>> risk
    array([0.        , 0.        , 0.33333333])
    """
    wrong = predictions.predicted != predictions.labels
    _, group, sizes = np.unique(-predictions.probabilities.max(axis=1), return_inverse=True, return_counts=True)
    answered = np.concatenate([[0], np.cumsum(sizes)])
    errors = np.concatenate([[0], np.cumsum(np.bincount(group, wrong))])
    counts = np.arange(1, len(wrong) + 1)
    return counts / len(wrong), np.interp(counts, answered, errors) / counts


def selective(predictions: Predictions) -> Selective:
    """What is gained by answering in part, for the least confidences `THRESHOLDS`."""
    confidence = predictions.probabilities.max(axis=1)
    right = predictions.predicted == predictions.labels
    _, risk = risk_coverage(predictions)
    thresholds = []
    for least in THRESHOLDS:
        answered = confidence >= least
        accuracy = float(right[answered].mean()) if answered.any() else None
        thresholds.append(Threshold(least, coverage=float(answered.mean()), accuracy=accuracy))
    return Selective(float(risk.mean()), thresholds)
