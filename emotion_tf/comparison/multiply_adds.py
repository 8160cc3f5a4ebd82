"""The arithmetic of a network, counted in its graph."""

import math
from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from emotion_tf.utils.tf_private import function_graph

INNER_GRAPHS = {"While": "body", "StatelessWhile": "body", "PartitionedCall": "f", "StatefulPartitionedCall": "f"}
"""Ops that run another graph, each with the name of the attribute that says which."""


def multiply_adds(network: keras.Model, frames: int, words: int) -> int:
    """Counts the multiplications with an addition that a network does for one utterance.

    Those of matrix products and convolutions are counted, also in recurrent layers, step by step. What is done element
    by element, such as activations, pooling and softmax, is not.

    Args:
        network: A network of `audio`, `words` and `speaker`, or of some of them.
        frames: Frames of the utterance.
        words: Its words.

    Example: a dense layer from 3 features to 5 units, at each of 10 frames.

    >>> audio = keras.Input((None, 3), name="features")
    >>> multiply_adds(keras.Model({"features": audio}, keras.layers.Dense(5)(audio)), frames=10, words=0)
    150
    """
    lengths = {"features": frames, "word_ids": words}
    inputs = {
        tensor.name: tf.TensorSpec(
            [1, *(lengths[tensor.name] if size is None else size for size in tensor.shape[1:])], tensor.dtype
        )
        for tensor in network.inputs
    }
    function = tf.function(lambda given: network(given, training=False)).get_concrete_function(inputs)
    return _count(function.graph)


def _count(graph: Any) -> int:
    """The multiply-adds of all ops on which the outputs of a graph depend."""
    # Keras runs a recurrent layer's first step once more, beside its loop, for the shapes alone; TensorFlow drops that.
    total, needed, pending = 0, set(), [tensor.op for tensor in graph.outputs]
    while pending:
        op = pending.pop()
        if op in needed:
            continue
        needed.add(op)
        pending += [tensor.op for tensor in op.inputs]
        if op.type in COUNTS:
            total += COUNTS[op.type](op)
        elif op.type in INNER_GRAPHS:
            inner = function_graph(graph, op.get_attr(INNER_GRAPHS[op.type]).name)
            total += _rounds(graph, op) * _count(inner)
    return total


def _rounds(graph: tf.Graph, op: tf.Operation) -> int:
    """How often an op runs its inner graph."""
    if INNER_GRAPHS[op.type] != "body":
        return 1
    # The second input of a loop that Keras wrote is the largest number of its rounds, which follows from constants.
    with tf.compat.v1.Session(graph=graph) as session:
        return int(session.run(op.inputs[1]))


def _matrix_product(op: tf.Operation) -> int:
    transposed = op.get_attr("transpose_a" if op.type == "MatMul" else "adj_x")
    return math.prod(op.outputs[0].shape) * op.inputs[0].shape[-2 if transposed else -1]


def _convolution(op: tf.Operation) -> int:
    height, width, channels, _ = op.inputs[1].shape
    return math.prod(op.outputs[0].shape) * height * width * channels


def _depthwise_convolution(op: tf.Operation) -> int:
    height, width, *_ = op.inputs[1].shape
    return math.prod(op.outputs[0].shape) * height * width


COUNTS: dict[str, Callable[[tf.Operation], int]] = {
    "MatMul": _matrix_product,
    "BatchMatMulV2": _matrix_product,
    "Conv2D": _convolution,
    "DepthwiseConv2dNative": _depthwise_convolution,
}
"""The ops that multiply and add, each with how often it does."""
