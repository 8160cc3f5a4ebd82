"""Drawing the utterances of an epoch so that it has about as many of each class."""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from emotion_tf.config import Config
from emotion_tf.corpora.utterance import Utterance
from emotion_tf.dataset.id_index import IdIndex
from emotion_tf.dataset.targets import class_indices


class Sampling:
    """How often each utterance is drawn in an epoch.

    Args:
        ids: The utterances.
        copies: (N,) how often each is drawn on average: whole times surely, and once more at random.
    """

    def __init__(self, ids: Sequence[str], copies: np.ndarray):
        self._places = IdIndex(ids)
        self._copies = tf.constant(copies, tf.float32)

    def draw(self, examples: tf.data.Dataset, epoch: tf.Tensor) -> tf.data.Dataset:
        """The examples of an epoch, each as often as it is drawn; the same for the same epoch."""

        def repeated(number: tf.Tensor, example: dict[str, tf.Tensor]) -> tf.data.Dataset:
            copies = self._copies[self._places(example["id"][tf.newaxis])[0]]
            chance = tf.random.stateless_uniform([], [epoch, number])
            times = tf.cast(copies, tf.int64) + tf.cast(chance < copies % 1, tf.int64)
            return tf.data.Dataset.from_tensors(example).repeat(times)

        return examples.enumerate().flat_map(repeated)


def balanced_share(config: Config, utterances: Sequence[Utterance], every: Sequence[Utterance]) -> Sampling:
    """A sampling that draws each class equally often, or each corpus, or each class of each corpus.

    All together are drawn as often as there are utterances.

    Args:
        config: Names the classes, and says what is balanced: `training.sampling` and `training.balance_corpora`.
        utterances: The training part.
        every: All utterances of the corpus.
    """
    by_class = config.training.sampling == "balanced"
    classes = class_indices(config, utterances, every) if by_class else np.zeros(len(utterances), np.int64)
    names = [utterance.corpus if config.training.balance_corpora else "" for utterance in utterances]
    _, corpora = np.unique(names, return_inverse=True)
    copies = np.zeros(len(utterances))
    for corpus in np.unique(corpora):
        rows = corpora == corpus
        counts = np.bincount(classes[rows])
        share = len(utterances) / (corpora.max() + 1)
        copies[rows] = share / (np.count_nonzero(counts) * counts[classes[rows]])
    return Sampling([utterance.id for utterance in utterances], copies)
