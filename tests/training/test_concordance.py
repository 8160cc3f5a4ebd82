"""The concordance loss and its gradient against NumPy in float64, and what is missing."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from emotion_tf.training.concordance import ConcordanceLoss


def by_hand(ratings, predicted):
    """Mean over the dimensions of one minus the concordance of what is rated."""
    losses = []
    for column in range(ratings.shape[1]):
        rated = ~np.isnan(ratings[:, column])
        x, y = ratings[rated, column], predicted[rated, column]
        if len(x) < 2 or not (x.var() + y.var() + (x.mean() - y.mean()) ** 2):
            losses.append(0.0)
            continue
        covariance = np.cov(x, y, bias=True)[0, 1]
        losses.append(1 - 2 * covariance / (x.var() + y.var() + (x.mean() - y.mean()) ** 2))
    return np.mean(losses)


def made(seed, missing):
    generator = np.random.default_rng(seed)
    ratings = generator.uniform(1, 7, (16, 3))
    ratings[generator.random(ratings.shape) < missing] = np.nan
    return ratings, generator.normal(4, 2, (16, 3))


def loss_and_gradient(ratings, predicted):
    variable = tf.Variable(predicted, dtype=tf.float64)
    with tf.GradientTape() as tape:
        loss = ConcordanceLoss(dtype="float64")(tf.constant(ratings), variable)
    return float(loss), tape.gradient(loss, variable).numpy()


@pytest.mark.parametrize("missing", [0.0, 0.3])
@pytest.mark.parametrize("seed", range(5))
def test_loss_and_gradient_against_numpy(seed, missing):
    ratings, predicted = made(seed, missing)
    loss, gradient = loss_and_gradient(ratings, predicted)
    assert loss == pytest.approx(by_hand(ratings, predicted), abs=1e-6)
    step = 1e-6
    for place in np.ndindex(predicted.shape):
        more, less = predicted.copy(), predicted.copy()
        more[place] += step
        less[place] -= step
        slope = (by_hand(ratings, more) - by_hand(ratings, less)) / (2 * step)
        assert gradient[place] == pytest.approx(slope, abs=1e-6)


def test_what_counts_for_nothing():
    ratings, predicted = made(0, 0.0)
    ratings[:, 1] = np.nan
    ratings[1:, 2] = np.nan
    loss, gradient = loss_and_gradient(ratings, predicted)
    assert loss == pytest.approx(by_hand(ratings, predicted), abs=1e-12)
    assert not gradient[:, 1:].any() and np.isfinite(gradient).all()
    constant = np.full((4, 1), 3.0)
    loss, gradient = loss_and_gradient(constant, constant)
    assert loss == 0 and not gradient.any()


def test_saved_and_loaded():
    loss = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(ConcordanceLoss(name="c")))
    assert type(loss) is ConcordanceLoss and loss.name == "c"
