"""Statistical pooling unit."""

from collections.abc import Callable, Sequence
from typing import Any

import keras

from emotion_tf.errors import EmotionTFError
from emotion_tf.layers.masking import column, masked_count, masked_max, masked_mean

STATISTICS = ("max", "average", "deviation")

SMALLEST_DEVIATION = 1e-6
"""Keeps the slope of the square root finite where a map is constant."""


def statistics_of(maps: Any, mask: Any, names: Sequence[str], rectified: bool) -> dict[str, Any]:
    """Statistics (B, ...) of maps (B, T, ...) under a `column`, by their names.

    Of rectified maps, no masked position can win the maximum or add to a sum.
    """
    average = keras.ops.sum(maps, axis=1) / masked_count(mask) if rectified else masked_mean(maps, mask)
    found = {"average": average}
    if "max" in names:
        found["max"] = keras.ops.max(maps, axis=1) if rectified else masked_max(maps, mask)
    if "deviation" in names:
        variance = masked_mean(keras.ops.square(maps - keras.ops.expand_dims(average, 1)), mask)
        found["deviation"] = keras.ops.sqrt(keras.ops.maximum(variance, SMALLEST_DEVIATION**2))
    return found


def slopes(maps: Any, mask: Any, found: dict[str, Any], upstream: dict[str, Any], rectified: bool) -> Any:
    """The gradient of pooling with respect to the maps.

    It is the one that TensorFlow would derive, which passes over the maps, the largest tensors of a training step,
    about twice as often.

    Args:
        maps: (B, T, ...).
        mask: A `column`.
        found: The statistics (B, ...) by their names, the average in any case.
        upstream: The gradients (B, ...) with respect to those wanted.
        rectified: As for the layer.

    Returns:
        (B, T, ...). Positions that share a maximum share its gradient. At masked positions it is zero, or, of rectified
        maps, of no consequence.
    """
    found, upstream, count = keras.tree.map_structure(
        lambda values: keras.ops.expand_dims(values, 1), (found, upstream, masked_count(mask))
    )
    # The slopes of average and deviation are linear in the maps: offset + factor · maps.
    offset = upstream.get("average", keras.ops.zeros_like(found["average"])) / count
    if "deviation" in upstream:
        varies = found["deviation"] > SMALLEST_DEVIATION
        factor = keras.ops.where(varies, upstream["deviation"] / (count * found["deviation"]), 0.0)
        offset = offset - factor * found["average"]
    if "max" in upstream:
        largest = maps == found["max"] if rectified else keras.ops.logical_and(maps == found["max"], mask > 0)
        places = keras.ops.maximum(keras.ops.sum(keras.ops.cast(largest, "float32"), axis=1, keepdims=True), 1.0)
        offset = keras.ops.where(largest, offset + upstream["max"] / places, offset)
    slope = factor * maps + offset if "deviation" in upstream else offset
    # A rectifier lets nothing back through where it gave zero.
    return keras.ops.broadcast_to(slope, keras.ops.shape(maps)) if rectified else mask * slope


@keras.saving.register_keras_serializable(package="emotion_tf")
class StatisticalPooling(keras.layers.Layer):
    """Maximum, average and standard deviation along time, which is the axis after the batch, or some of them.

    The deviation is that of the population, divided by the number of positions. All three are computed in float32,
    since float16 sums over thousands of positions overflow.

    Mask: masked positions enter none of the three, and the mask ends here. Where all positions are masked, all three
    are zero (the deviation to 1e-6).

    Args:
        statistics: Those wanted, in the order wanted.
        rectified: Promises that the maps come from a rectifier and are zero under the mask, as those of
            `MultiScaleConv2D` are, which spares passes over them; the statistics are the same.

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

    def __init__(self, statistics: Sequence[str] = STATISTICS, rectified: bool = False, **kwargs: Any):
        super().__init__(**kwargs)
        if not statistics or not set(statistics) <= set(STATISTICS):
            raise EmotionTFError("no such statistic", expected=", ".join(STATISTICS), received=", ".join(statistics))
        self.statistics = tuple(statistics)
        self.rectified = rectified
        self.supports_masking = True

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """Pools `inputs` along time."""
        maps = keras.ops.cast(inputs, "float32")
        mask = column(mask, maps)
        pooled = keras.ops.custom_gradient(self._pool)(maps, mask)
        return keras.ops.cast(keras.ops.stack(pooled, axis=1), self.compute_dtype)

    def _pool(self, maps: Any, mask: Any) -> tuple[list[Any], Callable[..., Any]]:
        """The statistics (B, ...), and what takes their gradients to those of `maps` and `mask`."""
        found = statistics_of(maps, mask, self.statistics, self.rectified)

        def gradient(*upstream: Any) -> tuple[Any, None]:
            wanted = dict(zip(self.statistics, upstream, strict=True))
            return slopes(maps, mask, found, wanted, self.rectified), None

        return [found[name] for name in self.statistics], gradient

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> None:
        """Pooling ends the mask."""
        return

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """(B, 3, ...) from (B, T, ...)."""
        return (input_shape[0], len(self.statistics), *input_shape[2:])

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "statistics": self.statistics, "rectified": self.rectified}
