"""Statistical pooling unit."""

from collections.abc import Sequence
from typing import Any

import keras

from emotion_tf.errors import EmotionTFError
from emotion_tf.layers.masking import column, masked_max, masked_mean

VARIANCE_FLOOR = 1e-12
"""Keeps the slope of the square root finite where a map is constant; the deviation is then 1e-6 instead of 0."""


def masked_deviation(maps: Any, mask: Any) -> Any:
    """Standard deviation along axis 1 of the positions that `mask`, a `column`, lets through."""
    distances = maps - keras.ops.expand_dims(masked_mean(maps, mask), 1)
    return keras.ops.sqrt(keras.ops.maximum(masked_mean(keras.ops.square(distances), mask), VARIANCE_FLOOR))


STATISTICS = {"max": masked_max, "average": masked_mean, "deviation": masked_deviation}


@keras.saving.register_keras_serializable(package="emotion_tf")
class StatisticalPooling(keras.layers.Layer):
    """Maximum, average and standard deviation along time, which is the axis after the batch, or some of them.

    The deviation is that of the population, divided by the number of positions. All three are computed in float32,
    since float16 sums over thousands of positions overflow.

    Mask: masked positions enter none of the three, and the mask ends here. Where all positions are masked, all three
    are zero (the deviation to 1e-6).

    Args:
        statistics: Those wanted, in the order wanted.

    Call arguments:
        inputs: (B, T, ...).
        mask: (B, T), True where a position counts; None where all do.

    Returns:
        Statistics (B, 3, ...) in the order maximum, average, standard deviation, or as many as `statistics` names.

    Raises:
        EmotionTFError: If there is no such statistic.

    Example:

    >>> pooled = StatisticalPooling()(keras.ops.convert_to_tensor([[[1.0], [2.0], [6.0]]]))
    >>> [round(float(value), 3) for value in keras.ops.reshape(pooled, (-1,))]
    [6.0, 3.0, 2.16]

    Reference:
        Peng et al., "Efficient Speech Emotion Recognition Using Multi-Scale CNN and Attention", ICASSP 2021.
    """

    def __init__(self, statistics: Sequence[str] = tuple(STATISTICS), **kwargs: Any):
        super().__init__(**kwargs)
        if not statistics or not set(statistics) <= set(STATISTICS):
            raise EmotionTFError("no such statistic", expected=", ".join(STATISTICS), received=", ".join(statistics))
        self.statistics = tuple(statistics)
        self.supports_masking = True

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """Pools `inputs` along time."""
        maps = keras.ops.cast(inputs, "float32")
        mask = column(mask, maps)
        pooled = [STATISTICS[name](maps, mask) for name in self.statistics]
        return keras.ops.cast(keras.ops.stack(pooled, axis=1), self.compute_dtype)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> None:
        """Pooling ends the mask."""
        return

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """(B, 3, ...) from (B, T, ...)."""
        return (input_shape[0], len(self.statistics), *input_shape[2:])

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "statistics": self.statistics}
