import keras
import numpy as np
import pytest
from checks import check_layer

from emotion_tf.layers import LearnedPlaceholder

RNG = np.random.default_rng(0)
VECTORS = RNG.normal(size=(5, 3, 4, 6)).astype("float32")
SEQUENCE = np.ones((5, 9), "int32")

# One row a case: padding behind, holes before and amid, nothing masked, one position, all masked.
MASK = np.ones((5, 9), bool)
MASK[0, 5:] = False
MASK[1, [0, 3, 4]] = False
MASK[3, 1:] = False
MASK[4] = False


def test_contract():
    check_layer(
        LearnedPlaceholder, [VECTORS, SEQUENCE], [None, MASK], long_inputs=[VECTORS, np.ones((5, 3000), "int32")]
    )


@pytest.mark.parametrize("vectors", [VECTORS, VECTORS[:, 0, 0]], ids=["statistics", "one vector"])
def test_only_what_was_made_of_nothing_is_replaced(vectors):
    layer = LearnedPlaceholder()
    layer.build([vectors.shape, SEQUENCE.shape])
    learned = RNG.normal(size=vectors.shape[1:]).astype("float32")
    layer.placeholder.assign(learned)
    found = layer([vectors, SEQUENCE], mask=[None, MASK])
    np.testing.assert_array_equal(found[:4], vectors[:4])
    np.testing.assert_array_equal(found[4], learned)


def test_without_a_mask_everything_counts():
    layer = LearnedPlaceholder()
    layer.build([VECTORS.shape, SEQUENCE.shape])
    layer.placeholder.assign(np.full(VECTORS.shape[1:], 9.0))
    np.testing.assert_array_equal(layer([VECTORS, SEQUENCE]), VECTORS)
    np.testing.assert_array_equal(layer([VECTORS, SEQUENCE], mask=[None, None]), VECTORS)


def test_it_learns_from_absence_alone():
    """Its slope is the sum over the utterances that lack the modality, and theirs alone."""
    layer = LearnedPlaceholder()
    inputs = [keras.Input(VECTORS.shape[1:]), keras.Input((9,), dtype="int32"), keras.Input((9,), dtype="bool")]
    model = keras.Model(inputs, layer(inputs[:2], mask=[None, inputs[2]]))
    model.compile(keras.optimizers.SGD(1.0), loss=lambda truth, found: keras.ops.sum(truth * found) / 5)
    wanted = RNG.normal(size=VECTORS.shape).astype("float32")
    mask = MASK.copy()
    mask[1] = False
    model.train_on_batch([VECTORS, SEQUENCE, mask], wanted)
    np.testing.assert_allclose(layer.placeholder, -(wanted[1] + wanted[4]) / 5, rtol=1e-5, atol=1e-6)


def test_mask_of_the_sequence_is_found_and_ends():
    words = keras.layers.Embedding(5, 4, mask_zero=True)(np.array([[1, 2, 0], [0, 0, 0]]))
    layer = LearnedPlaceholder()
    layer.build([(2, 3), (2, 3, 4)])
    layer.placeholder.assign([7, 8, 9])
    found = layer([keras.ops.ones((2, 3)), words])
    np.testing.assert_array_equal(found, [[1, 1, 1], [7, 8, 9]])
    assert getattr(found, "_keras_mask", None) is None
