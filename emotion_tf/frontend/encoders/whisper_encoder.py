"""Whisper's encoder."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from emotion_tf.frontend.encoders.encoder_block import EPSILON, EncoderBlock
from emotion_tf.frontend.encoders.outputs import checked_layers, chosen_layers

LONGEST_PERIOD = 10_000.0
"""Ratio of the longest to the shortest period of the sinusoidal positions."""


@keras.saving.register_keras_serializable(package="emotion_tf")
class WhisperEncoder(keras.layers.Layer):
    """Whisper's encoder up to the last of the blocks whose outputs are wanted.

    Two convolutions, the second of which halves the frames, sinusoidal positions and pre-norm transformer blocks.
    Layer 0 is what enters the first block, layer k what leaves block k; the layer after the last block of the
    checkpoint is normalised, as published.

    Mask: frames that do not count enter the convolutions as zeros, as the edge of a recording does, and attention as
    nothing at all. They come out as zeros. A frame of the output counts where the first of its two frames does, so
    recordings are to begin at frame 0.

    Args:
        width: Channels, D.
        heads: Number of heads.
        total_blocks: Blocks of the checkpoint, of which those above the highest of `output_layers` are not made.
        output_layers: The layers wanted, in ascending order.
        mel_bands: Mel bands, M.
        trainable_blocks: Blocks to train, counted from the top; all else is frozen.
        lora_rank: Rank of low-rank adapters on those, which are then trained in place of the blocks; None for none.

    Call arguments:
        inputs: Log-mel spectrogram (B, T, M) of `WhisperLogMel`.
        mask: (B, T), True where a frame counts; None where all do.

    Returns:
        (B, T / 2, layers · D), length rounded up: 50 frames a second, the layers' channels one after the other.

    Raises:
        EmotionTFError: If there is no such layer.

    Example:

    >>> WhisperEncoder(64, 1, total_blocks=2, output_layers=(1, 2))(keras.ops.ones((1, 101, 80))).shape
    TensorShape([1, 51, 128])

    Reference:
        Radford et al., "Robust Speech Recognition via Large-Scale Weak Supervision", ICML 2023.
    """

    def __init__(
        self,
        width: int,
        heads: int,
        total_blocks: int,
        output_layers: Sequence[int],
        mel_bands: int = 80,
        trainable_blocks: int = 0,
        lora_rank: int | None = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.width = width
        self.heads = heads
        self.total_blocks = total_blocks
        self.output_layers = checked_layers(output_layers, total_blocks)
        self.mel_bands = mel_bands
        self.trainable_blocks = trainable_blocks
        self.lora_rank = lora_rank
        self.supports_masking = True
        policy = self.dtype_policy
        self.convolution_1 = keras.layers.Conv1D(width, 3, padding="same", name="convolution_1", dtype=policy)
        self.convolution_2 = keras.layers.Conv1D(width, 3, strides=2, name="convolution_2", dtype=policy)
        depth = self.output_layers[-1]
        self.blocks = [
            EncoderBlock(
                width,
                heads,
                4 * width,
                key_bias=False,
                lora_rank=lora_rank if number >= depth - trainable_blocks else None,
                name=f"block_{number + 1}",
                dtype=policy,
            )
            for number in range(depth)
        ]
        self.final_norm = None
        if depth == total_blocks:
            self.final_norm = keras.layers.LayerNormalization(epsilon=EPSILON, name="final_norm", dtype=policy)
        self._freeze()

    def _freeze(self) -> None:
        for layer in (self.convolution_1, self.convolution_2, self.final_norm):
            if layer is not None:
                layer.trainable = False
        for block in self.blocks[: len(self.blocks) - self.trainable_blocks]:
            block.trainable = False

    def build(self, input_shape: Any) -> None:
        """Makes the weights."""
        self.convolution_1.build((None, None, self.mel_bands))
        for layer in (self.convolution_2, *self.blocks, self.final_norm):
            if layer is not None:
                layer.build((None, None, self.width))

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """Runs the convolutions and the blocks."""
        inputs = keras.ops.cast(inputs, self.compute_dtype)
        counts = None if mask is None else keras.ops.cast(mask, inputs.dtype)[:, :, None]
        hidden = inputs if counts is None else inputs * counts
        hidden = keras.ops.gelu(self.convolution_1(hidden), approximate=False)  # (B, T, D)
        if counts is not None:
            hidden = hidden * counts
        # "same" padding would put nothing before the first of an even number of frames.
        hidden = self.convolution_2(keras.ops.pad(hidden, ((0, 0), (1, 1), (0, 0))))  # (B, T / 2, D)
        hidden = keras.ops.gelu(hidden, approximate=False)
        hidden = hidden + sinusoidal_positions(keras.ops.shape(hidden)[1], self.width, hidden.dtype)
        mask = None if mask is None else mask[:, ::2]
        return chosen_layers(hidden, self.blocks, self.output_layers, mask, final_norm=self.final_norm)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """Every second frame of the mask."""
        return None if previous_mask is None else previous_mask[:, ::2]

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """(B, T / 2, layers · D) from (B, T, M)."""
        frames = None if input_shape[1] is None else -(-input_shape[1] // 2)
        return (input_shape[0], frames, len(self.output_layers) * self.width)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "width": self.width,
            "heads": self.heads,
            "total_blocks": self.total_blocks,
            "output_layers": self.output_layers,
            "mel_bands": self.mel_bands,
            "trainable_blocks": self.trainable_blocks,
            "lora_rank": self.lora_rank,
        }


def sinusoidal_positions(frames: Any, width: int, dtype: str) -> Any:
    """Positions (1, `frames`, `width`): sines of falling frequencies, then their cosines."""
    half = width // 2
    # In float32, with the steps that OpenAI took: at the 1,500th frame, exact frequencies give angles that are 1e-4
    # away from those that the encoder was trained with, which its fourth block makes 0.2.
    steps = np.float32(-np.log(LONGEST_PERIOD) / (half - 1)) * np.arange(half, dtype=np.float32)
    frequencies = np.exp(steps.astype(np.float64)).astype(np.float32)
    angles = keras.ops.arange(frames, dtype="float32")[None, :, None] * frequencies
    return keras.ops.cast(keras.ops.concatenate([keras.ops.sin(angles), keras.ops.cos(angles)], axis=-1), dtype)
