import keras
import numpy as np
import pytest
from checks import check_layer
from references import attend

from emotion_tf.errors import EmotionTFError
from emotion_tf.layers import ContextAttention

RNG = np.random.default_rng(0)
CONTEXT = RNG.normal(size=(5, 6)).astype("float32")
SEQUENCE = RNG.normal(size=(5, 9, 6)).astype("float32")

# One row a case: padding behind, holes before and amid, nothing masked, one position, none.
MASK = np.ones((5, 9), bool)
MASK[0, 5:] = False
MASK[1, [0, 3, 4]] = False
MASK[3, 1:] = False
MASK[4] = False


def test_contract():
    check_layer(
        ContextAttention,
        [CONTEXT, SEQUENCE],
        [None, MASK],
        long_inputs=[CONTEXT / 10, RNG.normal(1, 0.1, size=(5, 3000, 6)).astype("float32")],
    )


@pytest.mark.parametrize("mask", [None, MASK], ids=["whole", "masked"])
@pytest.mark.parametrize("scale", [1, 100], ids=["small", "scores of hundreds"])
def test_equals_the_formula(mask, scale):
    rows = MASK | True if mask is None else mask
    arguments = {} if mask is None else {"mask": [None, mask]}
    found = ContextAttention()([scale * CONTEXT, SEQUENCE], **arguments)
    expected = [
        attend(scale * context.astype(float), sequence[row].astype(float))
        for context, sequence, row in zip(CONTEXT, SEQUENCE, rows, strict=True)
    ]
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_mask_ends():
    masked = keras.layers.Masking()(SEQUENCE * MASK[..., np.newaxis])
    attended = ContextAttention()([keras.ops.convert_to_tensor(CONTEXT), masked])
    assert getattr(attended, "_keras_mask", None) is None
    np.testing.assert_allclose(attended, ContextAttention()([CONTEXT, SEQUENCE], mask=[None, MASK]), atol=1e-6)


def test_widths_must_agree():
    with pytest.raises(
        EmotionTFError, match=r"expected \(B, F\) and \(B, T, F\) with one F, received \(5, 6\) and \(5, 9, 4\)"
    ):
        ContextAttention()([CONTEXT, SEQUENCE[..., :4]])
