"""A dense layer over a long vector of which few numbers are not zero."""

from typing import Any

import keras


@keras.saving.register_keras_serializable(package="emotion_tf")
class SparseDense(keras.layers.Layer):
    """A dense layer whose input is given as the places and values of the numbers that are not zero.

    All is computed in float32. Values of one place add up; a value of zero says nothing, whatever its place.

    Mask: none is needed, since padding has the value zero.

    Args:
        size: Length of the long vector, N.
        units: Number of outputs, C.

    Call arguments:
        places: Places (B, P) int32, from 0 to N - 1.
        values: Their values (B, P) float32.

    Returns:
        (B, C) float32: the sum of value times row of `kernel`, and `bias`.

    Example:

    >>> layer = SparseDense(size=1000, units=4)
    >>> layer(keras.ops.convert_to_tensor([[7, 999]]), keras.ops.ones((1, 2))).shape
    TensorShape([1, 4])
    """

    def __init__(self, size: int, units: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.size = size
        self.units = units

    def build(self, *shapes: Any) -> None:
        """Makes `kernel` (N, C) and `bias` (C,)."""
        self.kernel = self.add_weight(
            shape=(self.size, self.units), dtype="float32", initializer="random_uniform", name="kernel"
        )
        self.bias = self.add_weight(shape=(self.units,), dtype="float32", initializer="zeros", name="bias")

    def call(self, places: Any, values: Any) -> Any:
        """Adds up the rows of `kernel`."""
        rows = keras.ops.take(self.kernel, places, axis=0)  # (B, P, C)
        return keras.ops.sum(rows * keras.ops.cast(values, "float32")[:, :, None], axis=1) + self.bias

    def compute_output_spec(self, places: Any, values: Any) -> Any:
        """(B, C) from (B, P) and (B, P)."""
        return keras.KerasTensor((places.shape[0], self.units), dtype="float32")

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "size": self.size, "units": self.units}
