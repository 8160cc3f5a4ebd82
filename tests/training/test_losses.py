"""The loss of pairs, by hand."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy.special import rel_entr

from emotion_tf.config import Config
from emotion_tf.errors import EmotionTFError
from emotion_tf.training import compile_network
from emotion_tf.training.losses import ClassificationAndVerification, VoteDivergence, choose_loss

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


def test_vote_divergence_against_numpy():
    generator = np.random.default_rng(0)
    shares = generator.dirichlet(np.ones(5), 8)
    shares[0] = np.eye(5)[2]
    answers = generator.dirichlet(np.ones(5), 8)
    for smoothing in (0.0, 0.1):
        smooth = shares * (1 - smoothing) + smoothing / 5
        expected = np.sum(rel_entr(smooth, answers), axis=1)
        variable = tf.Variable(answers, dtype=tf.float64)
        with tf.GradientTape() as tape:
            losses = VoteDivergence(smoothing, reduction="none", dtype="float64")(shares, variable)
            total = tf.reduce_sum(losses)
        np.testing.assert_allclose(losses, expected, atol=1e-6)
        np.testing.assert_allclose(tape.gradient(total, variable), -smooth / answers, rtol=1e-6)


def test_focal_loss_by_hand():
    """(1 - p)² times the cross-entropy."""
    config = Config().override("training.focal_gamma=2")
    answers = np.array([[0.9, 0.1], [0.2, 0.8]], np.float32)
    losses = choose_loss(config)(np.eye(2, dtype=np.float32)[[0, 0]], answers)
    expected = np.mean([0.1**2 * -np.log(0.9), 0.8**2 * -np.log(0.2)])
    np.testing.assert_allclose(losses, expected, rtol=1e-5)


@pytest.mark.parametrize(
    ("settings", "kind"),
    [
        ((), keras.losses.CategoricalCrossentropy),
        (("training.verification=1",), ClassificationAndVerification),
        (("training.focal_gamma=2",), keras.losses.CategoricalFocalCrossentropy),
        (("labels.votes=true",), VoteDivergence),
    ],
)
def test_choice_of_loss(settings, kind):
    assert type(choose_loss(Config().override(*settings))) is kind


def test_focal_loss_of_pairs_is_refused():
    with pytest.raises(EmotionTFError, match=r"training\.focal_gamma is out of range; expected 0 where"):
        Config().override("training.focal_gamma=2", "training.verification=1")
