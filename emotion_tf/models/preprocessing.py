"""What is fitted on the training part of a fold before the network is built."""

from dataclasses import dataclass, field

import numpy as np

from emotion_tf.labels import FOUR
from emotion_tf.text.vocabulary import Vocabulary


@dataclass(frozen=True)
class Preprocessing:
    """Normalisation, vocabulary and prior of a training part, and the names of its classes.

    Args:
        mean: (D,) mean of each feature over the frames of the training part; empty without audio.
        variance: (D,) variance of each feature.
        vocabulary: The words that are known, and their ids; None without text.
        embeddings: (V, E) word vectors, or None where embeddings are learned from scratch.
        subwords: (V, K) int32 ids of the letter n-grams of each word, filled with 0, or None where they are not read.
        speaker_mean: (W,) mean of each number of the speaker embeddings; empty without them.
        speaker_variance: (W,) variance of each number of the speaker embeddings.
        log_prior: (C,) logarithm of the prior of each class, up to a constant; by default all classes are alike.
        labels: The C classes, in the order of the probabilities.

    Example:

    >>> Preprocessing(labels=("calm", "tense")).log_prior
    array([0., 0.], dtype=float32)
    """

    mean: np.ndarray = field(default_factory=lambda: np.zeros(0, np.float32))
    variance: np.ndarray = field(default_factory=lambda: np.zeros(0, np.float32))
    vocabulary: Vocabulary | None = field(default=None, repr=False)
    embeddings: np.ndarray | None = field(default=None, repr=False)
    subwords: np.ndarray | None = field(default=None, repr=False)
    speaker_mean: np.ndarray = field(default_factory=lambda: np.zeros(0, np.float32), repr=False)
    speaker_variance: np.ndarray = field(default_factory=lambda: np.zeros(0, np.float32), repr=False)
    log_prior: np.ndarray = field(default_factory=lambda: np.zeros(0, np.float32), repr=False)
    labels: tuple[str, ...] = FOUR

    def __post_init__(self) -> None:
        """Fills in the prior."""
        if not len(self.log_prior):
            object.__setattr__(self, "log_prior", np.zeros(len(self.labels), np.float32))
