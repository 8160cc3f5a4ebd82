import keras
import numpy as np
import pytest
from checks import check_layer
from references import convolve_and_halve

from emotion_tf.layers import SpectralConv2D

RNG = np.random.default_rng(0)
FRAMES = RNG.normal(size=(4, 13, 6)).astype("float32")

# One row a case: padding behind, padding before and behind, nothing masked, all masked.
MASK = np.ones((4, 13), bool)
MASK[0, 8:] = False
MASK[1, [0, 1, 2, 12]] = False
MASK[3] = False


def layer_of(depth: int) -> SpectralConv2D:
    """A built layer whose biases are not zero, as after training."""
    layer = SpectralConv2D(4, depth=depth)
    layer.build(FRAMES.shape)
    rng = np.random.default_rng(1)
    layer.set_weights([rng.normal(size=weight.shape) for weight in layer.get_weights()])
    return layer


def by_hand(layer: SpectralConv2D, frames: np.ndarray) -> np.ndarray:
    """Maps (T', D' · 4) of the frames that count."""
    image, weights = frames[..., np.newaxis].astype(float), layer.get_weights()
    for kernel, bias in zip(weights[::2], weights[1::2], strict=True):
        image = convolve_and_halve(image, kernel, bias)
    return image.reshape(len(image), -1)


def test_contract():
    check_layer(
        lambda **options: SpectralConv2D(4, depth=2, **options),
        FRAMES,
        MASK,
        long_inputs=RNG.normal(size=(2, 3000, 6)).astype("float32"),
    )


@pytest.mark.parametrize("depth", [1, 3])
def test_equals_the_formula_without_a_mask(depth):
    layer = layer_of(depth)
    expected = [by_hand(layer, frames) for frames in FRAMES]
    np.testing.assert_allclose(layer(FRAMES), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("depth", [1, 3])
def test_frames_that_count_move_to_the_front(depth):
    layer = layer_of(depth)
    maps = layer(keras.layers.Masking()(FRAMES * MASK[..., np.newaxis]))
    for row in range(4):
        frames = FRAMES[row][MASK[row]]
        found = maps[row].numpy()[maps._keras_mask[row].numpy()]
        assert len(found) == -(-len(frames) // 2**depth)
        if len(frames):
            np.testing.assert_allclose(found, by_hand(layer, frames), rtol=1e-4, atol=1e-4)


def test_a_hole_stays_a_hole():
    """Frames 4 to 7 are hidden: of the four that one pooled frame stands for, all are, or none."""
    mask = np.ones((1, 13), bool)
    mask[0, 4:8] = False
    maps = layer_of(2)(keras.layers.Masking()(FRAMES[:1] * mask[..., np.newaxis]))
    np.testing.assert_array_equal(maps._keras_mask, [[True, False, True, True]])
