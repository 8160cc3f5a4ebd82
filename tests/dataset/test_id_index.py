import numpy as np
import pytest
import tensorflow as tf

from emotion_tf.dataset.id_index import IdIndex


@pytest.mark.parametrize("count", [1, 2, 1000])
def test_places_are_those_of_a_list(count):
    ids = [f"Ses0{number % 5}_ü{number}" for number in np.random.default_rng(count).permutation(count)]
    strangers = ["", "ses00_ü0", "Ses00_ü", "\0", "x" * 1000]
    asked = [*strangers, *reversed(ids), *strangers]
    expected = [ids.index(id) if id in ids else -1 for id in asked]
    assert IdIndex(ids)(tf.constant(asked)).numpy().tolist() == expected


def test_nothing_asked():
    assert IdIndex(["a"])(tf.constant([], tf.string)).shape == (0,)
