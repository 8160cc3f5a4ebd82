"""What stands in for a modality that an utterance lacks."""

from typing import Any

import keras


@keras.saving.register_keras_serializable(package="emotion_tf")
class LearnedPlaceholder(keras.layers.Layer):
    """A learned tensor takes the place of vectors that were made of nothing.

    Pooling makes zeros of a sequence without positions. Zeros are vectors like others, and networks that are never
    taught better take them for something that was heard or read; what stands here instead is learned.

    Mask: where all positions of an utterance's sequence are masked, its vectors are replaced. The mask ends here.

    Call arguments:
        inputs: The pair of vectors (B, ...) and the sequence (B, T, ...) of which they were made. Of the sequence, only
            the mask is looked at.
        mask: The pair of None and the mask (B, T) of the sequence; None where all positions count.

    Returns:
        (B, ...), like the vectors.

    Example:

    >>> words = keras.layers.Embedding(5, 4, mask_zero=True)(keras.ops.convert_to_tensor([[3, 1], [0, 0]]))
    >>> layer = LearnedPlaceholder()
    >>> layer.build([(None, 3), words.shape])
    >>> _ = layer.placeholder.assign([7, 8, 9])
    >>> layer([keras.ops.ones((2, 3)), words]).numpy().tolist()
    [[1.0, 1.0, 1.0], [7.0, 8.0, 9.0]]
    """

    def __init__(self, **kwargs: Any):
        super().__init__(**kwargs)
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        """Makes the tensor that stands in, of the shape of one utterance's vectors."""
        vectors, _ = input_shape
        self.placeholder = self.add_weight(shape=tuple(vectors[1:]), initializer="zeros", name="placeholder")

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """Replaces the vectors of utterances that have no position."""
        vectors, _ = inputs
        if mask is None or mask[1] is None:
            return vectors
        present = keras.ops.any(mask[1], axis=1)  # (B,)
        present = keras.ops.reshape(present, (-1, *[1] * (len(vectors.shape) - 1)))
        return keras.ops.where(present, vectors, self.placeholder)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> None:
        """Vectors of an utterance have no positions to mask."""
        return

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """That of the vectors."""
        return tuple(input_shape[0])
