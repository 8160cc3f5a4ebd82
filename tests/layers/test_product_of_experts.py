"""The product of two opinions against Bayes' rule."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from emotion_tf.layers import ProductOfExperts

RNG = np.random.default_rng(0)
PRIOR = np.array([0.4, 0.3, 0.2, 0.1])
LOGITS = [RNG.normal(0, 2, (3, 4)).astype("float32") for _ in range(2)]
AUDIO = RNG.normal(size=(3, 7, 5)).astype("float32")
WORDS = RNG.integers(1, 9, (3, 6), dtype="int32")


def make(**kwargs):
    return ProductOfExperts(np.log(PRIOR), **kwargs)


def softmax(logits):
    values = np.exp(np.asarray(logits, np.float64))
    return values / values.sum(axis=-1, keepdims=True)


def test_contract(tmp_path):
    layer = make()
    found = layer([[LOGITS[0], AUDIO], [LOGITS[1], WORDS]])
    assert layer.trainable_weights == [] and len(layer.weights) == 1
    twin = ProductOfExperts.from_config(layer.get_config())
    np.testing.assert_array_equal(twin([[LOGITS[0], AUDIO], [LOGITS[1], WORDS]]), found)
    inputs = [keras.Input(shape, dtype=dtype) for shape, dtype in (((4,), None), ((None, 5), None), ((None,), "int32"))]
    model = keras.Model(inputs, make()([[inputs[0], inputs[1]], [inputs[0], inputs[1], inputs[2]]]))
    assert model.output.shape == (None, 4)
    model.save(tmp_path / "model.keras")
    given = [LOGITS[0], AUDIO, WORDS]
    np.testing.assert_array_equal(keras.saving.load_model(tmp_path / "model.keras")(given), model(given))


@pytest.mark.parametrize(("policy", "tolerance"), [("mixed_float16", 0.01), ("mixed_bfloat16", 0.05)])
def test_half_precision(policy, tolerance):
    inputs = [[LOGITS[0], AUDIO], [LOGITS[1], WORDS]]
    np.testing.assert_allclose(keras.ops.cast(make(dtype=policy)(inputs), "float32"), make()(inputs), atol=tolerance)


def test_bayes_rule():
    # Of two observations that are independent given the class, from a table that is known as a whole.
    likelihood = [RNG.dirichlet(np.ones(3), 4) for _ in range(2)]  # p(observation | class)
    for first in range(3):
        for second in range(3):
            opinions = [likelihood[0][:, first] * PRIOR, likelihood[1][:, second] * PRIOR]
            expected = opinions[0] * likelihood[1][:, second]
            logits = [np.log(opinion / opinion.sum())[np.newaxis] for opinion in opinions]
            found = make()([[logits[0], AUDIO[:1]], [logits[1], WORDS[:1]]])
            np.testing.assert_allclose(found[0], expected / expected.sum(), atol=1e-6)


@pytest.mark.parametrize("sharpness", [1.0, 0.5])
def test_who_was_given_nothing_does_not_count(sharpness):
    audio, words = AUDIO.copy(), WORDS.copy()
    audio[1], words[2] = 0, 0
    layer = make()
    layer.build(None)
    layer.set_weights([np.array(sharpness)])
    found = layer([[LOGITS[0], audio], [LOGITS[1], words]]).numpy()
    together = sharpness * (LOGITS[0][0] + LOGITS[1][0] - np.log(PRIOR))
    np.testing.assert_allclose(found, softmax([together, LOGITS[1][1], LOGITS[0][2]]), atol=1e-6)
    nothing = layer([[LOGITS[0], 0 * audio], [LOGITS[1], 0 * words]])
    np.testing.assert_allclose(nothing, np.tile(PRIOR, (3, 1)), atol=1e-6)


def test_who_needs_both_has_no_say_where_one_is_lacking():
    audio, words = AUDIO.copy(), WORDS.copy()
    audio[1], words[2] = 0, 0
    found = make()([[LOGITS[0], audio], [LOGITS[1], audio, words]])
    together = LOGITS[0][0] + LOGITS[1][0] - np.log(PRIOR)
    np.testing.assert_allclose(found, softmax([together, np.log(PRIOR), LOGITS[0][2]]), atol=1e-6)


def test_padding_changes_nothing():
    inputs = [[LOGITS[0], AUDIO], [LOGITS[1], WORDS]]
    longer = [[LOGITS[0], np.pad(AUDIO, [(0, 0), (3, 9), (0, 0)])], [LOGITS[1], np.pad(WORDS, [(0, 0), (0, 4)])]]
    np.testing.assert_array_equal(make()(longer), make()(inputs))


def test_gradients_reach_both_but_not_those_who_were_given_nothing():
    words = WORDS * np.array([[1], [0], [1]], "int32")
    logits = [tf.constant(values) for values in LOGITS]
    with tf.GradientTape() as tape:
        tape.watch(logits)
        loss = tf.reduce_sum(make()([[logits[0], AUDIO], [logits[1], words]]) * tf.constant([1.0, 2.0, 3.0, 4.0]))
    heard, read = (slope.numpy() for slope in tape.gradient(loss, logits))
    assert np.isfinite(heard).all() and np.abs(heard).max(axis=1).min() > 0
    np.testing.assert_array_equal(read.any(axis=1), [True, False, True])
