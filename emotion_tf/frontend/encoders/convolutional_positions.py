"""Positions as a convolution, for the wav2vec 2.0 family."""

from typing import Any

import keras


@keras.saving.register_keras_serializable(package="emotion_tf")
class ConvolutionalPositions(keras.layers.Layer):
    """What a wide grouped convolution over the frames says about where each of them stands.

    Mask: the caller passes zeros where a frame does not count, as they stand beyond the edge of a recording.

    Args:
        width: Channels, D.
        kernel_size: Frames under the kernel.
        groups: Groups of channels, each convolved by itself.

    Call arguments:
        inputs: (B, T, D).

    Returns:
        (B, T, D), to be added to the input.

    Example:

    >>> ConvolutionalPositions(64)(keras.ops.ones((2, 50, 64))).shape
    TensorShape([2, 50, 64])

    Reference:
        Baevski et al., "wav2vec 2.0: A Framework for Self-Supervised Learning of Speech Representations", NeurIPS 2020.
    """

    def __init__(self, width: int, kernel_size: int = 128, groups: int = 16, **kwargs: Any):
        super().__init__(**kwargs)
        self.width = width
        self.kernel_size = kernel_size
        self.groups = groups

    def build(self, input_shape: Any) -> None:
        """Makes the kernel and the bias."""
        shape = (self.kernel_size, self.width // self.groups, self.width)
        self.kernel = self.add_weight(shape=shape, initializer="glorot_uniform", name="kernel")
        self.bias = self.add_weight(shape=(self.width,), initializer="zeros", name="bias")

    def call(self, inputs: Any) -> Any:
        """Convolves group by group, since not every runtime trains or runs a grouped convolution."""
        before = self.kernel_size // 2
        padded = keras.ops.pad(inputs, ((0, 0), (before, self.kernel_size - 1 - before), (0, 0)))
        kernel = keras.ops.cast(self.kernel, inputs.dtype)
        size = self.width // self.groups
        convolved = [
            keras.ops.conv(padded[:, :, start : start + size], kernel[:, :, start : start + size], padding="valid")
            for start in range(0, self.width, size)
        ]
        hidden = keras.ops.concatenate(convolved, axis=-1) + keras.ops.cast(self.bias, inputs.dtype)
        return keras.ops.gelu(hidden, approximate=False)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape of the input."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "width": self.width,
            "kernel_size": self.kernel_size,
            "groups": self.groups,
        }
