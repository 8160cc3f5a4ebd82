import keras
import numpy as np
import pytest
from checks import check_layer
from scipy.signal import correlate

from emotion_tf.layers import MaskedConv1D

RNG = np.random.default_rng(0)
FRAMES = RNG.normal(size=(4, 13, 6)).astype("float32")

# One row a case: padding behind, holes before and amid, nothing masked, all masked.
MASK = np.ones((4, 13), bool)
MASK[0, 8:] = False
MASK[1, [0, 1, 5, 6, 7]] = False
MASK[3] = False


def test_contract():
    check_layer(
        lambda **options: MaskedConv1D(5, 3, dilation_rate=2, activation="relu", **options),
        FRAMES,
        MASK,
        long_inputs=RNG.normal(size=(2, 3000, 6)).astype("float32"),
    )


@pytest.mark.parametrize("dilation", [1, 3])
@pytest.mark.parametrize("mask", [None, MASK], ids=["whole", "masked"])
def test_equals_a_correlation(dilation, mask):
    layer = MaskedConv1D(5, 3, dilation)
    layer.build(FRAMES.shape)
    layer.set_weights([RNG.normal(size=weight.shape) for weight in layer.get_weights()])
    kernel, bias = layer.get_weights()
    spread = np.zeros((2 * dilation + 1, 6, 5))
    spread[::dilation] = kernel
    counts = (MASK | True if mask is None else mask)[..., np.newaxis]
    expected = np.zeros((4, 13, 5))
    for row, feature, filter_ in np.ndindex(4, 6, 5):
        frames = (FRAMES * counts)[row, :, feature].astype(float)
        whole = correlate(np.pad(frames, dilation), spread[:, feature, filter_], mode="valid")
        expected[row, :, filter_] += whole
    np.testing.assert_allclose(layer(FRAMES, mask=mask), (expected + bias) * counts, rtol=1e-5, atol=1e-5)


def test_mask_goes_on():
    maps = MaskedConv1D(5, 3)(keras.layers.Masking()(FRAMES * MASK[..., np.newaxis]))
    np.testing.assert_array_equal(maps._keras_mask, MASK)
