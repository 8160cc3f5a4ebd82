"""Attention of one vector over a sequence."""

from typing import Any

import keras

from emotion_tf.errors import EmotionTFError
from emotion_tf.layers.masking import column, masked_softmax


@keras.saving.register_keras_serializable(package="emotion_tf")
class ContextAttention(keras.layers.Layer):
    """A context vector weighs the positions of a sequence by their products with it, and sums them up.

    With e the context and h the sequence at position k, the weights are the softmax over k of eᵀh. Scores and softmax
    are computed in float32. The layer has no weights.

    Mask: masked positions take no weight, and the mask ends here. Where all positions are masked, the result is zero.

    Call arguments:
        inputs: The pair of context (B, F) and sequence (B, T, F).
        mask: The pair of None and the mask (B, T) of the sequence; None where all positions count.

    Returns:
        (B, F).

    Raises:
        EmotionTFError: If context and sequence differ in width.

    Example:

    >>> ContextAttention()([keras.ops.ones((2, 8)), keras.ops.ones((2, 20, 8))]).shape
    TensorShape([2, 8])

    Reference:
        Yoon et al., "Multimodal Speech Emotion Recognition Using Audio and Text", SLT 2018.
    """

    def __init__(self, **kwargs: Any):
        super().__init__(**kwargs)
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        """Checks that context and sequence fit each other."""
        context, sequence = input_shape
        if len(context) != 2 or len(sequence) != 3 or len({context[-1], sequence[-1]} - {None}) > 1:
            raise EmotionTFError(
                "context and sequence do not fit",
                expected="(B, F) and (B, T, F) with one F",
                received=f"{tuple(context)} and {tuple(sequence)}",
            )

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """Attends."""
        context, sequence = (keras.ops.cast(tensor, "float32") for tensor in inputs)
        counts = column(None if mask is None else mask[1], sequence)  # (B or 1, T, 1)
        scores = keras.ops.matmul(sequence, keras.ops.expand_dims(context, -1))  # (B, T, 1)
        weights = masked_softmax(keras.ops.squeeze(scores, -1), keras.ops.squeeze(counts, -1))
        attended = keras.ops.matmul(keras.ops.expand_dims(weights, 1), sequence)  # (B, 1, F)
        return keras.ops.cast(keras.ops.squeeze(attended, 1), self.compute_dtype)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> None:
        """Attention ends the mask."""
        return

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """(B, F)."""
        return tuple(input_shape[0])
