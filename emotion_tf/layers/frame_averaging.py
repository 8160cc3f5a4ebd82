"""Averages of neighbouring frames."""

from typing import Any

import keras

from emotion_tf.layers.masking import mask_to_the_front, to_the_front


@keras.saving.register_keras_serializable(package="emotion_tf")
class FrameAveraging(keras.layers.Layer):
    """Averages so many frames in a row into one, which makes everything behind it as many times cheaper.

    Mask: each sequence first moves forward, so that its first frame that counts is frame 0 and the same frames are
    averaged whatever padding lies in front. Masked frames enter no average. An averaged frame counts where one of its
    frames does.

    Args:
        size: Frames that become one, n.

    Call arguments:
        inputs: (B, T, D).
        mask: (B, T), True where a frame counts; None where all do.

    Returns:
        (B, T / n, D), length rounded up; the last may be the average of fewer frames.

    Example:

    >>> FrameAveraging(2)(keras.ops.convert_to_tensor([[[1.0], [3.0], [8.0]]]))[0, :, 0].numpy().tolist()
    [2.0, 8.0]
    """

    def __init__(self, size: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.size = size
        self.supports_masking = True

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """Averages."""
        counts = keras.ops.ones_like(inputs[:, :, :1])
        if mask is not None:
            inputs = to_the_front(inputs, mask)
            counts = keras.ops.cast(mask_to_the_front(mask), inputs.dtype)[:, :, None]
        # Both are divided by the size, so that their ratio is the average of the frames that count.
        return self._pool(inputs * counts) / keras.ops.maximum(self._pool(counts), 0.5 / self.size)

    def _pool(self, values: Any) -> Any:
        """The sums over each group of (B, T, D), divided by its size."""
        # Padding that an operation chooses by itself would lie in front too, where the groups begin.
        padded = keras.ops.pad(values, ((0, 0), (0, self.size - 1), (0, 0)))
        return keras.ops.average_pool(padded, self.size, self.size, "valid")

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """The groups that hold a frame that counts."""
        if previous_mask is None:
            return None
        return self._pool(keras.ops.cast(mask_to_the_front(previous_mask), "float32")[:, :, None])[:, :, 0] > 0

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """(B, T / n, D) from (B, T, D)."""
        batch, time, width = input_shape
        return (batch, None if time is None else -(-time // self.size), width)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "size": self.size}
