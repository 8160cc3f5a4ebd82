"""What layers do with a Keras mask: float32 arithmetic that every runtime has built in."""

from typing import Any

import keras


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
