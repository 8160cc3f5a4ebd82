"""MSCNN-SPU-ATT once more, in PyTorch, so that runtimes are compared on one network.

python benchmarks/twin.py checks that it gives what the Keras network gives.
"""

import sys
from collections.abc import Sequence

import keras
import numpy as np
import torch
from made_up import random_features, random_network

from emotion_tf.config import Config
from emotion_tf.labels import FOUR
from emotion_tf.recipes import preset

PRESETS = ("paper", "strong")
"""The presets that are compared."""

TOLERANCE = 1e-5
"""Largest difference of a probability that is put down to rounding."""


class MultiScaleConvolution(torch.nn.Module):
    """Convolutions of several sizes side by side, from (B, T, D) to maps (B, T, S · F) under a mask (B, T, 1)."""

    def __init__(self, width: int, filters: int, kernel_sizes: Sequence[int]):
        super().__init__()
        # Conv1d, and Conv2d with kernels as wide as the features, give the same numbers and take longer.
        self.scales = torch.nn.ModuleList(
            torch.nn.Conv2d(width, filters, (1, size), padding="same") for size in kernel_sizes
        )

    def forward(self, inputs: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        # The features become the channels, which stay last in memory.
        inputs = (inputs * mask).transpose(1, 2).unsqueeze(2)  # (B, D, 1, T)
        maps = torch.cat([scale(inputs) for scale in self.scales], dim=1)  # (B, S · F, 1, T)
        return torch.relu(maps).squeeze(2).transpose(1, 2) * mask


class Twin(torch.nn.Module):
    """The network of `models.mscnn` for audio and words, with paired attention.

    Args:
        config: The settings of the Keras network.
        vocabulary_size: Number of words.

    Call arguments:
        audio: (B, T, D) float32, padded with zero frames.
        words: (B, M) int32 or int64, padded with zeros.

    Returns:
        The logarithms of the probabilities (B, 4), which `torch.nn.functional.nll_loss` takes.
    """

    def __init__(self, config: Config, vocabulary_size: int):
        super().__init__()
        settings = config.model
        self.register_buffer("mean", torch.zeros(config.features.width))
        self.register_buffer("deviation", torch.ones(config.features.width))
        self.embeddings = torch.nn.Embedding(vocabulary_size, config.words.embedding_width, padding_idx=0)
        self.audio = MultiScaleConvolution(config.features.width, settings.filters, settings.audio_kernel_sizes)
        self.text = MultiScaleConvolution(config.words.embedding_width, settings.filters, settings.text_kernel_sizes)
        self.num_scales, self.filters, self.swem = len(settings.audio_kernel_sizes), settings.filters, settings.swem
        width = 9 * self.num_scales * self.filters + 2 * config.words.embedding_width * self.swem
        self.normalization = (
            torch.nn.BatchNorm1d(width, eps=1e-3) if settings.batch_normalization else torch.nn.Identity()
        )
        self.hidden = torch.nn.Linear(width, settings.dense_units)
        self.logits = torch.nn.Linear(settings.dense_units, len(FOUR))
        self.dropout = torch.nn.Dropout(settings.dropout)

    def forward(self, audio: torch.Tensor, words: torch.Tensor) -> torch.Tensor:
        audio_mask = (audio != 0).any(dim=-1, keepdim=True).to(audio.dtype)  # (B, T, 1)
        text_mask = (words != 0).unsqueeze(-1).to(audio.dtype)  # (B, M, 1)
        frames = (audio - self.mean) / self.deviation
        embeddings = self.embeddings(words)  # (B, M, E)
        text_maps = self.text(embeddings, text_mask)  # (B, M, S · F)
        context = _statistics(self.audio(frames, audio_mask), audio_mask)  # (B, 3, S · F)
        vectors = [context, _statistics(text_maps, text_mask)]
        if self.swem:
            vectors.append(_swem(embeddings, text_mask))
        vectors.append(self._attend(context, text_maps, text_mask))
        utterance = torch.cat([vector.flatten(1) for vector in vectors], dim=1)
        hidden = torch.relu(self.hidden(self.dropout(self.normalization(utterance))))
        return torch.log_softmax(self.logits(self.dropout(hidden)), dim=-1)

    def _attend(self, context: torch.Tensor, maps: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Each statistic of the audio weighs the positions of the text maps of its scale."""
        by_scale = (self.num_scales, self.filters)
        context = context.unflatten(2, by_scale).transpose(1, 2)  # (B, S, 3, F)
        maps = maps.unflatten(2, by_scale).transpose(1, 2)  # (B, S, M, F)
        mask = mask[:, None].transpose(2, 3)  # (B, 1, 1, M)
        scores = (context @ maps.transpose(2, 3)).masked_fill(mask == 0, -1e9)  # (B, S, 3, M)
        # Where every position is masked, the product after the softmax leaves zeros.
        weights = torch.softmax(scores, dim=-1) * mask
        return (weights @ maps).transpose(1, 2)  # (B, 3, S, F)


def _statistics(maps: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Maximum, average, deviation (B, 3, C) of maps (B, T, C), which are zero under the mask and nowhere negative."""
    count = mask.sum(dim=1).clamp(min=1)
    average = maps.sum(dim=1) / count
    variance = ((maps - average[:, None]) * mask).square().sum(dim=1) / count
    return torch.stack([maps.amax(dim=1), average, variance.clamp(min=1e-12).sqrt()], dim=1)


def _swem(embeddings: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """SWEM-max and SWEM-avg (B, 2, E) of embeddings (B, M, E)."""
    maximum = embeddings.masked_fill(mask == 0, -torch.inf).amax(dim=1)
    maximum = torch.where(mask.any(dim=1), maximum, 0.0)
    average = (embeddings * mask).sum(dim=1) / mask.sum(dim=1).clamp(min=1)
    return torch.stack([maximum, average], dim=1)


def twin_of(network: keras.Model, config: Config) -> Twin:
    """A twin with the weights of a Keras network, in evaluation mode."""
    twin = Twin(config, network.get_layer("embeddings").input_dim).eval()
    normalization = network.get_layer("normalization")
    state = {
        "mean": np.ravel(normalization.mean),
        "deviation": np.sqrt(np.ravel(normalization.variance)),
        "embeddings.weight": network.get_layer("embeddings").get_weights()[0],
    }
    for modality in ("audio", "text"):
        for index, convolution in enumerate(network.get_layer(f"{modality}_mscnn").convolutions):
            kernel, bias = convolution.get_weights()
            state |= {
                f"{modality}.scales.{index}.weight": kernel.T[:, :, None],
                f"{modality}.scales.{index}.bias": bias,
            }
    for ours, theirs in (("hidden", "hidden"), ("logits", "probabilities")):
        kernel, bias = network.get_layer(theirs).get_weights()
        state |= {f"{ours}.weight": kernel.T, f"{ours}.bias": bias}
    if config.model.batch_normalization:
        names = ("weight", "bias", "running_mean", "running_var")
        weights = network.get_layer("batch_normalization").get_weights()
        state |= {f"normalization.{name}": weight for name, weight in zip(names, weights, strict=True)}
        state["normalization.num_batches_tracked"] = np.zeros((), np.int64)
    twin.load_state_dict({name: torch.tensor(value) for name, value in state.items()})
    return twin


def check_twin(network: keras.Model, twin: Twin, config: Config) -> float:
    """Compares the two networks on utterances with and without padding, and on one without words.

    Returns:
        The largest difference of a probability.

    Raises:
        RuntimeError: If it exceeds `TOLERANCE`.
    """
    longest = config.features.max_frames, config.words.max_words
    inputs = random_features(config, [longest, (100, 10), (1, 1), (200, 0)])
    expected = network(inputs, training=False).numpy()
    with torch.inference_mode():
        received = twin(*map(torch.from_numpy, inputs.values())).exp().numpy()
    difference = float(np.abs(received - expected).max())
    if not difference <= TOLERANCE:  # Also catches NaN.
        raise RuntimeError(f"the twin differs from the Keras network by {difference:g}")
    return difference


def main() -> int:
    for name in PRESETS:
        config = preset(name)
        network = random_network(config)
        print(f"{name}: largest difference {check_twin(network, twin_of(network, config), config):.1e}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
