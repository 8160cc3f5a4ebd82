"""Convolution along time that knows padding."""

from typing import Any

import keras


@keras.saving.register_keras_serializable(package="emotion_tf")
class MaskedConv1D(keras.layers.Conv1D):
    """`keras.layers.Conv1D` with "same" padding that takes masked positions for what lies outside the sequence.

    Mask: masked positions enter as zero and leave as zero, and the mask goes on.

    Args:
        filters: Filters, F.
        kernel_size: Positions under the kernel.
        dilation_rate: Distance between them.
        **kwargs: As `keras.layers.Conv1D` has them.

    Call arguments:
        inputs: (B, T, D).
        mask: (B, T), True where a position counts; None where all do.

    Returns:
        (B, T, F).

    Example:

    >>> MaskedConv1D(8, 3, dilation_rate=3)(keras.ops.ones((2, 750, 96))).shape
    TensorShape([2, 750, 8])
    """

    def __init__(self, filters: int, kernel_size: int, dilation_rate: int = 1, **kwargs: Any):
        super().__init__(filters, kernel_size, **{**kwargs, "padding": "same", "dilation_rate": dilation_rate})
        self.supports_masking = True

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """Convolves."""
        if mask is None:
            return super().call(inputs)
        mask = keras.ops.expand_dims(keras.ops.cast(mask, inputs.dtype), -1)
        return super().call(inputs * mask) * mask
