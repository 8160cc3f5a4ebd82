"""Multi-scale convolution."""

from collections.abc import Sequence
from typing import Any

import keras


@keras.saving.register_keras_serializable(package="emotion_tf")
class MultiScaleConv2D(keras.layers.Layer):
    """Convolutions of several kernel sizes side by side over one sequence, each as wide as the features.

    A two-dimensional kernel as wide as its input has one place to stand across the features, so it slides along time
    only and the convolution is computed as a one-dimensional one. All scales see the same input; the sequence counts as
    zero outside itself ("same" padding).

    Mask: masked positions enter as zero and leave as zero, and the mask goes on.

    Args:
        filters: Filters for each kernel size, F.
        kernel_sizes: Positions under the kernels, one number a scale, S in all.
        activation: Activation of the maps.

    Call arguments:
        inputs: (B, T, D).
        mask: (B, T), True where a position counts; None where all do.

    Returns:
        Maps (B, T, S, F).

    Example:

    >>> MultiScaleConv2D(8, (5, 7, 9, 11))(keras.ops.ones((2, 750, 96))).shape
    TensorShape([2, 750, 4, 8])

    Reference:
        Peng et al., "Efficient Speech Emotion Recognition Using Multi-Scale CNN and Attention", ICASSP 2021.
    """

    def __init__(self, filters: int, kernel_sizes: Sequence[int], activation: Any = "relu", **kwargs: Any):
        super().__init__(**kwargs)
        self.filters = filters
        self.kernel_sizes = tuple(kernel_sizes)
        self.activation = keras.activations.get(activation)
        self.supports_masking = True
        self.convolutions = [
            keras.layers.Conv1D(filters, size, padding="same", name=f"scale_{size}", dtype=self.dtype_policy)
            for size in self.kernel_sizes
        ]

    def build(self, input_shape: Any) -> None:
        """Makes one kernel and one bias a scale."""
        for convolution in self.convolutions:
            convolution.build(input_shape)

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """Applies every scale to `inputs`."""
        if mask is not None:
            mask = keras.ops.expand_dims(keras.ops.cast(mask, inputs.dtype), -1)
            inputs = inputs * mask
        maps = keras.ops.concatenate([convolution(inputs) for convolution in self.convolutions], axis=-1)
        maps = self.activation(maps)  # (B, T, S · F)
        if mask is not None:
            maps = maps * mask
        shape = keras.ops.shape(maps)
        return keras.ops.reshape(maps, (-1, shape[1], len(self.kernel_sizes), self.filters))

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """(B, T, S, F) from (B, T, D)."""
        return (*input_shape[:2], len(self.kernel_sizes), self.filters)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "filters": self.filters,
            "kernel_sizes": self.kernel_sizes,
            "activation": keras.activations.serialize(self.activation),
        }
