import dataclasses
import json
import warnings
from dataclasses import asdict

import numpy as np
import pytest
import sklearn.metrics
from scipy.spatial.distance import jensenshannon
from scipy.stats import entropy
from sklearn.calibration import calibration_curve

from emotion_tf.evaluation.metrics import metrics, reliability, unweighted_accuracy, weighted_accuracy
from emotion_tf.evaluation.predictions import Predictions
from emotion_tf.evaluation.result import RunResult


def test_eight_utterances_by_hand(eight):
    found = asdict(metrics(eight, "speaker-kfold:2", ["A note."]))
    assert (found["protocol"], found["notes"], found["n"]) == ("speaker-kfold:2", ["A note."], 8)
    assert found["wa"] == 6 / 8
    assert found["ua"] == pytest.approx((1 / 2 + 1 + 2 / 3 + 1) / 4)
    assert found["macro_f1"] == pytest.approx((2 / 3 + 4 / 5 + 4 / 5 + 2 / 3) / 4)
    assert found["per_class"] == {
        "angry": {"precision": 1.0, "recall": 0.5, "f1": pytest.approx(2 / 3), "support": 2},
        "happy": {"precision": pytest.approx(2 / 3), "recall": 1.0, "f1": pytest.approx(4 / 5), "support": 2},
        "neutral": {"precision": 1.0, "recall": pytest.approx(2 / 3), "f1": pytest.approx(4 / 5), "support": 3},
        "sad": {"precision": 0.5, "recall": 1.0, "f1": pytest.approx(2 / 3), "support": 1},
    }
    assert found["confusion"] == [[1, 1, 0, 0], [0, 2, 0, 0], [0, 0, 2, 1], [0, 0, 0, 1]]
    # Fold 0 holds angry, angry and happy, of which the second is wrong; fold 1 the other five, of which one is wrong.
    assert found["folds"] == [
        {"fold": 0, "n": 3, "wa": pytest.approx(2 / 3), "ua": pytest.approx((1 / 2 + 1) / 2), "temperature": None},
        {"fold": 1, "n": 5, "wa": 4 / 5, "ua": pytest.approx((1 + 2 / 3 + 1) / 3), "temperature": None},
    ]
    # Confidence is 0.7 throughout; the others have 0.1. Right: 0.3² + 3 · 0.1². Wrong: 0.9² + 0.7² + 2 · 0.1².
    assert found["calibration"] == {
        "expected_calibration_error": pytest.approx(0.75 - 0.7),
        "brier_score": pytest.approx((6 * 0.12 + 2 * 1.32) / 8),
        "negative_log_likelihood": pytest.approx(-(6 * np.log(0.7) + 2 * np.log(0.1)) / 8),
    }


def test_many_utterances_equal_scikit_learn(many):
    found = asdict(metrics(many, "speaker-kfold:3"))
    assert found["wa"] == sklearn.metrics.accuracy_score(many.labels, many.predicted)
    assert found["ua"] == pytest.approx(sklearn.metrics.balanced_accuracy_score(many.labels, many.predicted))
    for average in ("macro", "weighted"):
        expected = sklearn.metrics.f1_score(many.labels, many.predicted, average=average)
        assert found[f"{average}_f1"] == pytest.approx(expected)
    calibration = found["calibration"]
    log_loss = sklearn.metrics.log_loss(many.labels, many.probabilities)
    assert calibration["negative_log_likelihood"] == pytest.approx(log_loss)
    one_against_rest = [
        sklearn.metrics.brier_score_loss(many.labels == index, many.probabilities[:, index]) for index in range(4)
    ]
    assert calibration["brier_score"] == pytest.approx(sum(one_against_rest))


def test_reliability_equals_scikit_learn(many):
    counts, confidence, share_right = reliability(many)
    right = many.predicted == many.labels
    expected_right, expected_confidence = calibration_curve(right, many.probabilities.max(axis=1), n_bins=15)
    np.testing.assert_allclose(share_right[counts > 0], expected_right)
    np.testing.assert_allclose(confidence[counts > 0], expected_confidence)
    assert counts.sum() == 300
    assert len(counts) == 15


def test_calibration_error_over_two_bins_by_hand():
    """Two utterances at confidence 0.4, one right; two at 0.9, both right."""
    unsure, sure = [0.4, 0.2, 0.2, 0.2], [0.9, 0.1, 0.0, 0.0]
    predictions = Predictions("pqrs", [0] * 4, "AABB", [0, 1, 0, 0], [unsure, unsure, sure, sure])
    counts, confidence, share_right = reliability(predictions)
    full = np.flatnonzero(counts)
    assert full.tolist() == [5, 13]  # 0.4 is the upper edge of bin 5, from 5 / 15 to 6 / 15.
    assert counts[full].tolist() == [2, 2]
    assert confidence[full] == pytest.approx([0.4, 0.9])
    assert share_right[full].tolist() == [0.5, 1.0]
    error = metrics(predictions, "random:2").calibration.expected_calibration_error
    assert error == pytest.approx(0.5 * abs(0.4 - 0.5) + 0.5 * abs(0.9 - 1.0))


def test_impossible_by_its_own_account_costs_much_but_is_finite():
    certain = Predictions(["a"], [0], ["A"], [1], [[1.0, 0.0, 0.0, 0.0]])
    assert 30 < metrics(certain, "random:2").calibration.negative_log_likelihood < 1000


def test_classes_that_do_not_occur_count_for_nothing():
    labels, predicted = [0, 0, 3, 3], [0, 1, 3, 3]
    assert unweighted_accuracy(labels, predicted) == (1 / 2 + 1) / 2
    assert weighted_accuracy(labels, predicted) == 3 / 4


def test_metrics_without_some_classes(make):
    """Happy is predicted but does not occur, neutral neither: no warning, no NaN, and means over the other two."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = asdict(metrics(make("aass", "ahss", "XXYY", "0000"), "random:2"))
    assert found["ua"] == (1 / 2 + 1) / 2
    assert found["macro_f1"] == pytest.approx((2 / 3 + 1) / 2)
    assert found["per_class"]["neutral"] == {"precision": 0.0, "recall": 0.0, "f1": 0.0, "support": 0}


def test_float32_probabilities_raise_no_warning(many):
    single = Predictions(many.ids, many.folds, many.speakers, many.labels, many.probabilities.astype(np.float32))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        metrics(single, "speaker-kfold:3")


def test_result_is_json(many):
    found = asdict(metrics(many, "speaker-kfold:3"))
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_intervals_equal_a_plain_loop(many):
    """The draws are the same, the sums are not: here each resample is a list of utterances."""
    speakers = sorted(set(many.speakers))
    generator = np.random.default_rng(0)
    wa, ua = [], []
    for drawn in generator.multinomial(len(speakers), [1 / len(speakers)] * len(speakers), size=2000):
        pairs = []
        for speaker, times in zip(speakers, drawn, strict=True):
            own = [
                (label, predicted)
                for label, predicted, owner in zip(many.labels, many.predicted, many.speakers, strict=True)
                if owner == speaker
            ]
            pairs += own * int(times)
        wa.append(np.mean([label == predicted for label, predicted in pairs]))
        recalls = []
        for emotion in {label for label, _ in pairs}:
            recalls.append(np.mean([predicted == emotion for label, predicted in pairs if label == emotion]))
        ua.append(np.mean(recalls))
    found = asdict(metrics(many, "speaker-kfold:3"))
    assert found["wa_ci95"] == pytest.approx(np.percentile(wa, [2.5, 97.5]))
    assert found["ua_ci95"] == pytest.approx(np.percentile(ua, [2.5, 97.5]))
    assert found["wa_ci95"][0] < found["wa"] < found["wa_ci95"][1]


def test_intervals_resample_speakers_and_not_their_utterances(make):
    """Speakers who are all alike leave no doubt, although half of their utterances are wrong."""
    alike = asdict(metrics(make("ahahah", "aaaaaa", "XXYYZZ", "000000"), "random:2"))
    assert alike["wa_ci95"] == [0.5, 0.5]
    assert alike["ua_ci95"] == [0.5, 0.5]


def test_intervals_of_one_speaker_right_and_one_wrong(make):
    """One resample in four holds only the first, one in four only the second; only the first is ever angry."""
    found = asdict(metrics(make("ah", "aa", "XY", "01"), "random:2"))
    assert found["wa_ci95"] == [0.0, 1.0]
    assert found["ua_ci95"] == [0.0, 1.0]


def test_one_speaker_has_no_interval(make):
    found = asdict(metrics(make("ah", "aa", "XX", "01"), "random:2"))
    assert found["wa_ci95"] is None
    assert found["ua_ci95"] is None


def test_votes_against_scipy():
    generator = np.random.default_rng(0)
    shares, answers = generator.dirichlet(np.ones(3), (2, 6))
    shares[4] = np.nan
    made = Predictions(
        [str(number) for number in range(6)], [0] * 6, ["a"] * 6, [0] * 6, answers, ("x", "y", "z"), shares
    )
    scores = metrics(made, "speaker-kfold:2").votes
    kept = [0, 1, 2, 3, 5]
    pairs = [(shares[place], answers[place]) for place in kept]
    assert scores.n == 5
    assert scores.cross_entropy == pytest.approx(np.mean([-(p * np.log(q)).sum() for p, q in pairs]))
    assert scores.jensen_shannon == pytest.approx(np.mean([jensenshannon(p, q) ** 2 for p, q in pairs]))
    assert scores.rater_entropy == pytest.approx(np.mean([entropy(p) for p, _ in pairs]))
    assert scores.model_entropy == pytest.approx(np.mean([entropy(q) for _, q in pairs]))
    assert metrics(dataclasses.replace(made, votes=None), "speaker-kfold:2").votes is None


def test_votes_are_written_and_read(tmp_path):
    shares = np.array([[0.25, 0.75], [np.nan, np.nan]])
    made = Predictions(["a", "b"], [0, 0], ["x", "y"], [1, 0], [[0.5, 0.5], [0.4, 0.6]], ("u", "v"), shares)
    plain = Predictions(["c"], [0], ["x"], [1], [[0.5, 0.5]], ("u", "v"))
    joined = Predictions.concatenate([made, plain])
    joined.write(tmp_path / "p.csv")
    np.testing.assert_array_equal(Predictions.read(tmp_path / "p.csv").votes, [*shares, [np.nan, np.nan]])
    result = metrics(joined, "speaker-kfold:2")
    result.save(tmp_path / "metrics.json")
    assert RunResult.load(tmp_path / "metrics.json") == result
