import keras
import tensorflow as tf

from emotion_tf.training.predict import probabilities_of


def test_no_network_is_compiled_with_xla_anew_for_every_length(monkeypatch):
    """Which Keras would do by itself where there is a GPU."""
    network = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4)])
    monkeypatch.setattr(type(network), "_resolve_auto_jit_compile", lambda self: True)
    assert network.jit_compile
    assert probabilities_of(network, tf.data.Dataset.from_tensors(tf.ones((2, 3)))).shape == (2, 4)
    assert not network.jit_compile
