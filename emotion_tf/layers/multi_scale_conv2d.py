"""Multi-scale convolution."""

import math
from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import keras

from emotion_tf.errors import EmotionTFError

CONVOLUTIONS = ("standard", "separable", "dilated", "grouped", "bottleneck")

DILATION = 2
"""Distance between the positions under a dilated kernel."""

GROUPS = 4
"""Groups of features in a grouped convolution."""

BOTTLENECK = 4
"""A bottleneck is this many times narrower than the filters."""


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
        convolution: What a scale of size s over D features consists of. `standard`: one kernel (s, D, F). `separable`:
            a kernel (s) for each feature, then one of size 1, (D, F), without anything between. `dilated`: a kernel
            (s, D, F) whose positions lie 2 apart, so that it spans 2 s - 1. `grouped`: the features, in their order,
            fall into 4 groups of nearly equal size, each of which a quarter of the filters sees. `bottleneck`: a kernel
            of size 1 to a quarter of the filters, (D, F / 4), rounded up, without bias or activation, then one
            (s, F / 4, F).

    Call arguments:
        inputs: (B, T, D).
        mask: (B, T), True where a position counts; None where all do.

    Returns:
        Maps (B, T, S, F).

    Raises:
        EmotionTFError: If there is no such convolution, or filters or features cannot be divided among the groups.

    Example:

    >>> MultiScaleConv2D(8, (5, 7, 9, 11))(keras.ops.ones((2, 750, 96))).shape
    TensorShape([2, 750, 4, 8])

    Reference:
        Peng et al., "Efficient Speech Emotion Recognition Using Multi-Scale CNN and Attention", ICASSP 2021.
    """

    def __init__(
        self,
        filters: int,
        kernel_sizes: Sequence[int],
        activation: Any = "relu",
        convolution: str = "standard",
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        if convolution not in CONVOLUTIONS:
            raise EmotionTFError("no such convolution", expected=", ".join(CONVOLUTIONS), received=repr(convolution))
        if convolution == "grouped" and filters % GROUPS:
            raise EmotionTFError(
                "the filters cannot be grouped", expected=f"a multiple of {GROUPS}", received=str(filters)
            )
        self.filters = filters
        self.kernel_sizes = tuple(kernel_sizes)
        self.activation = keras.activations.get(activation)
        self.convolution = convolution
        self.supports_masking = True
        make: Callable[..., keras.Layer] = {
            "separable": keras.layers.SeparableConv1D,
            "dilated": partial(keras.layers.Conv1D, dilation_rate=DILATION),
        }.get(convolution, keras.layers.Conv1D)
        # Keras' own grouped convolution compiles with XLA, anew for every length, and leaves that to the server too.
        groups = [f"_{number}" for number in range(GROUPS)] if convolution == "grouped" else [""]
        self.convolutions = [
            make(filters // len(groups), size, padding="same", name=f"scale_{size}{group}", dtype=self.dtype_policy)
            for size in self.kernel_sizes
            for group in groups
        ]
        # Without a bias what is zero stays zero, and so does padding.
        self.reductions = [
            keras.layers.Conv1D(
                math.ceil(filters / BOTTLENECK), 1, use_bias=False, name=f"reduction_{size}", dtype=self.dtype_policy
            )
            for size in self.kernel_sizes
            if convolution == "bottleneck"
        ]

    def build(self, input_shape: Any) -> None:
        """Makes the kernels and biases of each scale."""
        if self.convolution == "grouped" and input_shape[-1] < GROUPS:
            raise EmotionTFError(
                "the features cannot be grouped", expected=f"{GROUPS} or more", received=str(input_shape[-1])
            )
        for reduction in self.reductions:
            reduction.build(input_shape)
        if self.convolution == "bottleneck":
            widths = [reduction.filters for reduction in self.reductions]
        elif self.convolution == "grouped":
            ends = [0, *_inner_ends(input_shape[-1]), input_shape[-1]]
            widths = [after - before for before, after in pairwise(ends)] * len(self.kernel_sizes)
        else:
            widths = [input_shape[-1]] * len(self.kernel_sizes)
        for convolution, width in zip(self.convolutions, widths, strict=True):
            convolution.build((*input_shape[:-1], width))

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """Applies every scale to `inputs`."""
        if mask is not None:
            mask = keras.ops.expand_dims(keras.ops.cast(mask, inputs.dtype), -1)
            inputs = inputs * mask
        if self.convolution == "bottleneck":
            seen = [reduction(inputs) for reduction in self.reductions]
        elif self.convolution == "grouped":
            seen = keras.ops.split(inputs, _inner_ends(inputs.shape[-1]), axis=-1) * len(self.kernel_sizes)
        else:
            seen = [inputs] * len(self.kernel_sizes)
        maps = [convolution(part) for convolution, part in zip(self.convolutions, seen, strict=True)]
        maps = self.activation(keras.ops.concatenate(maps, axis=-1))  # (B, T, S · F)
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
            "convolution": self.convolution,
        }


def _inner_ends(width: int) -> list[int]:
    """Where the groups of so many features end, but for the last."""
    return [math.ceil(width * number / GROUPS) for number in range(1, GROUPS)]
