import keras
import numpy as np
import pytest
from checks import check_layer
from references import align

from emotion_tf.layers import SoftAlignment

RNG = np.random.default_rng(0)
WORDS = RNG.normal(size=(4, 5, 3)).astype("float32")
FRAMES = RNG.normal(size=(4, 11, 6)).astype("float32")

# One row a case: padding behind, holes before and amid, nothing masked, no word and no frame.
WORD_MASK = np.ones((4, 5), bool)
WORD_MASK[0, 3:] = False
WORD_MASK[1, [0, 2]] = False
WORD_MASK[3] = False
FRAME_MASK = np.ones((4, 11), bool)
FRAME_MASK[0, 7:] = False
FRAME_MASK[1, [0, 1, 5]] = False
FRAME_MASK[3] = False


def test_contract():
    check_layer(
        SoftAlignment,
        [WORDS, FRAMES],
        [WORD_MASK, FRAME_MASK],
        long_inputs=[WORDS[:2], RNG.normal(1, 1, size=(2, 3000, 6)).astype("float32")],
    )


@pytest.mark.parametrize("masked", [False, True], ids=["whole", "masked"])
def test_equals_the_formula(masked):
    layer = SoftAlignment()
    layer.build([WORDS.shape, FRAMES.shape])
    rng = np.random.default_rng(1)
    layer.set_weights([rng.normal(size=weight.shape) for weight in layer.get_weights()])
    found = layer([WORDS, FRAMES], mask=[WORD_MASK, FRAME_MASK] if masked else None)
    for row in range(4):
        words, frames = (WORD_MASK[row], FRAME_MASK[row]) if masked else (slice(None), slice(None))
        expected = np.zeros((5, 6))
        if len(FRAMES[row][frames]):
            expected[words] = align(WORDS[row][words], FRAMES[row][frames].astype(float), *layer.get_weights())
        np.testing.assert_allclose(found[row], expected, rtol=1e-5, atol=1e-5)


def test_mask_of_the_words_goes_on():
    words = keras.layers.Masking()(WORDS * WORD_MASK[..., np.newaxis])
    frames = keras.layers.Masking()(FRAMES * FRAME_MASK[..., np.newaxis])
    np.testing.assert_array_equal(SoftAlignment()([words, frames])._keras_mask, WORD_MASK)
