"""Small models of every kind, and what their tests share."""

from collections.abc import Callable

import keras
import numpy as np
import references
from checks import probabilities, random_frames

from emotion_tf.config import Config
from emotion_tf.models import Preprocessing, build
from emotion_tf.text.vocabulary import Vocabulary

VOCABULARY = ("", "[UNK]", *(f"word{number}" for number in range(18)))
SPEAKER_WIDTH = 6


def small(*model_settings: str) -> Config:
    """Few filters and units, 12 features, embeddings of 10 numbers; all else as published."""
    return Config().override(
        "features.mel_bands=6",
        "features.mfcc_coefficients=4",
        "words.embedding_width=10",
        "model.filters=4",
        "model.recurrent_units=5",
        "model.dense_units=16",
        *(f"model.{setting}" for setting in model_settings),
    )


def fitted_for(config: Config, embeddings: bool = False) -> Preprocessing:
    """Normalisation and vocabulary that differ from feature to feature and word to word."""
    rng = np.random.default_rng(0)
    mean, variance = rng.normal(-40, 20, config.features.width), rng.uniform(1, 400, config.features.width)
    # As in the first coefficient of quiet utterances: half precision would lose it before it is normalised.
    mean[0], variance[0] = -600, 1
    return Preprocessing(
        mean=mean,
        variance=variance,
        vocabulary=Vocabulary(VOCABULARY),
        embeddings=rng.normal(size=(len(VOCABULARY), config.words.embedding_width)) if embeddings else None,
        speaker_mean=rng.normal(size=SPEAKER_WIDTH),
        speaker_variance=rng.uniform(0.5, 2, SPEAKER_WIDTH),
    )


def check_equations(
    config: Config, vector: Callable[[keras.Model, np.ndarray, np.ndarray], list[np.ndarray]], tolerance: float = 1e-5
) -> None:
    """Checks that a model with random weights gives what its equations give, utterance by utterance.

    Args:
        config: Its settings.
        vector: From the model, normalised frames (T, D) and embeddings (M, E), float64, the vectors that the classifier
            gets.
        tolerance: Largest difference of a probability.
    """
    rng = np.random.default_rng(2)
    fitted = fitted_for(config, embeddings=True)
    model = build(config, fitted)
    for weight in model.trainable_weights:
        weight.assign(rng.normal(0, 0.4, weight.shape))
    assert fitted.embeddings is not None
    utterances, expected = [], []
    # The last has no words, which the model sees as one padding id.
    for frames, words in [(30, 7), (4, 1), (13, 3), (9, 0)]:
        audio = random_frames(fitted, frames, rng)
        ids = rng.integers(1, len(VOCABULARY), words, dtype="int32")
        given = {"features": audio, "word_ids": ids if words else np.zeros(1, "int32")}
        utterances.append({tensor.name: given[tensor.name] for tensor in model.inputs})
        normalized = (audio - fitted.mean) / np.sqrt(fitted.variance)
        vectors = vector(model, normalized, fitted.embeddings[ids])
        expected.append(references.classify(np.concatenate([part.ravel() for part in vectors]), model))
    assert np.ptp(expected, axis=0).max() > 0.01
    np.testing.assert_allclose(probabilities(model, utterances), expected, rtol=0, atol=tolerance)
