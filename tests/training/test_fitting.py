"""Experts, trained one after the other and asked together or alone."""

import json

import numpy as np
import pytest
from made_corpus import TINY, make_corpus
from scipy.special import softmax

from emotion_tf import models
from emotion_tf.dataset import evaluation_dataset, extract
from emotion_tf.evaluation.predictions import Predictions
from emotion_tf.robustness import retest
from emotion_tf.training import fitting, train
from emotion_tf.training.calibration import choose_temperature
from emotion_tf.training.run import load_fold

CONFIG = TINY.override("model.name=experts", "model.learned_placeholders=true", "model.batch_normalization=true")


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    return make_corpus(tmp_path_factory.mktemp("corpus"), speakers=4)


@pytest.fixture(scope="module")
def run(corpus, tmp_path_factory):
    workdir = tmp_path_factory.mktemp("work") / "run"
    train(corpus, CONFIG, "speaker-kfold:2", workdir)
    return workdir


@pytest.fixture(scope="module")
def records(run, corpus):
    return extract(corpus.utterances, CONFIG, run.parent / "records")


def test_run_has_the_history_of_each_and_nothing_to_resume_from(run):
    for modality in models.EXPERTS:
        assert (run / "fold_0" / modality / "history.csv").read_text().count("\n") == 1 + 3
    assert not list(run.rglob("checkpoint.npz"))
    found = json.loads((run / "fold_0" / "model" / "calibration.json").read_text())
    assert found.keys() == {"temperature", "experts"} and found["experts"].keys() == models.EXPERTS.keys()
    assert "Learning curves of the expert of text" in (run / "report.html").read_text()


def opinion(run, records, number, modality, predictions):
    """What an expert of a fold says by itself of the utterances of predictions, in their order."""
    speech, vocabulary = load_fold(run, number)
    utterances = [utterance for utterance in records.utterances if utterance.id in set(predictions.ids)]
    assert [utterance.id for utterance in utterances] == list(predictions.ids)
    batches = evaluation_dataset(records, models.expert_config(CONFIG, modality), utterances, vocabulary)
    return models.expert(models.inner_network(speech), modality).predict(batches, verbose=0)


def noted(run, number):
    return json.loads((run / f"fold_{number}" / "model" / "calibration.json").read_text())


def test_answer_is_the_product_of_the_answers_of_each(run, records):
    """Four emotions are equally frequent, so that the prior drops out."""
    for number in (0, 1):
        together = Predictions.read(run / f"fold_{number}" / "predictions.csv")
        opinions = [opinion(run, records, number, modality, together) for modality in models.EXPERTS]
        logits = sum(map(np.log, opinions)) / noted(run, number)["temperature"]
        np.testing.assert_allclose(together.probabilities, softmax(logits, axis=1), atol=1e-5)
        assert np.ptp(opinions, axis=0).max() > 0.01


@pytest.mark.parametrize(("without", "modality"), [("words", "audio"), ("audio", "text")])
def test_expert_answers_alone_where_the_rest_is_lacking(without, modality, run, corpus, records, tmp_path):
    retest(run, corpus, tmp_path, run.parent / "records", without=without)
    found = Predictions.read(tmp_path / "predictions.csv")
    for number in (0, 1):
        test = Predictions.read(run / f"fold_{number}" / "predictions.csv")
        expected = opinion(run, records, number, modality, test)
        np.testing.assert_allclose(found.probabilities[np.asarray(found.folds) == number], expected, atol=1e-6)


def test_temperature_of_an_expert_is_that_of_its_own_dev_predictions(run, records):
    """What it said before it was scaled, from what it says now, has the temperature that is noted."""
    dev = Predictions.read(run / "fold_0" / "dev_predictions.csv")
    for modality, calibration in noted(run, 0)["experts"].items():
        scaled = np.log(opinion(run, records, 0, modality, dev))
        before = softmax(scaled * calibration["temperature"], axis=1)
        found = choose_temperature(Predictions(dev.ids, dev.folds, dev.speakers, dev.labels, before))
        assert found == pytest.approx(calibration["temperature"], rel=1e-3)


@pytest.mark.parametrize("modality", models.EXPERTS)
def test_stopped_between_experts_ends_with_the_same_bytes(modality, run, corpus, tmp_path, monkeypatch):
    class Killed(BaseException):
        """Ends a training as a kill would: nothing catches it."""

    original = fitting.train_network

    def stopped(network, *arguments):
        original(network, *arguments)
        if network.name == models.EXPERTS[modality]:
            raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(fitting, "train_network", stopped)
        with pytest.raises(Killed):
            train(corpus, CONFIG, "speaker-kfold:2", tmp_path / "run", run.parent / "records")
    assert (tmp_path / "run" / "fold_0" / modality / "checkpoint.npz").exists()
    train(corpus, CONFIG, "speaker-kfold:2", tmp_path / "run", run.parent / "records")
    for name in ("predictions.csv", "fold_1/dev_predictions.csv"):
        assert (tmp_path / "run" / name).read_bytes() == (run / name).read_bytes()
