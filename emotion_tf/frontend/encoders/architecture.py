"""What has to be known of a pretrained encoder to build it."""

import dataclasses
from dataclasses import dataclass
from typing import Any

from emotion_tf.errors import EmotionTFError

FAMILIES = ("whisper", "wav2vec2", "hubert", "wavlm")

HEAD_WIDTH = 64
"""Channels of a head in every published checkpoint of these families."""


@dataclass(frozen=True)
class WhisperArchitecture:
    """The sizes of a Whisper encoder.

    Args:
        width: Channels.
        heads: Heads of each block.
        blocks: Transformer blocks.
        mel_bands: Bands of the spectrogram that it reads.
    """

    width: int
    heads: int
    blocks: int
    mel_bands: int = 80

    @property
    def family(self) -> str:
        """The family's name."""
        return "whisper"


@dataclass(frozen=True)
class Wav2Vec2Architecture:
    """The sizes and forms of an encoder of the wav2vec 2.0 family.

    Args:
        family: `wav2vec2`, `hubert` or `wavlm`.
        width: Channels of the transformer.
        heads: Heads of each block.
        feedforward_width: Channels inside the blocks' feed-forward networks.
        blocks: Transformer blocks.
        filters: Channels of the convolutions that read the wave.
        kernel_sizes: Their kernels.
        strides: Their steps.
        convolution_norm: `group` or `layer`, as for `WaveConvolutions`.
        convolution_bias: Whether they have biases.
        norm_first: Whether normalisation comes first in each block.
        normalize_input: Whether frames are normalised before the projection.
        normalize_waveform: Whether waves are brought to mean 0 and variance 1.
        position_kernel_size: Frames under the kernel of the positions.
        position_groups: Groups of that convolution.
        position_buckets: Buckets of WavLM's relative position bias; 0 for the other families.
        max_distance: Frames from which on all distances share a bucket.
    """

    family: str
    width: int
    heads: int
    feedforward_width: int
    blocks: int
    filters: int = 512
    kernel_sizes: tuple[int, ...] = (10, 3, 3, 3, 3, 2, 2)
    strides: tuple[int, ...] = (5, 2, 2, 2, 2, 2, 2)
    convolution_norm: str = "group"
    convolution_bias: bool = False
    norm_first: bool = False
    normalize_input: bool = True
    normalize_waveform: bool = True
    position_kernel_size: int = 128
    position_groups: int = 16
    position_buckets: int = 0
    max_distance: int = 800


Architecture = WhisperArchitecture | Wav2Vec2Architecture


def architecture_to_dict(architecture: Architecture) -> dict[str, Any]:
    """An architecture as plain values, its family among them.

    >>> architecture_to_dict(WhisperArchitecture(384, 6, 4))
    {'width': 384, 'heads': 6, 'blocks': 4, 'mel_bands': 80, 'family': 'whisper'}
    """
    return {**dataclasses.asdict(architecture), "family": architecture.family}


def architecture_from_dict(values: dict[str, Any]) -> Architecture:
    """The inverse of `architecture_to_dict`.

    Raises:
        EmotionTFError: If there is no such family, or the values are not its own.
    """
    values = {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
    family = values.get("family")
    if family not in FAMILIES:
        raise EmotionTFError("no such family of encoders", expected=", ".join(FAMILIES), received=repr(family))
    try:
        if family == "whisper":
            return WhisperArchitecture(**{name: value for name, value in values.items() if name != "family"})
        return Wav2Vec2Architecture(**values)
    except TypeError as error:
        raise EmotionTFError(f"these are not the settings of an encoder of the family {family} ({error})") from None
