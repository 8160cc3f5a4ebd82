import keras
import numpy as np

from emotion_tf.layers import SparseDense

PLACES = np.array([[0, 4, 4, 2], [1, 0, 0, 0]], "int32")
VALUES = np.array([[0.0, 2.0, 1.0, -1.0], [0.5, 0.0, 0.0, 0.0]], "float32")


def test_equals_a_dense_layer():
    layer = SparseDense(size=5, units=3)
    layer.build()
    kernel, bias = np.random.default_rng(0).normal(size=(5, 3)), np.array([1.0, 2.0, 3.0])
    layer.set_weights([kernel, bias])
    whole = np.array([[0, 0, -1, 0, 3], [0, 0.5, 0, 0, 0]])
    np.testing.assert_allclose(layer(PLACES, VALUES), whole @ kernel + bias, rtol=1e-5, atol=1e-6)


def test_learns_only_where_it_is_asked():
    places, values = keras.Input((None,), dtype="int32"), keras.Input((None,))
    layer = SparseDense(size=5, units=3)
    model = keras.Model([places, values], keras.layers.Softmax()(layer(places, values)))
    assert model.output.shape == (None, 3)
    model.compile(keras.optimizers.SGD(1.0), "sparse_categorical_crossentropy")
    before = layer.kernel.numpy()
    model.train_on_batch([PLACES, VALUES], np.array([0, 2]))
    np.testing.assert_array_equal((layer.kernel.numpy() != before).any(axis=1), [False, True, True, False, True])


def test_saved_whole(tmp_path):
    places, values = keras.Input((None,), dtype="int32"), keras.Input((None,))
    model = keras.Model([places, values], SparseDense(size=5, units=3)(places, values))
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded([PLACES, VALUES]), model([PLACES, VALUES]))
