"""Alignment of a spoken sequence to its words."""

from typing import Any

import keras

from emotion_tf.layers.masking import column, masked_softmax


@keras.saving.register_keras_serializable(package="emotion_tf")
class SoftAlignment(keras.layers.Layer):
    """Gives each word the frames that belong to it, as a weighted sum whose weights are learned.

    With h the word at position j and s the frame at position i, the score is tanh(uᵀs + vᵀh + b), the weights are its
    softmax over i, and the word receives the sum of the s so weighted. Scores and softmax are computed in float32.

    Mask: masked frames take no weight, and words that are masked receive zero. The mask of the words goes on.

    Call arguments:
        inputs: The pair of words (B, M, H) and frames (B, T, G).
        mask: The pair of their masks (B, M) and (B, T), each of which may be None.

    Returns:
        (B, M, G), the frames of each word.

    Example:

    >>> SoftAlignment()([keras.ops.ones((2, 12, 8)), keras.ops.ones((2, 300, 6))]).shape
    TensorShape([2, 12, 6])

    Reference:
        Xu et al., "Learning Alignment for Multimodal Emotion Recognition from Speech", Interspeech 2019.
    """

    def __init__(self, **kwargs: Any):
        super().__init__(**kwargs)
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        """Makes u, v and b."""
        words, frames = input_shape
        self.frame_kernel = self.add_weight((frames[-1], 1), name="frame_kernel")
        self.word_kernel = self.add_weight((words[-1], 1), name="word_kernel")
        self.bias = self.add_weight((1,), initializer="zeros", name="bias")

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """Aligns."""
        words, frames = (keras.ops.cast(tensor, "float32") for tensor in inputs)
        word_mask, frame_mask = mask or (None, None)
        heard = keras.ops.swapaxes(keras.ops.matmul(frames, keras.ops.cast(self.frame_kernel, "float32")), 1, 2)
        read = keras.ops.matmul(words, keras.ops.cast(self.word_kernel, "float32"))  # (B, M, 1)
        scores = keras.ops.tanh(heard + read + keras.ops.cast(self.bias, "float32"))  # (B, M, T)
        weights = masked_softmax(scores, keras.ops.swapaxes(column(frame_mask, frames), 1, 2))
        aligned = keras.ops.matmul(weights, frames) * column(word_mask, words)  # (B, M, G)
        return keras.ops.cast(aligned, self.compute_dtype)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """The mask of the words goes on."""
        return previous_mask[0] if previous_mask else None

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """(B, M, G)."""
        words, frames = input_shape
        return (*words[:2], frames[-1])
