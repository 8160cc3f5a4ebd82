import warnings

import keras
import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score

from emotion_tf.training.metrics import MeanConcordance, UnweightedAccuracy


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


@pytest.mark.parametrize("offset", [0.0, 1000.0])
def test_concordance_over_batches_is_that_of_numpy(offset):
    generator = np.random.default_rng(2)
    ratings = (generator.normal(size=(50, 3)) + offset).astype(np.float32)
    said = (0.5 * ratings + 0.4 * offset + 0.3 * generator.normal(size=(50, 3))).astype(np.float32)
    ratings[generator.random((50, 3)) < 0.3] = np.nan
    ratings[:20, 1] = np.nan  # the first batches have nothing of it
    ratings[1:, 2] = np.nan  # one rating says nothing
    metric = MeanConcordance(3)
    for part in np.split(np.arange(50), [7, 20, 21]):
        metric.update_state(ratings[part], said[part])
    expected = []
    for of, own in list(zip(ratings.T.astype(float), said.T.astype(float), strict=True))[:2]:
        there = ~np.isnan(of)
        covariance = np.cov(of[there], own[there], bias=True)
        shift = of[there].mean() - own[there].mean()
        expected.append(2 * covariance[0, 1] / (covariance.trace() + shift**2))
    assert float(metric.result()) == pytest.approx(np.mean(expected), rel=1e-3 if offset else 1e-5)
    metric.reset_state()
    assert float(metric.result()) == 0
    assert MeanConcordance.from_config(metric.get_config()).dimensions == 3
