"""The transformer of wav2vec 2.0, HuBERT and WavLM."""

from collections.abc import Sequence
from typing import Any

import keras

from emotion_tf.frontend.encoders.convolutional_positions import ConvolutionalPositions
from emotion_tf.frontend.encoders.encoder_block import EPSILON, EncoderBlock
from emotion_tf.frontend.encoders.outputs import checked_layers, chosen_layers
from emotion_tf.frontend.encoders.relative_position_bias import RelativePositionBias


@keras.saving.register_keras_serializable(package="emotion_tf")
class Wav2Vec2Encoder(keras.layers.Layer):
    """The transformer of wav2vec 2.0, HuBERT and WavLM up to the last of the blocks whose outputs are wanted.

    A projection, convolutional positions and transformer blocks. Layer 0 is what enters the first block, layer k what
    leaves block k. Where normalisation comes first in each block, the layer after the last block of the checkpoint is
    normalised, as published.

    Mask: frames that do not count enter the convolution of the positions as zeros, as what lies beyond the edge of a
    recording does, and attention as nothing at all. They come out as zeros.

    Args:
        width: Channels, D.
        heads: Number of heads.
        feedforward_width: Channels inside the blocks' feed-forward networks.
        total_blocks: Blocks of the checkpoint, of which those above the highest of `output_layers` are not made.
        output_layers: The layers wanted, in ascending order.
        input_width: Channels of `WaveConvolutions`, C.
        norm_first: Whether normalisation comes before the parts of each block (the large models), not after.
        normalize_input: Whether frames are normalised before the projection.
        position_kernel_size: Frames under the kernel of the positions.
        position_groups: Groups of that convolution.
        position_buckets: Numbers for each head in WavLM's relative position bias; 0 for the other families.
        max_distance: Frames from which on all distances share a number.
        trainable_blocks: Blocks to train, counted from the top; all else is frozen.
        lora_rank: Rank of low-rank adapters on those, which are then trained in place of the blocks; None for none.

    Call arguments:
        inputs: (B, T, C) of `WaveConvolutions`.
        mask: (B, T), True where a frame counts; None where all do.

    Returns:
        (B, T, layers · D), the layers' channels one after the other.

    Raises:
        EmotionTFError: If there is no such layer.

    Example:

    >>> encoder = Wav2Vec2Encoder(64, 4, 256, total_blocks=2, output_layers=(0, 2), input_width=32)
    >>> encoder(keras.ops.ones((1, 49, 32))).shape
    TensorShape([1, 49, 128])

    Reference:
        Baevski et al., "wav2vec 2.0", NeurIPS 2020; Hsu et al., "HuBERT", 2021; Chen et al., "WavLM", 2022.
    """

    def __init__(
        self,
        width: int,
        heads: int,
        feedforward_width: int,
        total_blocks: int,
        output_layers: Sequence[int],
        input_width: int = 512,
        norm_first: bool = False,
        normalize_input: bool = True,
        position_kernel_size: int = 128,
        position_groups: int = 16,
        position_buckets: int = 0,
        max_distance: int = 800,
        trainable_blocks: int = 0,
        lora_rank: int | None = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.width = width
        self.heads = heads
        self.feedforward_width = feedforward_width
        self.total_blocks = total_blocks
        self.output_layers = checked_layers(output_layers, total_blocks)
        self.input_width = input_width
        self.norm_first = norm_first
        self.normalize_input = normalize_input
        self.position_kernel_size = position_kernel_size
        self.position_groups = position_groups
        self.position_buckets = position_buckets
        self.max_distance = max_distance
        self.trainable_blocks = trainable_blocks
        self.lora_rank = lora_rank
        self.supports_masking = True
        self._make_layers()
        self._freeze()

    def _make_layers(self) -> None:
        policy, depth = self.dtype_policy, self.output_layers[-1]

        def norm(name: str) -> keras.layers.LayerNormalization:
            return keras.layers.LayerNormalization(epsilon=EPSILON, name=name, dtype=policy)

        self.input_norm = norm("input_norm") if self.normalize_input else None
        self.projection = keras.layers.Dense(self.width, name="projection", dtype=policy)
        self.positions = ConvolutionalPositions(
            self.width, self.position_kernel_size, self.position_groups, name="positions", dtype=policy
        )
        self.position_bias = None
        if self.position_buckets:
            self.position_bias = RelativePositionBias(
                self.heads, self.position_buckets, self.max_distance, name="position_bias", dtype=policy
            )
        self.blocks = [
            EncoderBlock(
                self.width,
                self.heads,
                self.feedforward_width,
                norm_first=self.norm_first,
                gated_positions=self.position_buckets > 0,
                lora_rank=self.lora_rank if number >= depth - self.trainable_blocks else None,
                name=f"block_{number + 1}",
                dtype=policy,
            )
            for number in range(depth)
        ]
        # One normalisation in either form: at the end of all blocks or before the first.
        has_norm = not self.norm_first or depth == self.total_blocks
        self.norm = norm("norm") if has_norm else None

    def _freeze(self) -> None:
        for layer in (self.input_norm, self.projection, self.positions, self.position_bias, self.norm):
            if layer is not None:
                layer.trainable = False
        for block in self.blocks[: len(self.blocks) - self.trainable_blocks]:
            block.trainable = False

    def build(self, input_shape: Any) -> None:
        """Makes the weights."""
        for layer in (self.input_norm, self.projection):
            if layer is not None:
                layer.build((None, None, self.input_width))
        for layer in (self.positions, self.position_bias, *self.blocks, self.norm):
            if layer is not None:
                layer.build((None, None, self.width))

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """Runs the projection, the positions and the blocks."""
        hidden = keras.ops.cast(inputs, self.compute_dtype)
        if self.input_norm is not None:
            hidden = self.input_norm(hidden)
        hidden = self.projection(hidden)  # (B, T, D)
        if mask is not None:
            hidden = hidden * keras.ops.cast(mask, hidden.dtype)[:, :, None]
        hidden = hidden + self.positions(hidden)
        if self.norm is not None and not self.norm_first:
            hidden = self.norm(hidden)
        bias = None if self.position_bias is None or not self.blocks else self.position_bias(hidden)
        final_norm = self.norm if self.norm_first else None
        return chosen_layers(hidden, self.blocks, self.output_layers, mask, bias, final_norm)

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """(B, T, layers · D) from (B, T, C)."""
        return (*input_shape[:2], len(self.output_layers) * self.width)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        names = (
            "width",
            "heads",
            "feedforward_width",
            "total_blocks",
            "output_layers",
            "input_width",
            "norm_first",
            "normalize_input",
            "position_kernel_size",
            "position_groups",
            "position_buckets",
            "max_distance",
            "trainable_blocks",
            "lora_rank",
        )
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}
