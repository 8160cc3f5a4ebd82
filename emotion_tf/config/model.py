"""The network."""

from dataclasses import dataclass
from typing import Literal

from emotion_tf.config.ranges import Share


@dataclass(frozen=True)
class ModelConfig:
    """The network. Each model heeds the settings that it has a use for.

    Args:
        name: Its name in `emotion_tf.models`.
        modality: What it hears and reads.
        audio_kernel_sizes: Frames under the audio kernels.
        text_kernel_sizes: Words under the text kernels.
        filters: Filters for each kernel size.
        convolution: What a convolution of MSCNN consists of, as `emotion_tf.layers.MultiScaleConv2D` explains it.
        pooling: How the model `cnn` pools over time.
        recurrent_units: Width of each recurrent layer, and of each of its directions.
        hops: Times that the model `mha` attends to one modality or the other.
        attention: Whether the audio looks at the words; needs both modalities.
        pairing: How audio scales meet text scales in the attention.
        swem: Appends the maximum and the mean of the word embeddings.
        learned_placeholders: Learns what stands in for the audio or the words of an utterance that lacks them, so that
            the model can be asked with one of them alone; needs the model `mscnn`, both modalities, and training that
            leaves out audio and transcripts. The model `experts` always has them.
        frames_averaged: So many frames in a row are averaged into one before anything else, since those of a pretrained
            encoder change slowly; everything behind is as many times cheaper.
        frame_statistics: Appends, in the model `mscnn`, the average and the deviation over time of the frames
            themselves, before any convolution.
        projection_units: Frames are first brought to this many channels by a linear layer, as the wide ones of a
            pretrained encoder need; None leaves them as they are.
        dense_units: Width of the hidden dense layer; None goes without one.
        dropout: Share of inputs of each dense layer that is dropped in training.
        batch_normalization: Normalises what enters the hidden dense layer.
    """

    name: str = "mscnn"
    modality: Literal["audio", "text", "both"] = "both"
    audio_kernel_sizes: tuple[int, ...] = (5, 7, 9, 11)
    text_kernel_sizes: tuple[int, ...] = (2, 3, 4, 5)
    filters: int = 128
    convolution: Literal["standard", "separable", "dilated", "grouped", "bottleneck"] = "standard"
    pooling: Literal["max", "average"] = "max"
    recurrent_units: int = 128
    hops: int = 2
    attention: bool = True
    pairing: Literal["paired", "all_pairs"] = "paired"
    swem: bool = False
    learned_placeholders: bool = False
    frames_averaged: int = 1
    frame_statistics: bool = False
    projection_units: int | None = None
    dense_units: int | None = 128
    dropout: Share = 0.3
    batch_normalization: bool = False

    @property
    def hears(self) -> bool:
        """Whether audio is an input."""
        return self.modality in ("audio", "both")

    @property
    def reads(self) -> bool:
        """Whether words are an input."""
        return self.modality in ("text", "both")
