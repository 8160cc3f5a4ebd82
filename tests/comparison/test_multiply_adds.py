"""Counts of arithmetic against counts by hand and those of TensorFlow's profiler."""

import keras
import pytest
import tensorflow as tf
from small_models import fitted_for, small

from emotion_tf import models
from emotion_tf.comparison.multiply_adds import multiply_adds
from emotion_tf.layers import ContextAttention, ModalAttention

FRAMES, WORDS = 30, 7


def network(audio, output):
    return keras.Model({"features": audio}, output)


@pytest.fixture
def audio():
    return keras.Input((None, 12), name="features")


def test_dense(audio):
    assert multiply_adds(network(audio, keras.layers.Dense(5)(audio)), FRAMES, WORDS) == FRAMES * 12 * 5


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, FRAMES * 3 * 12 * 8),
        ({"padding": "valid"}, (FRAMES - 2) * 3 * 12 * 8),
        ({"groups": 4}, FRAMES * 3 * 3 * 8),
        ({"strides": 2}, FRAMES // 2 * 3 * 12 * 8),
    ],
    ids=str,
)
def test_convolution(audio, options, expected):
    maps = keras.layers.Conv1D(8, 3, **{"padding": "same", **options})(audio)
    assert multiply_adds(network(audio, maps), FRAMES, WORDS) == expected


def test_depthwise_convolution(audio):
    maps = keras.layers.SeparableConv1D(8, 3, padding="same")(audio)
    assert multiply_adds(network(audio, maps), FRAMES, WORDS) == FRAMES * 12 * (3 + 8)


@pytest.mark.parametrize(("layer", "gates"), [(keras.layers.GRU, 3), (keras.layers.LSTM, 4)])
def test_recurrent_layer(audio, layer, gates):
    """Each step has a product with the input and one with the state, for every gate."""
    one = FRAMES * gates * (12 * 5 + 5 * 5)
    assert multiply_adds(network(audio, layer(5)(audio)), FRAMES, WORDS) == one
    both = keras.layers.Bidirectional(layer(5))(keras.layers.Masking()(audio))
    assert multiply_adds(network(audio, both), FRAMES, WORDS) == 2 * one


def test_attention():
    """A product of the context with every word, and one of the weights with every word."""
    inputs = {"features": keras.Input((None, 12), name="features"), "word_ids": keras.Input((None,), name="word_ids")}
    states = keras.layers.Embedding(9, 12)(inputs["word_ids"])
    attended = ContextAttention()([keras.layers.GlobalMaxPooling1D()(inputs["features"]), states])
    assert multiply_adds(keras.Model(inputs, attended), FRAMES, WORDS) == 2 * WORDS * 12


def test_modal_attention():
    """Three pooled vectors of audio look at the words of one scale: scores, and sums of the words."""
    inputs = {
        "features": keras.Input((3, 1, 8), name="features"),
        "word_ids": keras.Input((None, 1, 8), name="word_ids"),
    }
    attended = ModalAttention()([inputs["features"], inputs["word_ids"]])
    assert multiply_adds(keras.Model(inputs, attended), FRAMES, WORDS) == 2 * 3 * WORDS * 8


def test_function_within(audio):
    @keras.saving.register_keras_serializable(package="emotion_tf_tests")
    class Within(keras.layers.Layer):
        def call(self, inputs):
            return tf.function(lambda x: tf.matmul(x, x, transpose_a=True))(inputs)

        def compute_output_shape(self, shape):
            return (shape[0], 12, 12)

    assert multiply_adds(network(audio, Within()(audio)), FRAMES, WORDS) == 12 * FRAMES * 12


@pytest.mark.parametrize(
    "settings",
    [("name=cnn", "modality=audio"), ("modality=text",), ("modality=audio", "convolution=separable")],
    ids=str,
)
def test_whole_network_has_what_the_profiler_counts(settings):
    """The profiler counts two operations for each multiply-add, but looks into no loop."""
    config = small(*settings)
    model = models.build(config, fitted_for(config))
    shapes = {"features": [1, FRAMES, config.features.width], "word_ids": [1, WORDS]}
    inputs = {tensor.name: tf.TensorSpec(shapes[tensor.name], tensor.dtype) for tensor in model.inputs}
    graph = tf.function(lambda given: model(given, training=False)).get_concrete_function(inputs).graph
    options = tf.compat.v1.profiler.ProfileOptionBuilder(tf.compat.v1.profiler.ProfileOptionBuilder.float_operation())
    node = tf.compat.v1.profiler.profile(graph, cmd="op", options=options.with_empty_output().build())
    operations = {}
    while node.children:  # Each kind of op hangs on the one before.
        (node,) = node.children
        operations[node.name] = node.float_ops
    counted = [operations.get(name, 0) for name in ("MatMul", "Conv2D", "DepthwiseConv2dNative")]
    assert multiply_adds(model, FRAMES, WORDS) == sum(counted) / 2 > 0
