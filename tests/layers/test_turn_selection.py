import keras
import numpy as np
import pytest
from checks import check_layer

from emotion_tf.errors import EmotionTFError
from emotion_tf.layers import TurnSelection

# One row a case: two earlier turns, one, none, padding amid, a mark in front, no word.
IDS = np.array(
    [
        [7, 8, 3, 9, 9, 2, 5, 0, 0],
        [7, 1, 1, 2, 9, 9, 5, 4, 6],
        [7, 8, 9, 0, 0, 0, 0, 0, 0],
        [7, 0, 8, 3, 0, 9, 0, 0, 0],
        [3, 7, 8, 9, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 0, 0, 0, 0],
    ],
    "int32",
)
PRESENT = np.array(
    [
        [1, 1, 0, 0, 0, 0, 0, 0, 0],
        [1, 1, 1, 0, 0, 0, 0, 0, 0],
        [1, 1, 1, 0, 0, 0, 0, 0, 0],
        [1, 0, 1, 0, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 0, 0, 0, 0],
    ],
    bool,
)
EMBEDDINGS = np.random.default_rng(0).normal(size=(6, 9, 4)).astype("float32")


@pytest.mark.parametrize("part", ["present", "earlier"])
def test_contract(part):
    long = [np.ones((2, 3000, 4), "float32"), np.ones((2, 3000), "int32")]
    check_layer(lambda **options: TurnSelection(part, **options), [EMBEDDINGS, IDS], [None, None], long_inputs=long)


@pytest.mark.parametrize(("part", "words"), [("present", PRESENT), ("earlier", ~PRESENT & (IDS > 0))])
def test_by_hand(part, words):
    found = TurnSelection(part)([EMBEDDINGS, IDS])
    np.testing.assert_array_equal(found, EMBEDDINGS * words[:, :, None])
    np.testing.assert_array_equal(found._keras_mask, words)


def test_no_such_part():
    with pytest.raises(EmotionTFError, match="no such part of a transcript; expected present or earlier"):
        TurnSelection("later")


def test_known_by_its_name():
    assert keras.saving.get_registered_object("emotion_tf>TurnSelection") is TurnSelection
