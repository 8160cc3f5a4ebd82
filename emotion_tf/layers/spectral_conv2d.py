"""Convolutions over the image of a spectrogram."""

from typing import Any

import keras

from emotion_tf.layers.masking import mask_to_the_front, to_the_front


@keras.saving.register_keras_serializable(package="emotion_tf")
class SpectralConv2D(keras.layers.Layer):
    """Convolutions over time and features, each with ReLU and followed by max pooling that halves both.

    Outside of itself the spectrogram counts as zero ("same" padding), and a last odd frame or feature is pooled alone.

    Mask: each sequence first moves forward, so that its first frame that counts is frame 0 and pooling pairs the same
    frames whatever padding lies in front. Masked frames enter each convolution as zero and leave it as zero. A pooled
    frame counts where one of its two does.

    Args:
        filters: Filters of each convolution, F.
        kernel_size: Frames, and features, under each kernel.
        depth: Number of convolutions.

    Call arguments:
        inputs: (B, T, D).
        mask: (B, T), True where a frame counts; None where all do.

    Returns:
        (B, T / 2^depth, D / 2^depth · F), lengths rounded up, features outermost.

    Example:

    >>> SpectralConv2D(16, 3, depth=2)(keras.ops.ones((2, 750, 96))).shape
    TensorShape([2, 188, 384])
    """

    def __init__(self, filters: int, kernel_size: int = 3, depth: int = 3, **kwargs: Any):
        super().__init__(**kwargs)
        self.filters = filters
        self.kernel_size = kernel_size
        self.depth = depth
        self.supports_masking = True
        self.convolutions = [
            keras.layers.Conv2D(
                filters, kernel_size, padding="same", activation="relu", name=f"conv_{number}", dtype=self.dtype_policy
            )
            for number in range(depth)
        ]

    def build(self, input_shape: Any) -> None:
        """Makes the kernels and biases."""
        channels = 1
        for convolution in self.convolutions:
            convolution.build((None, None, None, channels))
            channels = self.filters

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """Convolves and pools."""
        counts = None
        if mask is not None:
            inputs, mask = to_the_front(inputs, mask), mask_to_the_front(mask)
            counts = keras.ops.cast(mask, inputs.dtype)[:, :, None, None]
        maps = keras.ops.expand_dims(inputs, -1)  # (B, T, D, 1)
        for convolution in self.convolutions:
            maps = convolution(maps if counts is None else maps * counts)
            if counts is not None:
                # ReLU leaves nothing below zero, so a masked zero never wins over a true value.
                maps, counts = maps * counts, _pool(counts)
            maps = keras.ops.max_pool(maps, 2, 2, "same")  # (B, T / 2, D / 2, F)
        shape = keras.ops.shape(maps)
        # Batch and time as they are: the converter to TFLite must see that a batch of one stays one.
        return keras.ops.reshape(maps, (*shape[:2], maps.shape[2] * self.filters))

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """The pooled mask."""
        if previous_mask is None:
            return None
        counts = keras.ops.cast(mask_to_the_front(previous_mask), "float32")[:, :, None, None]
        for _ in self.convolutions:
            counts = _pool(counts)
        return counts[:, :, 0, 0] > 0

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """(B, T', D' · F) from (B, T, D)."""
        batch, time, width = input_shape
        for _ in self.convolutions:
            time, width = None if time is None else -(-time // 2), -(-width // 2)
        return (batch, time, width * self.filters)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "depth": self.depth,
        }


def _pool(counts: Any) -> Any:
    """The larger of each two frames of (B, T, 1, 1)."""
    return keras.ops.max_pool(counts, (2, 1), (2, 1), "same")
