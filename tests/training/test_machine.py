"""The machine over functionals against scikit-learn by hand, and a run of it."""

import importlib
import json

import numpy as np
import pytest
from made_corpus import make_corpus
from sklearn.metrics import balanced_accuracy_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

import emotion_tf
from emotion_tf.config import Config
from emotion_tf.errors import EmotionTFError
from emotion_tf.evaluation import collate
from emotion_tf.evaluation.predictions import Predictions
from emotion_tf.recipes import preset
from emotion_tf.training import machine, train

CONFIG = preset("baseline-egemaps").override("training.dev_splits=3")


def made(seed, count=120, speakers="ABCDE"):
    """Vectors that tell classes apart, and each speaker by a tell that is of no use for another."""
    rng = np.random.default_rng(seed)
    classes, owners = rng.integers(0, 4, count), np.resize(list(speakers), count)
    vectors = rng.normal(size=(count, 12))
    vectors[:, :4] += 1.2 * np.eye(4)[classes]
    return vectors, classes, owners


def test_choice_is_the_best_for_speakers_not_known():
    vectors, classes, owners = made(0)

    def score(candidate):
        predicted = np.zeros(len(classes), int)
        for owner in "ABCDE":
            known = owners != owner
            pipeline = make_pipeline(StandardScaler(), SVC(class_weight="balanced", **candidate))
            # What scikit-learn's `predict` says comes from votes between pairs, which give no probabilities.
            decisions = pipeline.fit(vectors[known], classes[known]).decision_function(vectors[~known])
            predicted[~known] = decisions.argmax(axis=1)
        return balanced_accuracy_score(classes, predicted)

    fitted, held_out = machine.fit_machine(vectors, classes, list(owners), 4, CONFIG.training)
    assert fitted.chosen == max(machine.CANDIDATES, key=score)
    assert balanced_accuracy_score(classes, held_out.argmax(axis=1)) == pytest.approx(score(fitted.chosen))
    by_hand = make_pipeline(StandardScaler(), SVC(class_weight="balanced", **fitted.chosen)).fit(vectors, classes)
    others, truth, _ = made(1)
    found = fitted.probabilities(others)
    np.testing.assert_array_equal(found.argmax(axis=1), by_hand.decision_function(others).argmax(axis=1))
    np.testing.assert_allclose(found.sum(axis=1), 1)
    # The temperature makes confidence and accuracy alike, which it could not without speakers held out.
    accuracy = (found.argmax(axis=1) == truth).mean()
    assert abs(found.max(axis=1).mean() - accuracy) < 0.1


def test_two_of_four_classes_and_one_speaker():
    vectors, classes, _ = made(2, count=40)
    classes = np.where(classes > 1, 3, 1)
    vectors[:, 0] += 3.0 * (classes == 3)
    fitted, held_out = machine.fit_machine(vectors, classes, ["Ann"] * 40, 4, CONFIG.training)
    assert set(held_out.argmax(axis=1)) == set(fitted.probabilities(vectors).argmax(axis=1)) == {1, 3}
    with pytest.raises(EmotionTFError, match="nothing to separate"):
        machine.fit_machine(vectors, np.full(40, 2), ["Ann"] * 40, 4, CONFIG.training)


def test_run_holds_what_every_run_holds_and_says_why_it_is_not_exported(tmp_path, monkeypatch):
    corpus = make_corpus(tmp_path / "corpus", speakers=4)
    rng = np.random.default_rng(0)
    labels = [("angry", "happy", "neutral", "sad").index(item.label) for item in corpus.utterances]
    vectors = (rng.normal(size=(len(labels), 6)) + 3 * np.eye(4, 6)[labels]).astype("float32")
    monkeypatch.setattr(
        importlib.import_module("emotion_tf.dataset.extract"),
        "functionals",
        lambda utterances, *rest: (tuple(utterances), vectors),
    )
    monkeypatch.setattr(machine, "CANDIDATES", machine.CANDIDATES[2:6:3])
    run = tmp_path / "run"
    result = train(corpus, CONFIG, "speaker-kfold:2", run)
    assert result.ua > 0.5 and result.folds[0].temperature is not None
    assert json.loads((run / "model" / "machine.json").read_text())["kernel"] in ("linear", "rbf")
    for fold in (0, 1):
        tested = Predictions.read(run / f"fold_{fold}" / "predictions.csv")
        dev = Predictions.read(run / f"fold_{fold}" / "dev_predictions.csv")
        assert len(tested.ids) == 8 and not set(dev.speakers) & set(tested.speakers)
    assert [row.variant for row in collate([run])] == ["eGeMAPS, SVM (audio)"]
    for use in (lambda: emotion_tf.load(run), lambda: emotion_tf.export(run, tmp_path / "export")):
        with pytest.raises(EmotionTFError, match="openSMILE's functionals, which is no network"):
            use()


def test_settings_are_those_of_a_machine_that_hears():
    with pytest.raises(EmotionTFError, match="expected audio for the model compare_svm"):
        Config().override("model.name=compare_svm")
