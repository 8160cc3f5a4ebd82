"""What layers do with a Keras mask: float32 arithmetic that every runtime has built in."""

from typing import Any

import keras
import tensorflow as tf


def column(mask: Any, maps: Any) -> Any:
    """A mask (B, T) as ones and zeros, float32, that broadcast against `maps` (B, T, ...); without a mask, ones."""
    shape = keras.ops.shape(maps)
    if mask is None:
        mask = keras.ops.ones(shape[:2], dtype="float32")
    return keras.ops.reshape(keras.ops.cast(mask, "float32"), (-1, shape[1], *[1] * (len(maps.shape) - 2)))


def masked_max(maps: Any, mask: Any) -> Any:
    """Maximum along axis 1 of the positions that `mask`, a `column`, lets through; zero where there are none."""
    # Masked positions take the row's smallest value, which never wins. A huge negative constant in its place would
    # overflow in float16 and spoil the ranges of an int8 model.
    smallest = keras.ops.stop_gradient(keras.ops.min(maps, axis=1, keepdims=True))
    return keras.ops.max(keras.ops.where(mask > 0, maps, smallest), axis=1) * keras.ops.max(mask, axis=1)


def masked_count(mask: Any) -> Any:
    """How many positions along axis 1 `mask`, a `column`, lets through; one where there are none, to divide by."""
    return keras.ops.maximum(keras.ops.sum(mask, axis=1), 1.0)


def masked_mean(maps: Any, mask: Any) -> Any:
    """Mean along axis 1 of the positions that `mask`, a `column`, lets through; zero where there are none."""
    return keras.ops.sum(mask * maps, axis=1) / masked_count(mask)


def masked_softmax(scores: Any, mask: Any) -> Any:
    """Softmax over the last axis of what `mask`, of ones and zeros, lets through; zeros where that is nothing."""
    # As in masked_max, the smallest score stands in for masked ones so that the largest true one is subtracted.
    smallest = keras.ops.min(scores, axis=-1, keepdims=True)
    largest = keras.ops.max(mask * scores + (1 - mask) * smallest, axis=-1, keepdims=True)
    # Masked scores may lie above the largest true one, where the exponential would overflow.
    weights = mask * keras.ops.exp(keras.ops.minimum(scores - largest, 0.0))
    return weights / keras.ops.maximum(keras.ops.sum(weights, axis=-1, keepdims=True), 1e-30)


def order_to_the_front(mask: Any) -> Any:
    """The order (B, T) of positions that turns sequences round, so that the first one that counts is position 0."""
    mask = keras.ops.cast(mask, "int32")
    # Keras computes masks of symbolic tensors too, whose length is not known, so no range of it can be made.
    ones = keras.ops.ones_like(mask)
    frames = keras.ops.cumsum(ones, axis=1) - 1  # (B, T): 0, 1, 2 …
    # 1 where no frame has counted yet.
    before = keras.ops.cast(keras.ops.equal(keras.ops.cumsum(mask, axis=1), 0), "int32")
    return (frames + keras.ops.sum(before, axis=1, keepdims=True)) % keras.ops.sum(ones, axis=1, keepdims=True)


def mask_to_the_front(mask: Any) -> Any:
    """A mask (B, T), turned round in time so that the first frame that counts is frame 0."""
    return keras.ops.take_along_axis(keras.ops.cast(mask, "int32"), order_to_the_front(mask), axis=1)


def to_the_front(inputs: Any, mask: Any) -> Any:
    """Sequences (B, T, D), turned round in time so that the first frame that counts is frame 0; no symbolic ones."""
    # Keras' own take_along_axis would make an index for every feature.
    return tf.gather(inputs, order_to_the_front(mask), batch_dims=1)
