"""Self-attention of the pretrained encoders."""

from typing import Any

import keras

MASKED_SCORE = -30.0
"""What is added to the scores of frames that do not count. It keeps them from ruling the softmax; what little they take
all the same is divided out. A far larger number would end the process of an int8 model."""


@keras.saving.register_keras_serializable(package="emotion_tf")
class EncoderAttention(keras.layers.Layer):
    """Multi-head self-attention with scaled dot products, in the form that the published checkpoints hold.

    Mask: frames that do not count take part in no sum. What stands in their own places is of no meaning.

    Args:
        width: Channels, D.
        heads: Number of heads, H.
        key_bias: Whether keys have a bias; Whisper's have none.
        lora_rank: Rank of the low-rank adapters on query and value; None for none.

    Call arguments:
        inputs: (B, T, D).
        mask: (B, T), True where a frame counts; None where all do.
        position_bias: (B, H, T, T) or (1, H, T, T), added to the scores; None for none.

    Returns:
        (B, T, D).

    Example:

    >>> EncoderAttention(64, 4)(keras.ops.ones((2, 50, 64))).shape
    TensorShape([2, 50, 64])

    Reference:
        Vaswani et al., "Attention Is All You Need", NIPS 2017; Hu et al., "LoRA", ICLR 2022.
    """

    def __init__(self, width: int, heads: int, key_bias: bool = True, lora_rank: int | None = None, **kwargs: Any):
        super().__init__(**kwargs)
        self.width = width
        self.heads = heads
        self.key_bias = key_bias
        self.lora_rank = lora_rank
        self.supports_masking = True

        def dense(name: str, **settings: Any) -> keras.layers.Dense:
            return keras.layers.Dense(width, name=name, dtype=self.dtype_policy, **settings)

        self.query = dense("query", lora_rank=lora_rank)
        self.key = dense("key", use_bias=key_bias)
        self.value = dense("value", lora_rank=lora_rank)
        self.output_projection = dense("output")

    def build(self, input_shape: Any, **_: Any) -> None:
        """Makes the four projections."""
        for projection in (self.query, self.key, self.value, self.output_projection):
            projection.build((*input_shape[:2], self.width))

    def call(self, inputs: Any, mask: Any = None, position_bias: Any = None) -> Any:
        """Lets each frame attend to all that count."""
        query = self._split(self.query(inputs) * (self.width // self.heads) ** -0.5, (0, 2, 1, 3))  # (B, H, T, D / H)
        key = self._split(self.key(inputs), (0, 2, 3, 1))  # (B, H, D / H, T)
        value = self._split(self.value(inputs), (0, 2, 1, 3))
        scores = keras.ops.matmul(query, key)  # (B, H, T, T)
        if position_bias is not None:
            scores = scores + position_bias
        if mask is None:
            attended = keras.ops.matmul(keras.ops.softmax(scores), value)
        else:
            attended = _masked_attention(scores, value, keras.ops.cast(mask, scores.dtype))
        attended = keras.ops.transpose(attended, (0, 2, 1, 3))  # (B, T, H, D / H)
        return self.output_projection(keras.ops.reshape(attended, keras.ops.shape(inputs)))

    def _split(self, channels: Any, order: tuple[int, ...]) -> Any:
        """Channels (B, T, D) by head, (B, T, H, D / H), with the axes in `order`."""
        batch, time, width = keras.ops.shape(channels)
        return keras.ops.transpose(keras.ops.reshape(channels, (batch, time, self.heads, width // self.heads)), order)

    def compute_output_shape(self, input_shape: Any, **_: Any) -> Any:
        """The shape of the input."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "width": self.width,
            "heads": self.heads,
            "key_bias": self.key_bias,
            "lora_rank": self.lora_rank,
        }


def _masked_attention(scores: Any, value: Any, counts: Any) -> Any:
    """Attention (B, H, T, D / H) under scores (B, H, T, T), to those frames alone that `counts` (B, T) holds as one."""
    weights = keras.ops.softmax(scores + MASKED_SCORE * (1 - counts)[:, None, None, :])
    counts = counts[:, None, :, None]
    # The share of the weights that fell on frames which count; where a sequence has none, one, to divide by.
    share = keras.ops.matmul(weights, keras.ops.broadcast_to(counts, (*keras.ops.shape(scores)[:3], 1)))
    empty = 1 - keras.ops.max(counts, axis=2, keepdims=True)
    return keras.ops.matmul(weights, value * counts) / (share + empty)
