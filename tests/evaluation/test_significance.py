import dataclasses
import itertools
import json
from dataclasses import asdict, replace

import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn.metrics import accuracy_score, balanced_accuracy_score

from emotion_tf.errors import EmotionTFError
from emotion_tf.evaluation import compare
from emotion_tf.evaluation.metrics import metrics
from emotion_tf.evaluation.predictions import Predictions
from emotion_tf.evaluation.significance import paired_test


def with_predicted(predictions: Predictions, predicted: np.ndarray) -> Predictions:
    return dataclasses.replace(predictions, probabilities=np.eye(4)[predicted])


@pytest.fixture
def rival(many):
    """Another system on the same utterances, somewhat worse."""
    predicted = many.predicted.copy()
    changed = np.random.default_rng(3).choice(len(predicted), 70, replace=False)
    predicted[changed] = np.random.default_rng(4).integers(0, 4, 70)
    return with_predicted(many, predicted)


def test_p_values_equal_swapping_predictions(many, rival):
    """The definition, spelt out: the predictions of every set of speakers change sides, and all is scored anew."""
    speakers = np.array(many.speakers)
    everyone = sorted(set(many.speakers))
    assert 2 ** len(everyone) < 10_000
    for name, score in (("wa", accuracy_score), ("ua", balanced_accuracy_score)):
        differences = []
        for chosen in itertools.product((False, True), repeat=len(everyone)):
            swap = np.isin(speakers, list(itertools.compress(everyone, chosen)))
            one = np.where(swap, rival.predicted, many.predicted)
            other = np.where(swap, many.predicted, rival.predicted)
            differences.append(score(many.labels, one) - score(many.labels, other))
        observed = differences[0]
        found = getattr(paired_test(many, rival), name)
        assert found.a == pytest.approx(score(many.labels, many.predicted))
        assert found.b == pytest.approx(score(many.labels, rival.predicted))
        assert found.difference == pytest.approx(observed)
        assert found.p == pytest.approx(np.mean(np.abs(differences) >= abs(observed) - 1e-9))
        assert 0.001 < found.p < 0.9


def test_many_speakers_equal_the_sign_test(make):
    """24 speakers of one angry utterance each: every speaker is won or lost, so that swapping is tossing coins."""
    speakers = "abcdefghijklmnopqrstuvwx"
    a = make("a" * 24, "a" * 17 + "h" * 7, speakers, "0" * 24)
    b = make("a" * 24, "h" * 17 + "a" * 7, speakers, "0" * 24)
    found = paired_test(a, b)
    assert found.wa.p == pytest.approx(binomtest(17, 24).pvalue, abs=0.01)
    assert found.ua.p == found.wa.p


def test_few_speakers_by_hand(make):
    """Five speakers, all won: only all swaps and no swap are as extreme, two of 32."""
    a = make("ahnsa", "ahnsa", "VWXYZ", "00000")
    b = make("ahnsa", "nnahh", "VWXYZ", "00000")
    assert asdict(paired_test(a, b)) == {
        "runs": [],
        "seeds": [1, 1],
        "margin": None,
        "protocol": "",
        "n": 5,
        "speakers": 5,
        "wa": {"a": 1.0, "b": 0.0, "difference": 1.0, "ci95": [1.0, 1.0], "p": 2 / 32, "p_alike": None},
        "ua": {"a": 1.0, "b": 0.0, "difference": 1.0, "ci95": [1.0, 1.0], "p": 2 / 32, "p_alike": None},
    }


def test_equal_sums_are_ties_whatever_the_order_of_adding(make):
    """Two speakers are lost by 2/6 and 1/6, two won by as much; added up in floats, that leaves a little."""
    assert -2 / 6 - 1 / 6 + 2 / 6 + 1 / 6 != 0
    found = paired_test(make("aaaaaa", "hhhaaa", "WWXYYZ", "000000"), make("aaaaaa", "aaahhh", "WWXYYZ", "000000"))
    assert found.ua.p == 1.0
    assert found.wa.p == 1.0


def test_a_run_does_not_differ_from_itself(many):
    found = paired_test(many, many)
    assert found.n == 300
    for name in ("wa", "ua"):
        assert getattr(found, name).p == 1.0
        assert getattr(found, name).difference == 0.0
        assert getattr(found, name).ci95 == [0.0, 0.0]


def test_swapping_the_systems_changes_signs_only(many, rival):
    one, other = paired_test(many, rival), paired_test(rival, many)
    for name in ("wa", "ua"):
        assert getattr(one, name).difference == -getattr(other, name).difference
        assert getattr(one, name).p == getattr(other, name).p
        assert getattr(one, name).ci95 == pytest.approx([-end for end in reversed(getattr(other, name).ci95)])


def test_interval_against_one_that_is_always_wrong_is_that_of_the_other(many):
    """The difference is then the score itself, whose interval `metrics` computes from whole confusion matrices."""
    wrong = with_predicted(many, (many.labels + 1) % 4)
    found, expected = paired_test(many, wrong), metrics(many, "speaker-kfold:3")
    assert found.wa.ci95 == pytest.approx(expected.wa_ci95)
    assert found.ua.ci95 == pytest.approx(expected.ua_ci95)


def test_interval_when_resamples_lack_an_emotion(make):
    """One resample in four holds only X, and one only Y; a wins X's angry, b wins Y's happy."""
    found = paired_test(make("ah", "aa", "XY", "00"), make("ah", "hh", "XY", "00"))
    assert found.ua.ci95 == [-1.0, 1.0]
    assert found.wa.ci95 == [-1.0, 1.0]


def test_order_of_the_utterances_does_not_matter(many, rival):
    order = np.random.default_rng(5).permutation(300)
    shuffled = Predictions(
        [rival.ids[place] for place in order],
        rival.folds[order],
        [rival.speakers[place] for place in order],
        rival.labels[order],
        rival.probabilities[order],
    )
    assert paired_test(many, shuffled) == paired_test(many, rival)


@pytest.mark.parametrize(
    ("labels", "speakers", "folds", "message"),
    [
        ("aan", "XYY", "001", "'utterance 1'; expected label happy, speaker Y, fold 0, received label angry"),
        (
            "ahn",
            "XXY",
            "001",
            "'utterance 1'; expected label happy, speaker Y, fold 0, received label happy, speaker X",
        ),
        ("ahn", "XYY", "011", "'utterance 1'; .* received label happy, speaker Y, fold 1"),
        ("ahnn", "XYYY", "0011", "not tested on the same utterances; .* received 4, with 'utterance 3' on one side"),
        ("ah", "XY", "00", "not tested on the same utterances; .* received 2, with 'utterance 2' on one side"),
    ],
)
def test_runs_that_were_not_tested_alike(labels, speakers, folds, message, make):
    with pytest.raises(EmotionTFError, match=message):
        paired_test(make("ahn", "ahn", "XYY", "001"), make(labels, labels, speakers, folds))


def test_one_speaker_shows_nothing(make):
    with pytest.raises(EmotionTFError, match="one speaker .* received 2 utterances of X"):
        paired_test(make("ah", "ah", "XX", "00"), make("ah", "aa", "XX", "00"))


@pytest.fixture
def workdirs(many, rival, tmp_path):
    for name, predictions in (("a", many), ("b", rival)):
        predictions.write(tmp_path / name / "predictions.csv")
        config = {"protocol": "speaker-kfold:3", "corpus": "demo", "notes": [], "settings": {}}
        (tmp_path / name / "config.json").write_text(json.dumps(config))
    return tmp_path / "a", tmp_path / "b"


def test_compare_reads_runs(workdirs, many, rival):
    found = compare(*workdirs)
    assert found == replace(paired_test(many, rival), runs=[*map(str, workdirs)], protocol="speaker-kfold:3")
    assert json.loads(json.dumps(asdict(found), allow_nan=False)) == asdict(found)


@pytest.mark.parametrize("name", ["config.json", "predictions.csv"])
def test_compare_needs_finished_runs(name, workdirs):
    (workdirs[1] / name).unlink()
    with pytest.raises(EmotionTFError, match=f"b is no finished run; expected a folder with {name}"):
        compare(*workdirs)


def test_compare_needs_one_protocol(workdirs):
    path = workdirs[1] / "config.json"
    path.write_text(path.read_text().replace("speaker-kfold:3", "random:3"))
    with pytest.raises(EmotionTFError, match="different protocols; expected speaker-kfold:3, received random:3"):
        compare(*workdirs)
