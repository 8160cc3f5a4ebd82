"""What is fitted on the training part of a fold before the network is built."""

from dataclasses import dataclass, field

import numpy as np

from emotion_tf.labels import EMOTIONS


@dataclass(frozen=True)
class Preprocessing:
    """Normalisation, vocabulary and prior of a training part.

    Args:
        mean: (D,) mean of each feature over the frames of the training part; empty without audio.
        variance: (D,) variance of each feature.
        vocabulary: The words, position 0 being padding and 1 the unknown word; empty without text.
        embeddings: (V, E) word vectors, or None where embeddings are learned from scratch.
        subwords: (V, K) int32 ids of the letter n-grams of each word, filled with 0, or None where they are not read.
        speaker_mean: (W,) mean of each number of the speaker embeddings; empty without them.
        speaker_variance: (W,) variance of each number of the speaker embeddings.
        log_prior: (4,) logarithm of the prior of each emotion, up to a constant.
    """

    mean: np.ndarray = field(default_factory=lambda: np.zeros(0, np.float32))
    variance: np.ndarray = field(default_factory=lambda: np.zeros(0, np.float32))
    vocabulary: tuple[str, ...] = field(default=(), repr=False)
    embeddings: np.ndarray | None = field(default=None, repr=False)
    subwords: np.ndarray | None = field(default=None, repr=False)
    speaker_mean: np.ndarray = field(default_factory=lambda: np.zeros(0, np.float32), repr=False)
    speaker_variance: np.ndarray = field(default_factory=lambda: np.zeros(0, np.float32), repr=False)
    log_prior: np.ndarray = field(default_factory=lambda: np.zeros(len(EMOTIONS), np.float32), repr=False)
