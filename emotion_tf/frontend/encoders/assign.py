"""Putting the arrays of a checkpoint into layers."""

from typing import Any

import keras
import numpy as np

from emotion_tf.errors import EmotionTFError
from emotion_tf.frontend.encoders.encoder_block import EncoderBlock

Arrays = dict[str, np.ndarray]
"""The arrays of one layer by the names of its variables."""


def assign(layer: keras.layers.Layer, arrays: Arrays, source: Any) -> None:
    """Sets the variables of a layer, those of its adapters left as they are.

    Args:
        layer: A built layer.
        arrays: An array for each variable.
        source: How errors call the checkpoint.

    Raises:
        EmotionTFError: If an array is missing or has another shape.
    """
    # By name: the order of a layer's weights changes with what is frozen.
    for variable in layer.weights:
        if not variable.name.startswith("lora"):
            set_variable(variable, arrays.get(variable.name), source)


def set_variable(variable: keras.Variable, array: np.ndarray | None, source: Any) -> None:
    """Sets a variable, where the checkpoint's array has its shape.

    Raises:
        EmotionTFError: If it has another, or is not there.
    """
    if array is None or array.shape != tuple(variable.shape):
        raise EmotionTFError(
            f"{source} does not fit the encoder: {variable.path}",
            expected=f"an array of shape {tuple(variable.shape)}",
            received="none" if array is None else f"{array.shape}",
        )
    variable.assign(array)


def assign_block(block: EncoderBlock, arrays: dict[str, Arrays], source: Any) -> None:
    """Sets all weights of a transformer block."""
    attention = block.attention
    layers = {
        "query": attention.query,
        "key": attention.key,
        "value": attention.value,
        "output": attention.output_projection,
        "attention_norm": block.attention_norm,
        "expand": block.expand,
        "contract": block.contract,
        "feedforward_norm": block.feedforward_norm,
    }
    if block.gate is not None:
        layers["gate"] = block.gate
    for name, layer in layers.items():
        assign(layer, arrays[name], source)
