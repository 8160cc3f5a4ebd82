"""Encoders of the wav2vec 2.0 family out of a checkpoint, under the names of `transformers`."""

import re
from typing import Any

import numpy as np

from emotion_tf.errors import EmotionTFError
from emotion_tf.frontend.encoders.architecture import HEAD_WIDTH, Wav2Vec2Architecture
from emotion_tf.frontend.encoders.assign import Arrays, assign, assign_block, set_variable
from emotion_tf.frontend.encoders.checkpoint import Checkpoint
from emotion_tf.frontend.encoders.torch_arrays import convolution, linear, norm
from emotion_tf.frontend.encoders.wav2vec2_encoder import Wav2Vec2Encoder
from emotion_tf.frontend.encoders.wave_convolutions import STRIDES, WaveConvolutions
from emotion_tf.frontend.encoders.whisper_checkpoint import checked_rank, count_blocks

FIRST = "feature_extractor.conv_layers.0.conv.weight"
PREFIXES = ("", "wav2vec2.", "hubert.", "wavlm.")
POSITIONS = "encoder.pos_conv_embed.conv."

PUBLISHED = {
    "hidden_act": "gelu",
    "feat_extract_activation": "gelu",
    "layer_norm_eps": 1e-5,
    "conv_pos_batch_norm": False,
}
"""What every config says that is supported, where it says it."""


class Wav2Vec2Source:
    """An encoder of the wav2vec 2.0 family.

    Args:
        checkpoint: The arrays.
        config: The content of `config.json`; empty where there is none.
        preprocessor: The content of `preprocessor_config.json`; empty where there is none.

    Raises:
        EmotionTFError: If it is no such encoder.
    """

    def __init__(self, checkpoint: Checkpoint, config: dict[str, Any], preprocessor: dict[str, Any]):
        self.checkpoint = checkpoint
        found = [prefix for prefix in PREFIXES if prefix + FIRST in checkpoint]
        if not found:
            raise EmotionTFError(
                f"{checkpoint} holds no encoder of wav2vec 2.0, HuBERT or WavLM", fix="name another file"
            )
        self._prefix = found[0]
        self._check_forms(config)
        self.architecture = self._architecture(config, preprocessor)

    def _check_forms(self, config: dict[str, Any]) -> None:
        for name, published in PUBLISHED.items():
            if config.get(name, published) != published:
                raise EmotionTFError(
                    f"{self.checkpoint} is of a form that is not supported: its config's {name} differs",
                    expected=repr(published),
                    received=repr(config[name]),
                )
        if any("adapter_layer" in name for name in self.checkpoint.names()):
            raise EmotionTFError(f"{self.checkpoint} has adapters in its blocks, which is not supported")

    def _architecture(self, config: dict[str, Any], preprocessor: dict[str, Any]) -> Wav2Vec2Architecture:
        """The sizes, from the shapes alone wherever these tell them."""
        prefix, checkpoint = self._prefix, self.checkpoint
        kernel_sizes, filters = self._convolution_sizes()
        width, _ = checked_rank(checkpoint, f"{prefix}feature_projection.projection.weight", 2)
        block = f"{prefix}encoder.layers.0."
        kernel_shape = checked_rank(checkpoint, prefix + POSITIONS + self._position_names()[1], 3)
        buckets, table = 0, f"{block}attention.rel_attn_embed.weight"
        if table in checkpoint:
            buckets, _ = checked_rank(checkpoint, table, 2)
        by_layer = f"{prefix}feature_extractor.conv_layers.1.layer_norm.weight" in checkpoint
        family = "wavlm" if buckets else "hubert" if self._is_hubert(config) else "wav2vec2"
        architecture = Wav2Vec2Architecture(
            family,
            width,
            config.get("num_attention_heads", max(width // HEAD_WIDTH, 1)),
            checked_rank(checkpoint, f"{block}feed_forward.intermediate_dense.weight", 2)[0],
            count_blocks(checkpoint, re.escape(prefix) + r"encoder\.layers\.(\d+)\.final_layer_norm\.weight"),
            filters,
            kernel_sizes,
            self._strides(config),
            "layer" if by_layer else "group",
            f"{prefix}feature_extractor.conv_layers.0.conv.bias" in checkpoint,
            # The published encoders that normalise each frame of the convolutions normalise first in the blocks.
            bool(config.get("do_stable_layer_norm", by_layer)),
            f"{prefix}feature_projection.layer_norm.weight" in checkpoint,
            bool(preprocessor.get("do_normalize", True)),
            kernel_shape[2],
            width // max(kernel_shape[1], 1),
            buckets,
            config.get("max_bucket_distance", 800),
        )
        self._check_numbers(architecture)
        return architecture

    def _convolution_sizes(self) -> tuple[tuple[int, ...], int]:
        """Kernel sizes of the convolutions, and their channels, which are the same for all."""
        pattern = re.escape(self._prefix) + r"feature_extractor\.conv_layers\.(\d+)\.conv\.weight"
        count = count_blocks(self.checkpoint, pattern)
        names = [f"{self._prefix}feature_extractor.conv_layers.{number}.conv.weight" for number in range(count)]
        shapes = [checked_rank(self.checkpoint, name, 3) for name in names]
        filters = shapes[0][0]
        if [shape[:2] for shape in shapes] != [(filters, 1), *[(filters, filters)] * (count - 1)]:
            raise EmotionTFError(f"{self.checkpoint} has convolutions of different widths, which is not supported")
        return tuple(shape[2] for shape in shapes), filters

    def _strides(self, config: dict[str, Any]) -> tuple[int, ...]:
        strides = config.get("conv_stride", STRIDES)
        return tuple(strides) if isinstance(strides, list | tuple) else ()

    def _is_hubert(self, config: dict[str, Any]) -> bool:
        return config.get("model_type", "hubert" if self._prefix == "hubert." else "") == "hubert"

    def _check_numbers(self, found: Wav2Vec2Architecture) -> None:
        """Refuses numbers of the config that would not fit, or would take all memory."""
        whole = (found.heads, found.max_distance, *found.strides)
        if not all(type(number) is int and 0 < number < 100_000 for number in whole):
            raise EmotionTFError(f"{self.checkpoint}: its config holds sizes that are none", received=f"{whole}")
        fits = found.width % found.heads == 0 and found.width % found.position_groups == 0
        if not fits or len(found.strides) != len(found.kernel_sizes) or found.position_buckets % 4:
            raise EmotionTFError(f"{self.checkpoint}: the sizes of its config and of its arrays contradict each other")

    def convolution(self, number: int) -> Arrays:
        """Kernel, and bias if there is one, of a convolution of the wave, from 0."""
        return convolution(self.checkpoint, f"{self._prefix}feature_extractor.conv_layers.{number}.conv")

    def convolution_norm(self, number: int) -> Arrays:
        """Scale and offset behind a convolution."""
        return norm(self.checkpoint, f"{self._prefix}feature_extractor.conv_layers.{number}.layer_norm")

    def input_norm(self) -> Arrays:
        """Scale and offset before the projection."""
        return norm(self.checkpoint, f"{self._prefix}feature_projection.layer_norm")

    def projection(self) -> Arrays:
        """The projection to the transformer's width."""
        return linear(self.checkpoint, f"{self._prefix}feature_projection.projection")

    def norm(self) -> Arrays:
        """The transformer's own normalisation, before or behind its blocks."""
        return norm(self.checkpoint, f"{self._prefix}encoder.layer_norm")

    def positions(self) -> Arrays:
        """Kernel and bias of the positions, whose kernel the checkpoint holds as length and direction."""
        names = [self._prefix + POSITIONS + name for name in self._position_names()]
        length, direction = (self.checkpoint.read(name).astype(np.float64) for name in names)
        norms = np.sqrt(np.sum(direction**2, axis=(0, 1), keepdims=True))
        kernel = (direction * (length / np.maximum(norms, 1e-30))).transpose(2, 1, 0)
        return {
            "kernel": kernel.astype(np.float32),
            "bias": self.checkpoint.read(f"{self._prefix}{POSITIONS}bias"),
        }

    def _position_names(self) -> tuple[str, str]:
        """What length and direction are called, which changed with PyTorch 2."""
        if f"{self._prefix}{POSITIONS}weight_g" in self.checkpoint:
            return "weight_g", "weight_v"
        return "parametrizations.weight.original0", "parametrizations.weight.original1"

    def position_table(self) -> Arrays:
        """WavLM's table of relative positions, which stands in the first block."""
        name = f"{self._prefix}encoder.layers.0.attention.rel_attn_embed.weight"
        return {"table": self.checkpoint.read(name)}

    def block(self, number: int) -> dict[str, Arrays]:
        """The arrays of a block, from 0."""
        prefix = f"{self._prefix}encoder.layers.{number}."
        names = {
            "query": "attention.q_proj",
            "key": "attention.k_proj",
            "value": "attention.v_proj",
            "output": "attention.out_proj",
            "expand": "feed_forward.intermediate_dense",
            "contract": "feed_forward.output_dense",
        }
        arrays = {name: linear(self.checkpoint, prefix + theirs) for name, theirs in names.items()}
        arrays["attention_norm"] = norm(self.checkpoint, f"{prefix}layer_norm")
        arrays["feedforward_norm"] = norm(self.checkpoint, f"{prefix}final_layer_norm")
        if self.architecture.position_buckets:
            arrays["gate"] = self._gate(f"{prefix}attention.")
        return arrays

    def _gate(self, prefix: str) -> Arrays:
        """WavLM's gates: of the eight channels of the projection, each four are summed for one gate."""
        gate = linear(self.checkpoint, f"{prefix}gru_rel_pos_linear")
        return {
            "kernel": gate["kernel"].reshape(-1, 2, 4).sum(axis=-1),
            "bias": gate["bias"].reshape(2, 4).sum(axis=-1),
            "factor": self.checkpoint.read(f"{prefix}gru_rel_pos_const").reshape(-1),
        }


def assign_wav2vec2(waves: WaveConvolutions, encoder: Wav2Vec2Encoder, source: Wav2Vec2Source, name: str) -> None:
    """Gives an encoder the weights of a checkpoint.

    Args:
        waves: Built convolutions of the checkpoint's architecture.
        encoder: A built transformer of it.
        source: The checkpoint.
        name: How errors call it.
    """
    for number, layer in enumerate(waves.convolutions):
        assign(layer, source.convolution(number), name)
    for number, layer in enumerate(waves.norms):
        assign(layer, source.convolution_norm(number), name)
    if waves.norm == "group":
        arrays = source.convolution_norm(0)
        set_variable(waves.scale, arrays["gamma"], name)
        set_variable(waves.offset, arrays["beta"], name)
    if encoder.input_norm is not None:
        assign(encoder.input_norm, source.input_norm(), name)
    assign(encoder.projection, source.projection(), name)
    assign(encoder.positions, source.positions(), name)
    if encoder.position_bias is not None:
        assign(encoder.position_bias, source.position_table(), name)
    if encoder.norm is not None:
        assign(encoder.norm, source.norm(), name)
    for number, block in enumerate(encoder.blocks):
        assign_block(block, source.block(number), name)
