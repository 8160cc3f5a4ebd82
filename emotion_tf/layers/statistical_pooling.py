"""Statistical pooling unit."""

from typing import Any

import keras

from emotion_tf.layers.masking import column, masked_max, masked_mean

VARIANCE_FLOOR = 1e-12
"""Keeps the slope of the square root finite where a map is constant; the deviation is then 1e-6 instead of 0."""


@keras.saving.register_keras_serializable(package="emotion_tf")
class StatisticalPooling(keras.layers.Layer):
    """Maximum, average and standard deviation along time, which is the axis after the batch.

    The deviation is that of the population, divided by the number of positions. All three are computed in float32,
    since float16 sums over thousands of positions overflow.

    Mask: masked positions enter none of the three, and the mask ends here. Where all positions are masked, all three
    are zero (the deviation to 1e-6).

    Call arguments:
        inputs: (B, T, ...).
        mask: (B, T), True where a position counts; None where all do.

    Returns:
        Statistics (B, 3, ...) in the order maximum, average, standard deviation.

    Example:

    >>> pooled = StatisticalPooling()(keras.ops.convert_to_tensor([[[1.0], [2.0], [6.0]]]))
    >>> [round(float(value), 3) for value in keras.ops.reshape(pooled, (-1,))]
    [6.0, 3.0, 2.16]

    Reference:
        Peng et al., "Efficient Speech Emotion Recognition Using Multi-Scale CNN and Attention", ICASSP 2021.
    """

    def __init__(self, **kwargs: Any):
        super().__init__(**kwargs)
        self.supports_masking = True

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """Pools `inputs` along time."""
        maps = keras.ops.cast(inputs, "float32")
        mask = column(mask, maps)
        maximum = masked_max(maps, mask)
        average = masked_mean(maps, mask)
        variance = masked_mean(keras.ops.square(maps - keras.ops.expand_dims(average, 1)), mask)
        deviation = keras.ops.sqrt(keras.ops.maximum(variance, VARIANCE_FLOOR))
        return keras.ops.cast(keras.ops.stack([maximum, average, deviation], axis=1), self.compute_dtype)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> None:
        """Pooling ends the mask."""
        return

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """(B, 3, ...) from (B, T, ...)."""
        return (input_shape[0], 3, *input_shape[2:])
