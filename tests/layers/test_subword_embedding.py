import keras
import numpy as np
import pytest

from emotion_tf.layers import SubwordEmbedding

MEMBERS = np.array([[0, 0, 0], [0, 0, 0], [1, 2, 3], [2, 0, 0], [3, 4, 0]], "int32")
WORDS = np.array([[2, 3, 1, 4, 0], [4, 4, 0, 0, 0]], "int32")


def layer_of(members: np.ndarray = MEMBERS, **arguments) -> SubwordEmbedding:
    layer = SubwordEmbedding(len(members), int(members.max()) + 1, members.shape[1], width=6, **arguments)
    layer.build((None, None))
    layer.members.assign(members)
    return layer


def formula(vectors: np.ndarray) -> np.ndarray:
    """Word by word, without a table."""
    rows = [[[vectors[member] for member in MEMBERS[word] if member] for word in sentence] for sentence in WORDS]
    nothing = np.zeros(vectors.shape[1])
    return np.array([[sum(found, nothing) / max(1, len(found)) ** 0.5 for found in row] for row in rows])


def test_equals_the_formula():
    layer = layer_of()
    np.testing.assert_allclose(layer(WORDS), formula(layer.embeddings.numpy()), rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize(("policy", "tolerance"), [("mixed_float16", 1e-3), ("mixed_bfloat16", 1e-2)])
def test_low_precision_stays_near(policy, tolerance):
    layer = layer_of(dtype=policy)
    found = keras.ops.cast(layer(WORDS), "float32")
    np.testing.assert_allclose(found, formula(layer.embeddings.numpy()), rtol=0, atol=tolerance)


def test_mask():
    np.testing.assert_array_equal(layer_of()(WORDS)._keras_mask, WORDS != 0)


def test_words_that_share_an_n_gram_learn_together():
    """Training on word 2 moves words 3 and 4, which have n-grams of it, and neither n-gram 4 nor `members`."""
    inputs = keras.Input((None,), dtype="int32")
    layer = layer_of()
    model = keras.Model(inputs, keras.ops.mean(layer(inputs), axis=1))
    model.compile(keras.optimizers.SGD(1.0), "mse")
    before, table = layer(WORDS).numpy(), layer.embeddings.numpy()
    model.train_on_batch(np.array([[2]], "int32"), np.ones((1, 6)))
    moved = np.any(layer(WORDS) != before, axis=-1)
    np.testing.assert_array_equal(moved, np.isin(WORDS, [2, 3, 4]))
    np.testing.assert_array_equal(layer.embeddings.numpy()[[0, 4]], table[[0, 4]])
    np.testing.assert_array_equal(layer.members, MEMBERS)


def test_saved_whole(tmp_path):
    inputs = keras.Input((None,), dtype="int32")
    model = keras.Model(inputs, layer_of()(inputs))
    assert model.output.shape == (None, None, 6)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded(WORDS), model(WORDS))
    assert loaded.layers[-1].get_config() == model.layers[-1].get_config()
