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
    """A sampling by which each class of some utterances is drawn equally often, and all of them as often as there are.

    Args:
        config: Names the classes.
        utterances: The training part.
        every: All utterances of the corpus.
    """
    classes = class_indices(config, utterances, every)
    counts = np.bincount(classes)
    copies = len(classes) / (np.count_nonzero(counts) * counts[classes])
    return Sampling([utterance.id for utterance in utterances], copies)
