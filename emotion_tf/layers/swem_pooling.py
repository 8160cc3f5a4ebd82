"""Pooling of word embeddings."""

from typing import Any

import keras

from emotion_tf.layers.masking import column, masked_max, masked_mean


@keras.saving.register_keras_serializable(package="emotion_tf")
class SWEMPooling(keras.layers.Layer):
    """Maximum and average over the embeddings of a transcript, without any layer between: SWEM-max and SWEM-avg.

    Both are computed in float32.

    Mask: masked words enter neither, and the mask ends here. Where all words are masked, both are zero.

    Call arguments:
        inputs: Word embeddings (B, M, E).
        mask: (B, M), True where there is a word; None where all positions are words.

    Returns:
        (B, 2, E): the maximum and the average of each dimension of the embeddings.

    Example:

    >>> SWEMPooling()(keras.ops.ones((2, 128, 300))).shape
    TensorShape([2, 2, 300])

    Reference:
        Shen et al., "Baseline Needs More Love: On Simple Word-Embedding-Based Models and Associated Pooling
        Mechanisms", ACL 2018.
    """

    def __init__(self, **kwargs: Any):
        super().__init__(**kwargs)
        self.supports_masking = True

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """Pools `inputs` over the words."""
        embeddings = keras.ops.cast(inputs, "float32")
        mask = column(mask, embeddings)
        pooled = keras.ops.stack([masked_max(embeddings, mask), masked_mean(embeddings, mask)], axis=1)
        return keras.ops.cast(pooled, self.compute_dtype)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> None:
        """Pooling ends the mask."""
        return

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """(B, 2, E) from (B, M, E)."""
        return (input_shape[0], 2, input_shape[2])
