"""A transformer block of the pretrained encoders."""

from typing import Any

import keras

from emotion_tf.frontend.encoders.encoder_attention import EncoderAttention
from emotion_tf.frontend.encoders.gated_position_bias import GatedPositionBias

EPSILON = 1e-5
"""What the checkpoints' layer normalisations add to the variance."""


@keras.saving.register_keras_serializable(package="emotion_tf")
class EncoderBlock(keras.layers.Layer):
    """Self-attention and a feed-forward network with the exact GELU, each with a residual connection.

    Mask: as in `EncoderAttention`; frames meet nowhere else.

    Args:
        width: Channels, D.
        heads: Number of heads.
        feedforward_width: Channels between the two layers of the feed-forward network.
        norm_first: Whether layer normalisation comes before each part (Whisper, the large models of the wav2vec 2.0
            family) or after its residual connection.
        key_bias: Whether keys have a bias.
        gated_positions: Whether the block gates a relative position bias, as WavLM does.
        lora_rank: Rank of low-rank adapters on query and value, beside which all else in the block is frozen; None for
            none.

    Call arguments:
        inputs: (B, T, D).
        mask: (B, T), True where a frame counts; None where all do.
        position_bias: (1, H, T, T), where `gated_positions` is set.

    Returns:
        (B, T, D).

    Example:

    >>> EncoderBlock(64, 4, 256)(keras.ops.ones((2, 50, 64))).shape
    TensorShape([2, 50, 64])
    """

    def __init__(
        self,
        width: int,
        heads: int,
        feedforward_width: int,
        norm_first: bool = True,
        key_bias: bool = True,
        gated_positions: bool = False,
        lora_rank: int | None = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.width = width
        self.heads = heads
        self.feedforward_width = feedforward_width
        self.norm_first = norm_first
        self.key_bias = key_bias
        self.gated_positions = gated_positions
        self.lora_rank = lora_rank
        self.supports_masking = True
        policy = self.dtype_policy
        self.attention = EncoderAttention(width, heads, key_bias, lora_rank, name="attention", dtype=policy)
        self.attention_norm = keras.layers.LayerNormalization(epsilon=EPSILON, name="attention_norm", dtype=policy)
        self.expand = keras.layers.Dense(feedforward_width, name="expand", dtype=policy)
        self.contract = keras.layers.Dense(width, name="contract", dtype=policy)
        self.feedforward_norm = keras.layers.LayerNormalization(epsilon=EPSILON, name="feedforward_norm", dtype=policy)
        self.gate = GatedPositionBias(heads, name="gate", dtype=policy) if gated_positions else None

    def build(self, input_shape: Any, **_: Any) -> None:
        """Makes the weights."""
        shape = (*input_shape[:2], self.width)
        for layer in (self.attention, self.attention_norm, self.expand, self.feedforward_norm, self.gate):
            if layer is not None:
                layer.build(shape)
        self.contract.build((*input_shape[:2], self.feedforward_width))
        if self.lora_rank:
            self._freeze_beside_adapters()

    def _freeze_beside_adapters(self) -> None:
        for layer in (self.attention_norm, self.expand, self.contract, self.feedforward_norm, self.gate):
            if layer is not None:
                layer.trainable = False
        self.attention.key.trainable = self.attention.output_projection.trainable = False
        for adapted in (self.attention.query, self.attention.value):
            adapted.bias.trainable = False

    def call(self, inputs: Any, mask: Any = None, position_bias: Any = None) -> Any:
        """Attends, then feeds forward."""
        normal = self.attention_norm(inputs) if self.norm_first else inputs
        if self.gate is not None:
            position_bias = self.gate(normal, position_bias)
        hidden = inputs + self.attention(normal, mask=mask, position_bias=position_bias)
        if self.norm_first:
            return hidden + self._feed_forward(self.feedforward_norm(hidden))
        hidden = self.attention_norm(hidden)
        return self.feedforward_norm(hidden + self._feed_forward(hidden))

    def _feed_forward(self, hidden: Any) -> Any:
        return self.contract(keras.ops.gelu(self.expand(hidden), approximate=False))

    def compute_output_shape(self, input_shape: Any, **_: Any) -> Any:
        """The shape of the input."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "width": self.width,
            "heads": self.heads,
            "feedforward_width": self.feedforward_width,
            "norm_first": self.norm_first,
            "key_bias": self.key_bias,
            "gated_positions": self.gated_positions,
            "lora_rank": self.lora_rank,
        }
