import keras
import numpy as np
import pytest
from checks import check_layer

from emotion_tf.layers import FrameAveraging

RNG = np.random.default_rng(0)

FRAMES = RNG.normal(size=(5, 11, 6)).astype("float32")

# One row a case: padding behind, padding in front and a hole, nothing masked, one frame, all masked.
MASK = np.ones((5, 11), bool)
MASK[0, 7:] = False
MASK[1, [0, 1, 2, 5]] = False
MASK[3, 1:] = False
MASK[4] = False


def reference(frames, mask, size):
    """The averages (T', D) and the mask (T',) of one sequence, from the first frame that counts."""
    first = int(mask.argmax())
    frames, mask = np.roll(frames, -first, axis=0).astype(np.float64), np.roll(mask, -first)
    averages, counts = [], []
    for start in range(0, len(frames), size):
        kept = mask[start : start + size]
        counts.append(kept.any())
        averages.append(frames[start : start + size][kept].mean(axis=0) if kept.any() else np.zeros(frames.shape[1]))
    return np.array(averages), np.array(counts)


@pytest.mark.parametrize("size", [2, 4])
def test_contract(size):
    long = RNG.normal(size=(2, 3000, 6)).astype("float32")
    check_layer(lambda **options: FrameAveraging(size, **options), FRAMES, MASK, long_inputs=long)


@pytest.mark.parametrize("size", [1, 2, 3, 4, 20])
@pytest.mark.parametrize("mask", [None, MASK], ids=["whole", "masked"])
def test_equals_the_formula(size, mask):
    layer = FrameAveraging(size)
    expected = [reference(*row, size) for row in zip(FRAMES, MASK | (mask is None), strict=True)]
    np.testing.assert_allclose(layer(FRAMES, mask=mask), [averages for averages, _ in expected], atol=1e-6)
    if mask is not None:
        found = layer.compute_mask(FRAMES, keras.ops.convert_to_tensor(mask))
        np.testing.assert_array_equal(found, [counts for _, counts in expected])


def test_mask_goes_on():
    averaged = FrameAveraging(2)(keras.layers.Masking()(np.array([[[1.0], [3.0], [5.0], [0.0], [0.0]]], "float32")))
    np.testing.assert_array_equal(averaged[0, :, 0], [2, 5, 0])
    np.testing.assert_array_equal(averaged._keras_mask, [[True, True, False]])
