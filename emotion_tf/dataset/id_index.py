"""Finding utterances by their ids, in the graph."""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf


class IdIndex:
    """The places of ids in a list, by their fingerprints: 16 bytes an id, where a hash table of strings takes 95.

    Fingerprints have 63 bits. That any two of a million ids share one has a probability of 5e-8.

    Args:
        ids: The ids, one or more, each once.

    Example:

    >>> IdIndex(["b", "a"])(tf.constant(["a", "c", "b"])).numpy()
    array([ 1, -1,  0])
    """

    def __init__(self, ids: Sequence[str]):
        fingerprints = _fingerprints(tf.constant(ids)).numpy()
        order = np.argsort(fingerprints)
        self._fingerprints, self._order = tf.constant(fingerprints[order]), tf.constant(order)

    def __call__(self, ids: tf.Tensor) -> tf.Tensor:
        """The place of each id (N,), int64; -1 for those that are not in the list."""
        wanted = _fingerprints(ids)
        nearest = tf.minimum(tf.searchsorted(self._fingerprints, wanted), len(self._order) - 1)
        found = tf.gather(self._fingerprints, nearest) == wanted
        return tf.where(found, tf.gather(self._order, nearest), -1)


def _fingerprints(ids: tf.Tensor) -> tf.Tensor:
    return tf.strings.to_hash_bucket_fast(ids, 2**63 - 1)
