import keras
import numpy as np
import pytest
import tensorflow as tf
from checks import check_layer
from references import statistics

from emotion_tf.errors import EmotionTFError
from emotion_tf.layers import StatisticalPooling

RNG = np.random.default_rng(0)

# All negative in the first half of the filters: a zero from padding would win their maximum.
MAPS = (RNG.normal(size=(5, 11, 2, 6)) - [9, 9, 9, 0, 0, 0]).astype("float32")

# One row a case: padding behind, holes before and amid, nothing masked, one position, all masked.
MASK = np.ones((5, 11), bool)
MASK[0, 7:] = False
MASK[1, [0, 1, 4, 5]] = False
MASK[3, 1:] = False
MASK[4] = False


def test_contract():
    check_layer(StatisticalPooling, MAPS, MASK, long_inputs=RNG.normal(60, 10, size=(2, 3000, 2, 6)).astype("float32"))


@pytest.mark.parametrize("maps", [MAPS, MAPS[:, :, 0], MAPS[:, :, 0, 0]], ids=["two scales", "one scale", "one number"])
@pytest.mark.parametrize("mask", [None, MASK], ids=["whole", "masked"])
def test_equals_the_formula(maps, mask):
    found = StatisticalPooling()(maps, mask=mask)
    rows = MASK | True if mask is None else mask
    expected = [statistics(*row) for row in zip(maps, rows, strict=True)]
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


def test_by_hand_under_a_mask():
    maps = np.array([[[-1.0], [50.0], [-2.0], [-6.0], [70.0]]], "float32")
    found = StatisticalPooling()(maps, mask=np.array([[True, False, True, True, False]]))
    # The average is -3 and the distances from it are 2, 1 and 3: the variance is 14 / 3.
    np.testing.assert_allclose(np.ravel(found), [-1, -3, np.sqrt(14 / 3)], rtol=1e-6)


def test_a_small_spread_around_a_large_average_is_not_lost():
    maps = np.tile(np.array([999.0, 1001.0], "float32"), 50).reshape(1, 100, 1)
    np.testing.assert_allclose(np.ravel(StatisticalPooling()(maps)), [1001, 1000, 1], rtol=1e-6)


def test_constant_map_has_a_finite_slope():
    maps = tf.ones((1, 4, 1))
    with tf.GradientTape() as tape:
        tape.watch(maps)
        pooled = StatisticalPooling()(maps)
    assert np.isfinite(tape.gradient(pooled, maps)).all()


def test_masked_positions_get_no_slope():
    maps = tf.constant(MAPS)
    with tf.GradientTape() as tape:
        tape.watch(maps)
        pooled = StatisticalPooling()(maps, mask=MASK)
    slopes = tape.gradient(pooled, maps).numpy()
    assert np.any(slopes[MASK]) and not np.any(slopes[~MASK])


@pytest.mark.parametrize("chosen", [("max", "average", "deviation"), ("deviation",), ("max",), ("average", "max")])
def test_slopes_are_those_of_small_changes(chosen):
    order = ["max", "average", "deviation"]
    maps, weights = MAPS[..., ::3], RNG.normal(size=(5, len(chosen), 2, 2))

    def weighted(maps):
        whole = np.stack([statistics(*row) for row in zip(maps, MASK, strict=True)])
        return np.sum(weights * whole[:, [order.index(name) for name in chosen]], axis=(1, 2, 3))

    expected, step = np.zeros(maps.shape), 1e-6
    for place in np.ndindex(maps.shape[1:]):
        change = np.zeros(maps.shape)
        change[(slice(None), *place)] = step
        expected[(slice(None), *place)] = (weighted(maps + change) - weighted(maps - change)) / (2 * step)
    maps = tf.constant(maps)
    with tf.GradientTape() as tape:
        tape.watch(maps)
        loss = tf.reduce_sum(StatisticalPooling(chosen)(maps, mask=MASK) * weights.astype("float32"))
    found = tape.gradient(loss, maps)
    np.testing.assert_allclose(found, expected, atol=1e-4)


@pytest.mark.parametrize("chosen", [("max", "average", "deviation"), ("max",), ("average",)])
def test_of_rectified_maps_it_is_the_same(chosen):
    maps, weights = tf.constant(MAPS), RNG.normal(size=(5, len(chosen), 2, 6)).astype("float32")

    def pooled_and_slopes(rectified):
        with tf.GradientTape() as tape:
            tape.watch(maps)
            heard = tf.nn.relu(maps * MASK[..., None, None].astype("float32"))
            pooled = StatisticalPooling(chosen, rectified=rectified)(heard, mask=MASK)
            loss = tf.reduce_sum(pooled * weights)
        return pooled, tape.gradient(loss, maps)

    for found, expected in zip(pooled_and_slopes(True), pooled_and_slopes(False), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-6)


def test_positions_that_share_a_maximum_share_its_slope():
    maps = tf.constant([[[3.0], [3.0], [3.0], [1.0]]])
    with tf.GradientTape() as tape:
        tape.watch(maps)
        pooled = StatisticalPooling(("max",))(maps, mask=np.array([[True, True, False, True]]))
    np.testing.assert_array_equal(np.ravel(tape.gradient(pooled, maps)), [0.5, 0.5, 0, 0])


def test_mask_ends():
    pooled = StatisticalPooling()(keras.layers.Masking()(MAPS[:, :, 0]))
    assert getattr(pooled, "_keras_mask", None) is None


@pytest.mark.parametrize("chosen", [("max",), ("deviation", "max"), ("average",)])
def test_some_statistics_in_the_order_wanted(chosen):
    order = ["max", "average", "deviation"]
    found = StatisticalPooling(chosen)(MAPS, mask=MASK)
    whole = np.stack([statistics(*row) for row in zip(MAPS, MASK, strict=True)])
    np.testing.assert_allclose(found, whole[:, [order.index(name) for name in chosen]], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("wrong", [("median",), ()])
def test_unknown_statistic(wrong):
    with pytest.raises(EmotionTFError, match="no such statistic; expected max, average, deviation"):
        StatisticalPooling(wrong)
