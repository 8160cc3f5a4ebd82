import keras
import numpy as np
import pytest
from checks import check_layer
from references import swem

from emotion_tf.layers import SWEMPooling

RNG = np.random.default_rng(0)
EMBEDDINGS = (RNG.normal(size=(5, 9, 6)) - [9, 9, 9, 0, 0, 0]).astype("float32")

# One row a case: padding behind, holes before and amid, nothing masked, one word, no word.
MASK = np.ones((5, 9), bool)
MASK[0, 5:] = False
MASK[1, [0, 3, 4]] = False
MASK[3, 1:] = False
MASK[4] = False


def test_contract():
    check_layer(SWEMPooling, EMBEDDINGS, MASK, long_inputs=RNG.normal(60, 10, size=(2, 3000, 6)).astype("float32"))


@pytest.mark.parametrize("mask", [None, MASK], ids=["whole", "masked"])
def test_equals_the_formula(mask):
    found = SWEMPooling()(EMBEDDINGS, mask=mask)
    rows = MASK | True if mask is None else mask
    expected = [swem(*row) for row in zip(EMBEDDINGS, rows, strict=True)]
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


def test_by_hand():
    words = np.array([[[-1.0, 4.0], [-3.0, 0.0], [9.0, 9.0]]], "float32")
    found = SWEMPooling()(words, mask=np.array([[True, True, False]]))
    np.testing.assert_array_equal(found, [[[-1, 4], [-2, 2]]])


def test_mask_ends():
    words = keras.layers.Embedding(5, 4, mask_zero=True)(np.array([[1, 2, 0]]))
    assert words._keras_mask is not None
    assert getattr(SWEMPooling()(words), "_keras_mask", None) is None
