"""Whisper's encoder out of a checkpoint, under the names that each format gives its arrays."""

import re
from typing import Any, Protocol

import numpy as np

from emotion_tf.errors import EmotionTFError
from emotion_tf.frontend.encoders.architecture import HEAD_WIDTH, WhisperArchitecture
from emotion_tf.frontend.encoders.assign import Arrays, assign, assign_block
from emotion_tf.frontend.encoders.checkpoint import Checkpoint
from emotion_tf.frontend.encoders.torch_arrays import convolution, linear, norm
from emotion_tf.frontend.encoders.whisper_encoder import WhisperEncoder


class WhisperSource(Protocol):
    """A checkpoint that holds Whisper's encoder."""

    checkpoint: Checkpoint
    architecture: WhisperArchitecture

    def convolution(self, number: int) -> Arrays:
        """Kernel and bias of convolution 1 or 2."""

    def block(self, number: int) -> dict[str, Arrays]:
        """The arrays of a block, from 0."""

    def final_norm(self) -> Arrays:
        """Scale and offset of the last normalisation."""


class HuggingFaceWhisper:
    """Whisper's encoder under the names of `transformers`.

    Args:
        checkpoint: The arrays.
        config: The content of `config.json`; empty where there is none.

    Raises:
        EmotionTFError: If it is not Whisper's encoder.
    """

    def __init__(self, checkpoint: Checkpoint, config: dict[str, Any]):
        self.checkpoint = checkpoint
        found = [name for name in checkpoint.names() if re.fullmatch(r"(model\.)?encoder\.conv1\.weight", name)]
        if not found:
            raise no_whisper(checkpoint)
        self._prefix = found[0].removesuffix("conv1.weight")
        _check_forms(checkpoint, config)
        width, mel_bands, _ = checked_rank(checkpoint, found[0], 3)
        blocks = count_blocks(checkpoint, re.escape(self._prefix) + r"layers\.(\d+)\.fc1\.weight")
        heads = config.get("encoder_attention_heads", max(width // HEAD_WIDTH, 1))
        self.architecture = checked_architecture(checkpoint, width, heads, blocks, mel_bands)

    def convolution(self, number: int) -> Arrays:
        """Kernel and bias of convolution 1 or 2."""
        return convolution(self.checkpoint, f"{self._prefix}conv{number}")

    def block(self, number: int) -> dict[str, Arrays]:
        """The arrays of a block, from 0."""
        prefix = f"{self._prefix}layers.{number}."
        names = {
            "query": "self_attn.q_proj",
            "key": "self_attn.k_proj",
            "value": "self_attn.v_proj",
            "output": "self_attn.out_proj",
            "expand": "fc1",
            "contract": "fc2",
        }
        return {
            **{name: linear(self.checkpoint, prefix + theirs) for name, theirs in names.items()},
            "attention_norm": norm(self.checkpoint, f"{prefix}self_attn_layer_norm"),
            "feedforward_norm": norm(self.checkpoint, f"{prefix}final_layer_norm"),
        }

    def final_norm(self) -> Arrays:
        """Scale and offset of the last normalisation."""
        return norm(self.checkpoint, f"{self._prefix}layer_norm")


class CTranslate2Whisper:
    """Whisper's encoder under the names of CTranslate2.

    Args:
        checkpoint: The arrays.

    Raises:
        EmotionTFError: If it is not Whisper's encoder.
    """

    def __init__(self, checkpoint: Checkpoint):
        self.checkpoint = checkpoint
        if "encoder/conv1/weight" not in checkpoint:
            raise no_whisper(checkpoint)
        width, mel_bands, _ = checked_rank(checkpoint, "encoder/conv1/weight", 3)
        blocks = count_blocks(checkpoint, r"encoder/layer_(\d+)/ffn/linear_0/weight")
        heads = max(width // HEAD_WIDTH, 1)
        if "encoder/num_heads" in checkpoint:
            heads = int(checkpoint.read("encoder/num_heads").reshape(-1)[0])
        self.architecture = checked_architecture(checkpoint, width, heads, blocks, mel_bands)

    def convolution(self, number: int) -> Arrays:
        """Kernel and bias of convolution 1 or 2."""
        name = f"encoder/conv{number}"
        return {"kernel": self._weight(name).transpose(2, 1, 0), "bias": self.checkpoint.read(f"{name}/bias")}

    def block(self, number: int) -> dict[str, Arrays]:
        """The arrays of a block, from 0; query, key and value stand one below the other."""
        prefix = f"encoder/layer_{number}"
        fused = self._linear(f"{prefix}/self_attention/linear_0")
        kernels, biases = np.split(fused["kernel"], 3, axis=1), np.split(fused["bias"], 3)
        projections = zip(("query", "key", "value"), kernels, biases, strict=True)
        return {
            **{name: {"kernel": kernel, "bias": bias} for name, kernel, bias in projections},
            "output": self._linear(f"{prefix}/self_attention/linear_1"),
            "attention_norm": self._norm(f"{prefix}/self_attention/layer_norm"),
            "expand": self._linear(f"{prefix}/ffn/linear_0"),
            "contract": self._linear(f"{prefix}/ffn/linear_1"),
            "feedforward_norm": self._norm(f"{prefix}/ffn/layer_norm"),
        }

    def final_norm(self) -> Arrays:
        """Scale and offset of the last normalisation."""
        return self._norm("encoder/layer_norm")

    def _linear(self, name: str) -> Arrays:
        return {"kernel": self._weight(name).T, "bias": self.checkpoint.read(f"{name}/bias")}

    def _norm(self, name: str) -> Arrays:
        return {name_: self.checkpoint.read(f"{name}/{name_}") for name_ in ("gamma", "beta")}

    def _weight(self, name: str) -> np.ndarray:
        """A weight; one in whole numbers stands beside the scale that they were multiplied by."""
        weight, scale = self.checkpoint.read(f"{name}/weight"), f"{name}/weight_scale"
        if scale not in self.checkpoint:
            return weight
        factor = self.checkpoint.read(scale)
        if not factor.all() or factor.size not in (1, len(weight)):
            raise EmotionTFError(f"{self.checkpoint}: the array {scale} is no scale of its weight")
        return weight / factor.reshape(-1, *[1] * (weight.ndim - 1))


def assign_whisper(encoder: WhisperEncoder, source: WhisperSource, name: str) -> None:
    """Gives an encoder the weights of a checkpoint.

    Args:
        encoder: A built encoder of the checkpoint's architecture.
        source: The checkpoint.
        name: How errors call it.
    """
    assign(encoder.convolution_1, source.convolution(1), name)
    assign(encoder.convolution_2, source.convolution(2), name)
    for number, block in enumerate(encoder.blocks):
        assign_block(block, source.block(number), name)
    if encoder.final_norm is not None:
        assign(encoder.final_norm, source.final_norm(), name)


def no_whisper(checkpoint: object) -> EmotionTFError:
    """The error that says that a checkpoint holds no encoder of Whisper."""
    return EmotionTFError(
        f"{checkpoint} holds no encoder of Whisper",
        expected="a checkpoint of a whole Whisper model or of its encoder",
        fix="name another file",
    )


def checked_rank(checkpoint: Checkpoint, name: str, rank: int) -> tuple[int, ...]:
    """The shape of an array that has `rank` axes."""
    shape = checkpoint.shape(name)
    if len(shape) != rank:
        raise EmotionTFError(
            f"{checkpoint}: the array {name} is not as in the architecture",
            expected=f"{rank} axes",
            received=f"shape {shape}",
        )
    return shape


def count_blocks(checkpoint: Checkpoint, pattern: str) -> int:
    """How many blocks there are, by the array that matches `pattern` in each."""
    numbers = {int(match[1]) for name in checkpoint.names() if (match := re.fullmatch(pattern, name))}
    if not numbers or numbers != set(range(len(numbers))):
        raise EmotionTFError(f"{checkpoint} lacks blocks of the encoder", received=f"{sorted(numbers)}"[:100])
    return len(numbers)


def checked_architecture(
    checkpoint: object, width: int, heads: object, blocks: int, mel_bands: int
) -> WhisperArchitecture:
    """The architecture, where its numbers can be."""
    if type(heads) is not int or heads < 1 or width % 2 or width < 4 or width % heads:
        raise EmotionTFError(f"{checkpoint}: {width} channels cannot be shared by {heads!r} heads")
    return WhisperArchitecture(width, heads, blocks, mel_bands)


def _check_forms(checkpoint: Checkpoint, config: dict[str, Any]) -> None:
    """Refuses a config that says what no Whisper has."""
    for name, published in (("activation_function", "gelu"), ("scale_embedding", False)):
        if config.get(name, published) != published:
            raise EmotionTFError(
                f"{checkpoint} is no published Whisper: its config's {name} differs",
                expected=repr(published),
                received=repr(config[name]),
            )
