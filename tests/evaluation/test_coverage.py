import numpy as np
import pytest

from emotion_tf.evaluation.coverage import THRESHOLDS, risk_coverage, selective
from emotion_tf.evaluation.predictions import Predictions
from emotion_tf.evaluation.result import Threshold


def of_confidences(confidences, right):
    """One utterance a confidence; the predicted class is 0, the true one 0 or 1."""
    probabilities = [[value, 1 - value, 0, 0] for value in confidences]
    count = len(confidences)
    return Predictions(
        [str(n) for n in range(count)], [0] * count, ["X"] * count, [0 if r else 1 for r in right], probabilities
    )


def test_by_hand():
    """In the order of confidence right, wrong, right, wrong."""
    predictions = of_confidences([0.6, 0.9, 0.8, 0.7], [False, True, False, True])
    coverage, risk = risk_coverage(predictions)
    assert coverage.tolist() == [0.25, 0.5, 0.75, 1.0]
    assert risk == pytest.approx([0, 1 / 2, 1 / 3, 2 / 4])
    found = selective(predictions)
    assert found.area_under_risk_coverage == pytest.approx((0 + 1 / 2 + 1 / 3 + 1 / 2) / 4)
    points = {point.min_confidence: (point.coverage, point.accuracy) for point in found.thresholds}
    assert tuple(points) == THRESHOLDS
    assert points[0.4] == points[0.6] == (1.0, 0.5)
    assert points[0.7] == (0.75, pytest.approx(2 / 3))
    assert points[0.9] == (0.25, 1.0)


def test_nothing_is_answered():
    (*_, last) = selective(of_confidences([0.6, 0.6], [True, False])).thresholds
    assert last == Threshold(min_confidence=0.9, coverage=0.0, accuracy=None)


def test_equally_sure_utterances_count_in_whatever_order():
    """Two are right and one is wrong at 0.8: on average over their six orders one answer is 1/3 wrong, two are 2/3."""
    for right in ([True, True, False], [False, True, True]):
        _, risk = risk_coverage(of_confidences([0.8] * 3, right))
        assert risk == pytest.approx([1 / 3] * 3)
    _, risk = risk_coverage(of_confidences([0.8, 0.8, 0.9], [True, False, True]))
    assert risk == pytest.approx([0, 0.5 / 2, 1 / 3])


def test_many_utterances_equal_a_plain_loop(many):
    order = np.argsort(-many.probabilities.max(axis=1), kind="stable")
    wrong = (many.predicted != many.labels)[order]
    expected = [wrong[:count].mean() for count in range(1, 301)]
    _, risk = risk_coverage(many)
    np.testing.assert_allclose(risk, expected)
    assert selective(many).area_under_risk_coverage == pytest.approx(np.mean(expected))
