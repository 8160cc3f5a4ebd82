import gc
import weakref

import keras
import tensorflow as tf

from emotion_tf.layers import StatisticalPooling
from emotion_tf.utils.tf_private import forgetting_graphs


def traced():
    """A network whose pooling has a gradient of its own, and the graph in which it was taken."""
    network = keras.Sequential(
        [keras.Input((5, 2)), StatisticalPooling(), keras.layers.Flatten(), keras.layers.Dense(1)]
    )

    @tf.function
    def slopes(inputs):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(network(inputs))
        return tape.gradient(loss, network.trainable_weights)

    slopes(tf.ones((3, 5, 2)))
    return network, slopes


def graph_of(slopes):
    return weakref.ref(slopes.get_concrete_function(tf.ones((3, 5, 2))).graph)


def test_graphs_of_the_block_are_freed():
    """Without it they stay, which is TensorFlow's own doing; once it no longer is, `forgetting_graphs` can go."""
    kept = graph_of(traced()[1])
    with forgetting_graphs():
        freed = graph_of(traced()[1])
    gc.collect()
    assert freed() is None
    assert kept() is not None


def test_graphs_of_before_the_block_are_still_differentiated():
    network = traced()[0]
    forward = tf.function(lambda inputs: tf.reduce_sum(network(inputs)))
    forward(tf.ones((3, 5, 2)))
    with forgetting_graphs():
        traced()
    with tf.GradientTape() as tape:
        loss = forward(tf.ones((3, 5, 2)))
    assert all(slope is not None for slope in tape.gradient(loss, network.trainable_weights))
