"""Networks that nobody trained and inputs that nobody spoke, of true shapes."""

from collections.abc import Sequence

import keras
import numpy as np

from emotion_tf import models
from emotion_tf.config import Config
from emotion_tf.text.vocabulary import SPECIAL_WORDS, Vocabulary

NUM_WORDS = 5_000
"""Words that the networks know."""


def made_up(config: Config) -> models.Preprocessing:
    """Normalisation and vocabulary that were fitted to nothing."""
    generator = np.random.default_rng(0)
    return models.Preprocessing(
        mean=generator.normal(size=config.features.width),
        variance=generator.uniform(0.5, 2.0, config.features.width),
        vocabulary=Vocabulary((*SPECIAL_WORDS, *(f"word{index}" for index in range(NUM_WORDS)))),
    )


def random_network(config: Config) -> keras.Model:
    """A network that nobody trained; its batch statistics are drawn as well, lest they do nothing."""
    keras.utils.set_random_seed(0)
    network = models.build(config, made_up(config))
    if config.model.batch_normalization:
        layer = network.get_layer("batch_normalization")
        layer.set_weights([np.random.uniform(0.5, 2.0, weight.shape) for weight in layer.get_weights()])
    return network


def random_features(config: Config, lengths: Sequence[tuple[int, int]]) -> dict[str, np.ndarray]:
    """Inputs of utterances of so many frames and words, padded to the longest that the settings allow.

    Args:
        config: The settings of the network.
        lengths: Frames and words of each utterance.

    Returns:
        `audio` (B, T, D) float32 and `words` (B, M) int32.
    """
    generator = np.random.default_rng(1)
    audio = generator.normal(size=(len(lengths), config.features.max_frames, config.features.width))
    words = generator.integers(1, NUM_WORDS, (len(lengths), config.words.max_words))
    for row, (num_frames, num_words) in enumerate(lengths):
        audio[row, num_frames:] = 0.0
        words[row, num_words:] = 0
    return {"features": audio.astype(np.float32), "word_ids": words.astype(np.int32)}
