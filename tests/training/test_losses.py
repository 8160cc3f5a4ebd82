"""The loss of pairs, by hand."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from emotion_tf.config import Config
from emotion_tf.training import compile_network
from emotion_tf.training.losses import ClassificationAndVerification

RNG = np.random.default_rng(0)
LABELS = np.array([0, 2, 2, 1, 3, 0])
PROBABILITIES = RNG.dirichlet(np.ones(4), 6)


def by_hand(labels, probabilities, weight, smoothing=0.0):
    """Losses (B,), pair by pair."""
    losses = []
    for i in range(len(labels)):
        target = (1 - smoothing) * np.eye(4)[labels[i]] + smoothing / 4
        loss = -np.sum(target * np.log(probabilities[i]))
        pairs = []
        for j in range(len(labels)):
            if j != i:
                same = probabilities[i] @ probabilities[j]
                pairs.append(-np.log(same if labels[i] == labels[j] else 1 - same))
        losses.append(loss + weight * (np.mean(pairs) if pairs else 0))
    return losses


@pytest.mark.parametrize("size", [6, 2, 1])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_equals_the_sum_over_pairs(size, smoothing):
    loss = ClassificationAndVerification(0.7, smoothing, reduction=None)
    found = loss(np.eye(4, dtype="float32")[LABELS[:size]], PROBABILITIES[:size].astype("float32"))
    expected = by_hand(LABELS[:size], PROBABILITIES[:size], 0.7, smoothing)
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_slopes_are_finite_where_the_network_is_sure():
    sure = keras.Variable(np.eye(4, dtype="float32")[[0, 0, 1, 2]])
    with tf.GradientTape() as tape:
        loss = ClassificationAndVerification(1.0)(np.eye(4, dtype="float32")[[0, 1, 1, 3]], sure.value)
    assert np.isfinite(loss) and np.isfinite(tape.gradient(loss, sure.value)).all()


@pytest.mark.parametrize("weight", [0, 2])
def test_settings_put_it_into_training(weight):
    inputs = keras.Input((4,))
    network = keras.Model(inputs, keras.layers.Activation("linear")(inputs))
    settings = Config().override(f"training.verification={weight}", "training.label_smoothing=0.1").training
    compile_network(network, settings, steps_per_epoch=1)
    found = network.evaluate(PROBABILITIES, np.eye(4)[LABELS], batch_size=len(LABELS), verbose=0, return_dict=True)[
        "loss"
    ]
    assert found == pytest.approx(np.mean(by_hand(LABELS, PROBABILITIES, weight, 0.1)), rel=1e-5)


def test_config_round_trip():
    loss = ClassificationAndVerification(0.7, 0.1)
    assert ClassificationAndVerification.from_config(loss.get_config()).get_config() == loss.get_config()
