"""The support vector machine against scikit-learn's."""

import importlib

import numpy as np
import pytest
import references
import tensorflow as tf
from checks import check_model, padded, random_frames
from scipy.special import log_softmax
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from small_models import check_equations, fitted_for, small

from emotion_tf.errors import EmotionTFError
from emotion_tf.models import build

# The package has a function of the module's name.
svm = importlib.import_module("emotion_tf.models.svm")

CONFIG = small("name=svm", "modality=audio")
FITTED = fitted_for(CONFIG)


def statistics(_, frames, __):
    return [references.statistics(frames, np.ones(len(frames), bool))]


def part(seed, labels):
    """Utterances whose level and spread go with their class, not without overlap."""
    rng = np.random.default_rng(seed)
    deviation = np.sqrt(FITTED.variance)
    utterances = []
    for label in labels:
        frames = random_frames(FITTED, int(rng.integers(3, 30)), rng)
        utterances.append(frames * (1 + 0.01 * label) + 0.5 * deviation * rng.normal(size=frames.shape[1]))
    return [utterance.astype("float32") for utterance in utterances]


def batches(utterances, labels):
    whole = padded([{"features": utterance} for utterance in utterances])
    return tf.data.Dataset.from_tensor_slices((whole, np.eye(4, dtype="float32")[labels])).batch(16)


def vectors(utterances):
    """The statistics of normalised utterances, in float64."""
    normalized = [(frames - FITTED.mean) / np.sqrt(FITTED.variance) for frames in utterances]
    return np.stack([statistics(None, frames, None)[0].ravel() for frames in normalized])


def test_contract():
    check_model(CONFIG, FITTED)


def test_forward_pass():
    check_equations(CONFIG, statistics)


@pytest.mark.parametrize("present", [(0, 1, 2, 3), (1, 3)], ids=["four classes", "two classes"])
def test_decisions_are_those_of_scikit_learn(monkeypatch, present):
    monkeypatch.setattr(svm, "COSTS", (0.01,))
    labels = np.resize(present, 80)
    utterances, dev = part(0, labels), part(1, labels)
    network = build(CONFIG, FITTED)
    data = batches(utterances, labels)
    svm.fit(network, data, batches(dev, labels), data, ["Ann"] * 40 + ["Bob"] * 40, CONFIG.training)

    machine = make_pipeline(StandardScaler(), LinearSVC(C=0.01, dual="auto", random_state=0))
    decisions = machine.fit(vectors(utterances), labels).decision_function(vectors(dev))
    if len(present) == 2:
        decisions = np.stack([-decisions, decisions], axis=1)
    logits = np.log(network.predict(batches(dev, labels), verbose=0))[:, present]
    # A softmax hides what is added to all classes, so each is compared with the first.
    decisions, logits = decisions - decisions[:, :1], logits - logits[:, :1]
    temperature = np.sqrt(np.sum(decisions**2) / np.sum(logits**2))
    np.testing.assert_allclose(logits * temperature, decisions, rtol=1e-3, atol=1e-3)

    rows = np.searchsorted(present, labels)
    if len(present) == 4:
        losses = [
            -log_softmax(decisions / (share * temperature), axis=1)[np.arange(80), rows].mean()
            for share in (0.9, 1, 1.1)
        ]
        assert losses[1] < min(losses[0], losses[2])


def test_one_class_cannot_be_separated():
    labels = np.full(8, 2)
    data = batches(part(0, labels), labels)
    with pytest.raises(EmotionTFError, match="nothing to separate .* expected two emotions or more, received neutral"):
        svm.fit(build(CONFIG, FITTED), data, data, data, ["Ann", "Bob"] * 4, CONFIG.training)


def test_cost_is_the_best_for_speakers_not_known():
    """Every speaker has a tell, which serves to know nobody else."""
    rng = np.random.default_rng(0)
    classes, speakers = rng.integers(0, 4, 200), np.repeat(list("ABCDE"), 40)
    vectors = np.zeros((200, 24))
    vectors[:, :4] = rng.normal(size=(200, 4)) + 1.5 * np.eye(4)[classes]
    for number, speaker in enumerate("ABCDE"):
        rows = speakers == speaker
        vectors[rows, 4 + 4 * number : 8 + 4 * number] = rng.permutation(np.eye(4))[classes[rows]]

    def machine(cost):
        return LinearSVC(C=cost, dual="auto", max_iter=10_000, random_state=0)

    def recall_of_others(cost):
        predicted = np.zeros(200, int)
        for speaker in "ABCDE":
            known = speakers != speaker
            fitted = make_pipeline(StandardScaler(), machine(cost)).fit(vectors[known], classes[known])
            predicted[~known] = fitted.predict(vectors[~known])
        return np.mean([np.mean(predicted[classes == label] == label) for label in range(4)])

    best = max(svm.COSTS, key=recall_of_others)
    assert svm._choose_cost(machine(1.0), vectors, classes, list(speakers)) == best
    # The tells would have another one.
    assert svm._choose_cost(machine(1.0), vectors, classes, list(map(str, range(200)))) != best


def test_one_speaker_is_divided_by_utterance():
    rng = np.random.default_rng(0)
    classes = np.resize(range(4), 40)
    vectors = rng.normal(size=(40, 6)) + 3 * np.eye(4, 6)[classes]
    machine = LinearSVC(dual="auto", max_iter=10_000, random_state=0)
    assert svm._choose_cost(machine, vectors, classes, ["Ann"] * 40) in svm.COSTS
