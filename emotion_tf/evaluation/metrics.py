"""The figures by which emotion recognisers are compared: `metrics.json`."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import entr, rel_entr
from sklearn.metrics import (
    accuracy_score,
    confusion_matrix,
    log_loss,
    precision_recall_fscore_support,
    recall_score,
)

from emotion_tf.evaluation.coverage import selective
from emotion_tf.evaluation.dimensions import dimension_scores
from emotion_tf.evaluation.predictions import Predictions
from emotion_tf.evaluation.result import Calibration, ClassScores, FoldScores, Interval, RunResult, VoteScores

RESAMPLES = 2000
"""Number of resamples behind an interval."""

RESAMPLING_SEED = 0
"""The same predictions always have the same intervals."""

CONFIDENCE_BINS = 15
"""Number of equally wide bins of confidence in the calibration error, as Guo et al. (2017) have it."""


def weighted_accuracy(labels: ArrayLike, predicted: ArrayLike) -> float:
    """Share of utterances that are right, WA.

    Args:
        labels: (N,) true class indices.
        predicted: (N,) predicted class indices.

    Returns:
        From 0 to 1.

    Example:

    >>> weighted_accuracy([0, 0, 0, 1], [0, 0, 0, 0])
    0.75
    """
    return float(accuracy_score(labels, predicted))


def unweighted_accuracy(labels: ArrayLike, predicted: ArrayLike) -> float:
    """Mean of the recalls of the classes that occur among the labels, UA.

    Args:
        labels: (N,) true class indices.
        predicted: (N,) predicted class indices.

    Returns:
        From 0 to 1; a classifier that always gives the same class reaches 1 / number of classes.

    Example:

    >>> unweighted_accuracy([0, 0, 0, 1], [0, 0, 0, 0])
    0.5
    """
    return float(recall_score(labels, predicted, labels=np.unique(labels), average="macro"))


def reliability(predictions: Predictions) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """How often predictions of some confidence are right; confidence is the probability of the predicted class.

    Args:
        predictions: N utterances.

    Returns:
        Number of utterances, mean confidence and share of right ones, each (15,), in equally wide bins of confidence
        that hold their upper edge; zeros where a bin is empty.

    Reference:
        Guo et al., "On Calibration of Modern Neural Networks", ICML 2017.
    """
    confidence = predictions.probabilities.max(axis=1)
    inner_edges = np.linspace(0, 1, CONFIDENCE_BINS + 1)[1:-1]
    bins = np.searchsorted(inner_edges, confidence)
    counts = np.bincount(bins, minlength=CONFIDENCE_BINS)
    sums = (
        np.bincount(bins, weights, minlength=CONFIDENCE_BINS)
        for weights in (confidence, predictions.predicted == predictions.labels)
    )
    mean_confidence, share_right = (total / np.maximum(counts, 1) for total in sums)
    return counts, mean_confidence, share_right


def metrics(predictions: Predictions, protocol: str, notes: Sequence[str] = ()) -> RunResult:
    """Judges predictions. Without classes, the dimensions alone are judged.

    Args:
        predictions: The test predictions of all folds.
        protocol: The protocol by which the folds were made.
        notes: Sentences that a reader must know beside the figures, such as that speakers stand in both train and test.
    """
    if not predictions.classes:
        return RunResult(
            protocol=protocol,
            notes=list(notes),
            n=len(predictions.ids),
            folds=[
                FoldScores(int(fold), int((predictions.folds == fold).sum())) for fold in np.unique(predictions.folds)
            ],
            dimensions=dimension_scores(predictions),
        )
    labels, predicted = predictions.labels, predictions.predicted
    classes = list(range(len(predictions.classes)))
    scores = precision_recall_fscore_support(labels, predicted, labels=classes, zero_division=0.0)
    _, _, f1, support = scores
    wa_interval, ua_interval = _intervals(predictions)
    return RunResult(
        protocol=protocol,
        notes=list(notes),
        n=len(labels),
        wa=weighted_accuracy(labels, predicted),
        wa_ci95=wa_interval,
        ua=unweighted_accuracy(labels, predicted),
        ua_ci95=ua_interval,
        macro_f1=float(f1[support > 0].mean()),
        weighted_f1=float(f1 @ support / support.sum()),
        per_class={
            emotion: ClassScores(*values)
            for emotion, *values in zip(predictions.classes, *(score.tolist() for score in scores), strict=True)
        },
        confusion=confusion_matrix(labels, predicted, labels=classes).tolist(),
        folds=[_fold_scores(predictions, fold) for fold in np.unique(predictions.folds)],
        calibration=_calibration(predictions),
        selective=selective(predictions),
        votes=vote_scores(predictions),
        dimensions=dimension_scores(predictions),
    )


def figure_of_merit(predictions: Predictions) -> float:
    """The figure by which the better of two models is chosen: UA, or without classes the mean CCC of the dimensions.

    Example:

    >>> ratings = np.array([[1.0], [2.0], [3.0]])
    >>> folds = np.zeros(3, int)
    >>> rated = Predictions("abc", folds, list("XYZ"), folds, np.zeros((3, 0)), (), None, ("a",), ratings, ratings + 1)
    >>> round(figure_of_merit(rated), 4)
    0.5714
    """
    if predictions.classes:
        return unweighted_accuracy(predictions.labels, predictions.predicted)
    of_all = [scores.pooled.ccc for scores in (dimension_scores(predictions) or {}).values() if scores.pooled]
    return float(np.mean(of_all)) if of_all else 0.0


def vote_scores(predictions: Predictions) -> VoteScores | None:
    """How near probabilities come to the shares of the raters' votes; None where no utterance has votes.

    Example:

    >>> shares = np.array([[0.5, 0.5], [1.0, 0.0]])
    >>> predictions = Predictions("ab", [0, 0], "xy", [0, 0], np.array([[0.5, 0.5], [0.5, 0.5]]), ("a", "b"), shares)
    >>> scores = vote_scores(predictions)
    >>> round(scores.cross_entropy, 4), round(scores.rater_entropy, 4)
    (0.6931, 0.3466)
    """
    if predictions.votes is None:
        return None
    voted = ~np.isnan(predictions.votes).any(axis=1)
    if not voted.any():
        return None
    shares, answers = predictions.votes[voted], predictions.probabilities[voted]
    # A float32 softmax sums to one only to 1e-7, and may give zero.
    answers = np.maximum(answers, np.finfo(np.float32).tiny)
    middle = (shares + answers) / 2
    divergence = (rel_entr(shares, middle) + rel_entr(answers, middle)).sum(axis=1) / 2
    return VoteScores(
        n=int(voted.sum()),
        cross_entropy=float(-(shares * np.log(answers)).sum(axis=1).mean()),
        jensen_shannon=float(divergence.mean()),
        rater_entropy=float(entr(shares).sum(axis=1).mean()),
        model_entropy=float(entr(answers).sum(axis=1).mean()),
    )


def _fold_scores(predictions: Predictions, fold: int) -> FoldScores:
    """The scores of one fold."""
    tested = predictions.folds == fold
    labels, predicted = predictions.labels[tested], predictions.predicted[tested]
    wa, ua = weighted_accuracy(labels, predicted), unweighted_accuracy(labels, predicted)
    return FoldScores(int(fold), int(tested.sum()), wa, ua)


def _calibration(predictions: Predictions) -> Calibration:
    """How far the probabilities can be believed."""
    labels, probabilities = predictions.labels, predictions.probabilities
    classes = list(range(len(predictions.classes)))
    return Calibration(
        expected_calibration_error=expected_calibration_error(predictions),
        brier_score=float(np.square(probabilities - np.eye(len(predictions.classes))[labels]).sum(axis=1).mean()),
        # A float32 softmax sums to one only to 1e-7, which scikit-learn would warn about.
        negative_log_likelihood=float(
            log_loss(labels, probabilities / probabilities.sum(axis=1, keepdims=True), labels=classes)
        ),
    )


def expected_calibration_error(predictions: Predictions) -> float:
    """Mean over utterances of the gap between confidence and share of right ones in their bin, from 0 to 1.

    Args:
        predictions: N utterances.
    """
    counts, confidence, share_right = reliability(predictions)
    return float(counts @ np.abs(confidence - share_right) / counts.sum())


def _intervals(predictions: Predictions) -> tuple[Interval | None, Interval | None]:
    """95 % percentile bootstrap intervals of WA and UA over speakers.

    Utterances of a speaker are alike, so resampling utterances would give intervals that are too narrow for the
    request that matters: how good is this with other speakers? The trained networks stay as they are, so the spread
    between training runs is not in here.
    """
    speakers, owner = np.unique(predictions.speakers, return_inverse=True)
    if len(speakers) == 1:
        return None, None
    # (S, C, C), one confusion matrix a speaker: a resample is their sum, weighted by how often each was drawn.
    confusions = np.zeros((len(speakers), *[len(predictions.classes)] * 2), np.int64)
    np.add.at(confusions, (owner, predictions.labels, predictions.predicted), 1)
    generator = np.random.default_rng(RESAMPLING_SEED)
    drawn = generator.multinomial(len(speakers), np.full(len(speakers), 1 / len(speakers)), size=RESAMPLES)
    resampled = np.tensordot(drawn, confusions, axes=1)
    right, total = np.diagonal(resampled, axis1=1, axis2=2), resampled.sum(axis=2)
    wa = right.sum(axis=1) / total.sum(axis=1)
    # A class may be missing from a resample; its recall counts for nothing there.
    ua = (right / np.maximum(total, 1)).sum(axis=1) / np.count_nonzero(total, axis=1)
    return np.percentile(wa, (2.5, 97.5)).tolist(), np.percentile(ua, (2.5, 97.5)).tolist()
