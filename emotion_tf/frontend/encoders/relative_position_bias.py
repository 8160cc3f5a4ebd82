"""WavLM's bias for the distance between two frames."""

import math
from typing import Any

import keras
import numpy as np


@keras.saving.register_keras_serializable(package="emotion_tf")
class RelativePositionBias(keras.layers.Layer):
    """A learned number for each head and each distance between query and key, far distances sharing a number.

    Mask: the bias depends on no content, so there is nothing to mask.

    Args:
        heads: Number of heads, H.
        buckets: Numbers for each head, half of them for keys behind the query.
        max_distance: Frames from which on all distances share a number.

    Call arguments:
        inputs: (B, T, D), of which only the length counts.

    Returns:
        (1, H, T, T), query before key.

    Example:

    >>> RelativePositionBias(4)(keras.ops.ones((2, 50, 64))).shape
    TensorShape([1, 4, 50, 50])

    Reference:
        Raffel et al., "Exploring the Limits of Transfer Learning with a Unified Text-to-Text Transformer", JMLR 2020;
        Chen et al., "WavLM", 2022.
    """

    def __init__(self, heads: int, buckets: int = 320, max_distance: int = 800, **kwargs: Any):
        super().__init__(**kwargs)
        self.heads = heads
        self.buckets = buckets
        self.max_distance = max_distance

    def build(self, input_shape: Any) -> None:
        """Makes the table."""
        self.table = self.add_weight(shape=(self.buckets, self.heads), initializer="normal", name="table")

    def call(self, inputs: Any) -> Any:
        """Looks up the bias of each pair of frames."""
        frames = keras.ops.arange(keras.ops.shape(inputs)[1], dtype="int32")
        distances = frames[None, :] - frames[:, None]  # (T, T), above zero where the key is the later one
        distances = keras.ops.clip(distances, -self.max_distance, self.max_distance) + self.max_distance
        buckets = keras.ops.take(bucket_of_distance(self.buckets, self.max_distance), distances)
        bias = keras.ops.take(keras.ops.cast(self.table, self.compute_dtype), buckets, axis=0)  # (T, T, H)
        return keras.ops.transpose(bias, (2, 0, 1))[None]

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """(1, H, T, T) from (B, T, D)."""
        return (1, self.heads, input_shape[1], input_shape[1])

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "heads": self.heads,
            "buckets": self.buckets,
            "max_distance": self.max_distance,
        }


def bucket_of_distance(buckets: int, max_distance: int) -> np.ndarray:
    """Number of the bucket of each distance from -`max_distance` to `max_distance`, int32.

    The first half of a direction's buckets hold one distance each, the others ever more.

    >>> bucket_of_distance(8, 4).tolist()
    [3, 3, 2, 1, 0, 5, 6, 7, 7]
    """
    half = buckets // 2
    exact = half // 2
    distances = np.arange(-max_distance, max_distance + 1)
    far = np.log(np.maximum(np.abs(distances), 1).astype(np.float32) / exact) / math.log(max_distance / exact)
    far = np.minimum(exact + (far * (half - exact)).astype(np.int64), half - 1)
    bucket = np.where(np.abs(distances) < exact, np.abs(distances), far)
    return (bucket + half * (distances > 0)).astype(np.int32)
