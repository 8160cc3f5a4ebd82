"""WavLM's gate on the relative position bias."""

from typing import Any

import keras


@keras.saving.register_keras_serializable(package="emotion_tf")
class GatedPositionBias(keras.layers.Layer):
    """Scales the position bias of each query frame by what that frame holds.

    Mask: each frame is gated by itself, so there is nothing to mask.

    Args:
        heads: Number of heads, H.

    Call arguments:
        inputs: (B, T, D), what attention reads.
        position_bias: (1, H, T, T).

    Returns:
        (B, H, T, T). The checkpoints project to eight channels and sum four for each gate, which is one projection.

    Example:

    >>> GatedPositionBias(4)(keras.ops.ones((2, 50, 64)), keras.ops.ones((1, 4, 50, 50))).shape
    TensorShape([2, 4, 50, 50])

    Reference:
        Chen et al., "WavLM: Large-Scale Self-Supervised Pre-Training for Full Stack Speech Processing", 2022,
        section III-B; Chi et al., "XLM-E", 2022.
    """

    def __init__(self, heads: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.heads = heads
        self.supports_masking = True
        self.projection = keras.layers.Dense(2, name="projection", dtype=self.dtype_policy)

    def build(self, input_shape: Any, *_: Any, **__: Any) -> None:
        """Makes the projection from a head's channels to its two gates, and a factor for each head."""
        self.projection.build((None, None, self.heads, input_shape[-1] // self.heads))
        self.factor = self.add_weight(shape=(self.heads,), initializer="ones", name="factor")

    def call(self, inputs: Any, position_bias: Any) -> Any:
        """Gates the bias."""
        batch, time, width = keras.ops.shape(inputs)
        by_head = keras.ops.reshape(inputs, (batch, time, self.heads, width // self.heads))
        gates = keras.ops.sigmoid(keras.ops.transpose(self.projection(by_head), (0, 2, 1, 3)))  # (B, H, T, 2)
        factor = keras.ops.cast(self.factor, gates.dtype)[None, :, None, None]
        gate = gates[..., :1] * (gates[..., 1:] * factor - 1.0) + 2.0  # (B, H, T, 1)
        return gate * keras.ops.cast(position_bias, inputs.dtype)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> None:
        """The bias of pairs of frames has no mask of its own."""
        return

    def compute_output_shape(self, input_shape: Any, position_bias_shape: Any) -> tuple[int | None, ...]:
        """(B, H, T, T) from (B, T, D)."""
        return (input_shape[0], self.heads, input_shape[1], input_shape[1])

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "heads": self.heads}
