import keras
import numpy as np
import pytest
from checks import check_layer
from references import multi_scale

from emotion_tf.layers import MultiScaleConv2D

RNG = np.random.default_rng(0)
FRAMES = RNG.normal(size=(4, 13, 6)).astype("float32")

# One row a case: padding behind, holes before and amid, nothing masked, all masked.
MASK = np.ones((4, 13), bool)
MASK[0, 8:] = False
MASK[1, [0, 1, 5, 6, 7]] = False
MASK[3] = False


def layer_of(*kernel_sizes: int) -> MultiScaleConv2D:
    """A built layer whose biases are not zero, as after training."""
    layer = MultiScaleConv2D(5, kernel_sizes)
    layer.build(FRAMES.shape)
    rng = np.random.default_rng(1)
    layer.set_weights([rng.normal(size=weight.shape) for weight in layer.get_weights()])
    return layer


def scales(layer: MultiScaleConv2D) -> list[tuple[np.ndarray, np.ndarray]]:
    return [(convolution.kernel.numpy(), convolution.bias.numpy()) for convolution in layer.convolutions]


def test_contract():
    check_layer(
        lambda **options: MultiScaleConv2D(5, (2, 3, 4), **options),
        FRAMES,
        MASK,
        long_inputs=RNG.normal(size=(2, 3000, 6)).astype("float32"),
    )


@pytest.mark.parametrize("kernel_sizes", [(5, 7, 9, 11), (2, 3, 4, 5), (1,), (31,)])
@pytest.mark.parametrize("mask", [None, MASK], ids=["whole", "masked"])
def test_equals_the_formula(kernel_sizes, mask):
    layer = layer_of(*kernel_sizes)
    found = layer(FRAMES, mask=mask)
    rows = MASK | True if mask is None else mask
    expected = [multi_scale(frames, scales(layer), row) for frames, row in zip(FRAMES, rows, strict=True)]
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


def test_sums_by_hand():
    layer = MultiScaleConv2D(1, (2, 3), activation=None)
    layer.build((1, 4, 1))
    layer.set_weights([np.ones((2, 1, 1)), np.zeros(1), np.ones((3, 1, 1)), np.full(1, 100)])
    maps = layer(np.array([[[1.0], [2.0], [4.0], [8.0]]], "float32"))
    np.testing.assert_array_equal(maps[0, :, 0, 0], [3, 6, 12, 8])
    np.testing.assert_array_equal(maps[0, :, 1, 0], [103, 107, 114, 112])


def test_negative_products_become_zero():
    layer = MultiScaleConv2D(1, (1,))
    layer.build((1, 3, 1))
    layer.set_weights([np.ones((1, 1, 1)), np.full(1, 0.5)])
    maps = layer(np.array([[[-2.0], [0.0], [2.0]]], "float32"))
    np.testing.assert_array_equal(np.ravel(maps), [0, 0.5, 2.5])


def test_equals_a_two_dimensional_convolution_as_wide_as_the_features():
    layer = layer_of(4)
    ((kernel, bias),) = scales(layer)
    # The kernel stands once across the features and slides along time, whose edges are padded by hand.
    image = np.pad(FRAMES, ((0, 0), (1, 2), (0, 0)))[..., np.newaxis]
    maps = keras.ops.conv(image, kernel[:, :, np.newaxis], padding="valid") + bias  # (B, T, 1, F)
    np.testing.assert_allclose(layer(FRAMES), np.maximum(maps, 0), rtol=1e-5, atol=1e-5)


def test_mask_goes_on():
    layer = layer_of(3)
    masked = keras.layers.Masking()(FRAMES * MASK[..., np.newaxis])
    maps = layer(masked)
    np.testing.assert_array_equal(maps._keras_mask, MASK)
    assert not np.any(maps.numpy()[~MASK])


def test_each_scale_has_weights_of_its_own():
    layer = MultiScaleConv2D(128, (5, 7, 9, 11))
    layer.build((None, None, 96))
    assert [tuple(weight.shape) for weight in layer.weights[::2]] == [(size, 96, 128) for size in (5, 7, 9, 11)]
    assert layer.count_params() == (5 + 7 + 9 + 11) * 96 * 128 + 4 * 128
