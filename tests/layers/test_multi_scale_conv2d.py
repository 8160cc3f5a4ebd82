import keras
import numpy as np
import pytest
from checks import check_layer
from references import multi_scale

from emotion_tf.errors import EmotionTFError
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


def equal_kernel(layer: MultiScaleConv2D, scale: int) -> tuple[np.ndarray, np.ndarray]:
    """The kernel (size, 6, 8) and bias (8,) of a standard convolution that does what a scale of the layer does."""
    weights = layer.convolutions[scale].get_weights()
    if layer.convolution == "separable":
        depthwise, pointwise, bias = weights  # (size, 6, 1), (1, 6, 8), (8,)
        return depthwise * pointwise, bias
    if layer.convolution == "dilated":
        kernel, bias = weights
        spread = np.zeros((2 * len(kernel) - 1, *kernel.shape[1:]))
        spread[::2] = kernel
        return spread, bias
    if layer.convolution == "grouped":
        # Six features in groups of 2, 1, 2 and 1, each seen by two filters of its own.
        whole, biases = np.zeros((layer.kernel_sizes[scale], 6, 8)), []
        for group, features in enumerate([slice(0, 2), slice(2, 3), slice(3, 5), slice(5, 6)]):
            kernel, bias = layer.convolutions[4 * scale + group].get_weights()
            whole[:, features, 2 * group : 2 * group + 2] = kernel
            biases.append(bias)
        return whole, np.concatenate(biases)
    kernel, bias = weights
    (reduction,) = layer.reductions[scale].get_weights()  # (1, 6, 2)
    return reduction[0] @ kernel, bias


@pytest.mark.parametrize("convolution", ["separable", "dilated", "grouped", "bottleneck"])
@pytest.mark.parametrize("mask", [None, MASK], ids=["whole", "masked"])
def test_other_convolutions_equal_a_standard_one_of_fewer_degrees_of_freedom(convolution, mask):
    layer = MultiScaleConv2D(8, (2, 5), convolution=convolution)
    layer.build(FRAMES.shape)
    rng = np.random.default_rng(1)
    for weight in layer.weights:
        weight.assign(rng.normal(size=weight.shape))
    kernels = [equal_kernel(layer, scale) for scale in range(2)]
    rows = MASK | True if mask is None else mask
    expected = [multi_scale(frames, kernels, row) for frames, row in zip(FRAMES, rows, strict=True)]
    np.testing.assert_allclose(layer(FRAMES, mask=mask), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("convolution", ["separable", "dilated", "grouped", "bottleneck"])
def test_contract_of_other_convolutions(convolution):
    check_layer(
        lambda **options: MultiScaleConv2D(8, (2, 3), convolution=convolution, **options),
        FRAMES,
        MASK,
        long_inputs=RNG.normal(size=(2, 3000, 6)).astype("float32"),
    )


def test_weights_of_other_convolutions():
    sizes = {"standard": 5 * 96 * 128, "separable": 5 * 96 + 96 * 128, "dilated": 5 * 96 * 128}
    sizes |= {"grouped": 4 * 5 * 24 * 32, "bottleneck": 96 * 32 + 5 * 32 * 128}
    for convolution, size in sizes.items():
        layer = MultiScaleConv2D(128, (5,), convolution=convolution)
        layer.build((None, None, 96))
        assert layer.count_params() == size + 128, convolution


def test_convolutions_that_there_cannot_be():
    with pytest.raises(EmotionTFError, match="no such convolution; expected standard, .*, received 'sparse'"):
        MultiScaleConv2D(8, (5,), convolution="sparse")
    with pytest.raises(EmotionTFError, match="cannot be grouped; expected a multiple of 4, received 6"):
        MultiScaleConv2D(6, (5,), convolution="grouped")
    with pytest.raises(EmotionTFError, match="cannot be grouped; expected 4 or more, received 3"):
        MultiScaleConv2D(8, (5,), convolution="grouped").build((None, None, 3))
