import dataclasses

import keras
import numpy as np
import pytest
from scipy.optimize import brentq
from sklearn.metrics import log_loss

from emotion_tf.evaluation.predictions import Predictions
from emotion_tf.models import scale_probabilities
from emotion_tf.training import calibration
from emotion_tf.training.calibration import choose_temperature, fit_temperature


def softmax(logits):
    return np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)


def drawn(count, temperature, seed=0):
    """Predictions of logits that are `temperature` times as large as those by which the labels were drawn."""
    generator = np.random.default_rng(seed)
    logits = generator.normal(scale=1.5, size=(count, 4))
    labels = [generator.choice(4, p=row) for row in softmax(logits)]
    numbers = [str(number) for number in range(count)]
    return Predictions(numbers, np.zeros(count), ["X"] * count, labels, softmax(temperature * logits))


def scaled(predictions, temperature):
    return softmax(np.log(predictions.probabilities) / temperature)


@pytest.mark.parametrize("temperature", [0.6, 1.0, 2.5])
def test_much_data_gives_back_the_temperature(temperature):
    assert fit_temperature(drawn(20_000, temperature)) == pytest.approx(temperature, rel=0.05)


def test_without_a_prior_it_is_the_least_log_loss(monkeypatch):
    monkeypatch.setattr(calibration, "PRIOR_DEVIATION", 1e6)
    predictions = drawn(200, 1.8)
    found = fit_temperature(predictions)
    grid = np.linspace(0.5, 4, 1401)
    losses = [log_loss(predictions.labels, scaled(predictions, value), labels=range(4)) for value in grid]
    assert found == pytest.approx(grid[np.argmin(losses)], abs=0.003)


def test_by_hand():
    """Four times the logit a against three zeros, right three times: the slope of the cost in t = log T is zero.

    With p the probability at e⁻ᵗ a, the derivative of the log loss is a e⁻ᵗ (3 - 4 p), that of the prior t / 0.2².
    """
    logit = np.log(0.97 / 0.01)
    predictions = Predictions("abcd", [0] * 4, "XXYY", [0, 0, 0, 1], [[0.97, 0.01, 0.01, 0.01]] * 4)

    def slope(t):
        sharp = logit * np.exp(-t)
        probability = np.exp(sharp) / (np.exp(sharp) + 3)
        return sharp * (3 - 4 * probability) + t / 0.2**2

    assert fit_temperature(predictions) == pytest.approx(np.exp(brentq(slope, -1, 1)), abs=1e-4)


def test_little_data_leaves_much_as_it_is():
    few, many = fit_temperature(drawn(20, 3.0)), fit_temperature(drawn(2000, 3.0))
    assert 1.05 < few < 2.0 < 2.7 < many


def test_certainty_that_is_wrong_is_finite():
    certain = Predictions("ab", [0, 0], "XY", [1, 0], [[1.0, 0.0, 0.0, 0.0]] * 2)
    assert 2 < fit_temperature(certain) < 4


def of_speakers(predictions, speakers):
    names = [f"speaker {number % speakers}" for number in range(len(predictions.ids))]
    return dataclasses.replace(predictions, speakers=names)


@pytest.mark.parametrize("temperature", [0.4, 2.5])
def test_what_betters_the_log_loss_of_other_speakers_is_kept(temperature):
    predictions = of_speakers(drawn(400, temperature), 4)
    assert choose_temperature(predictions) == fit_temperature(predictions) != 1


def test_what_does_not_better_it_is_not_kept():
    """One speaker of two is sure and wrong, the other sure and right: what is fitted on one is bad for the other."""
    sure, wrong = [0.97, 0.01, 0.01, 0.01], [1] * 10
    predictions = Predictions(
        [str(number) for number in range(40)],
        [0] * 40,
        ["Ann"] * 20 + ["Bob"] * 20,
        [0] * 20 + [0] * 10 + wrong,
        [[0.6, 0.2, 0.1, 0.1]] * 20 + [sure] * 20,
    )
    assert fit_temperature(predictions) != 1
    assert choose_temperature(predictions) == 1


def test_one_speaker_makes_a_network_less_sure_but_not_surer():
    unsure, sure = (of_speakers(drawn(200, temperature), 1) for temperature in (0.5, 2.0))
    assert fit_temperature(unsure) < 0.8 and choose_temperature(unsure) == 1
    assert choose_temperature(sure) == fit_temperature(sure) > 1.3


def test_one_utterance_says_nothing():
    assert choose_temperature(Predictions("a", [0], "X", [1], [[0.97, 0.01, 0.01, 0.01]])) == 1


@pytest.mark.parametrize("temperature", [0.5, 3.0])
def test_network_says_the_scaled_probabilities(temperature):
    keras.utils.set_random_seed(3)
    inputs = keras.Input((5,))
    hidden = keras.layers.Dense(6, activation="relu", name="hidden")(inputs)
    layer = keras.layers.Dense(4, activation="softmax", bias_initializer="random_normal", name="probabilities")
    network = keras.Model(inputs, layer(hidden))
    x = np.random.default_rng(0).normal(scale=3, size=(50, 5))
    before = np.asarray(network(x), np.float64)
    scale_probabilities(network, temperature)
    after = np.asarray(network(x), np.float64)
    np.testing.assert_allclose(after, softmax(np.log(before) / temperature), atol=1e-5)
    np.testing.assert_array_equal(after.argmax(axis=1), before.argmax(axis=1))
    assert np.abs(after - before).max() > 0.05
