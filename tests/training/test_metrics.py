import warnings

import keras
import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score

from emotion_tf.training.metrics import UnweightedAccuracy


def batches(labels):
    """One-hot labels and random probabilities in batches of unequal size."""
    probabilities = np.random.default_rng(0).dirichlet(np.ones(4), len(labels)).astype("float32")
    parts = np.split(np.arange(len(labels)), [7, 20, 21])
    return probabilities.argmax(axis=1), [
        (np.eye(4, dtype="float32")[labels[part]], probabilities[part]) for part in parts
    ]


@pytest.mark.parametrize("classes", [(0, 1, 2, 3), (0, 2, 3), (1,)], ids=str)
def test_equals_scikit_learn(classes):
    labels = np.random.default_rng(1).choice(
        classes, 50, p=np.arange(1, len(classes) + 1) / sum(range(len(classes) + 1))
    )
    assert set(labels) == set(classes)
    predicted, parts = batches(labels)
    metric = UnweightedAccuracy(4)
    for y_true, y_pred in parts:
        metric.update_state(y_true, y_pred)
    with warnings.catch_warnings():
        # scikit-learn remarks that some predicted classes never occur.
        warnings.simplefilter("ignore")
        expected = balanced_accuracy_score(labels, predicted)
    assert 0 < expected < 1
    assert float(metric.result()) == pytest.approx(expected, abs=1e-6)
    assert float(metric(*parts[0])) != pytest.approx(expected, abs=1e-3)
    metric.reset_state()
    assert float(metric.result()) == 0


def test_weights_of_examples_are_ignored():
    predicted, parts = batches(np.arange(50) % 4)
    metric = UnweightedAccuracy(4)
    for y_true, y_pred in parts:
        metric.update_state(y_true, y_pred, sample_weight=np.linspace(0, 3, len(y_true)))
    assert float(metric.result()) == pytest.approx(balanced_accuracy_score(np.arange(50) % 4, predicted), abs=1e-6)


def test_config_gives_the_same_metric():
    metric = keras.saving.deserialize_keras_object(
        keras.saving.serialize_keras_object(UnweightedAccuracy(3, name="recall"))
    )
    assert isinstance(metric, UnweightedAccuracy)
    assert (metric.num_classes, metric.name) == (3, "recall")


def test_of_votes_the_majority_counts():
    metric = UnweightedAccuracy(2)
    metric.update_state([[0.75, 0.25], [0.4, 0.6]], [[0.9, 0.1], [0.9, 0.1]])
    assert float(metric.result()) == 0.5
