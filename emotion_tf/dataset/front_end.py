"""The acoustic front end outside of a model."""

import functools
from contextlib import suppress
from typing import Any

import numpy as np
import tensorflow as tf

from emotion_tf.config import FeatureConfig
from emotion_tf.frontend.front_end import front_end_layer
from emotion_tf.frontend.spectral import acoustic_features


class FrontEnd:
    """The acoustic front end for one wave at a time.

    Args:
        features: The settings of the front end.
    """

    def __init__(self, features: FeatureConfig):
        compute: Any = functools.partial(acoustic_features, config=features)
        if features.encoder is not None:
            compute = front_end_layer(features).encode

        @tf.function
        def hear(waveform: tf.Tensor, num_samples: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            # Records are the same wherever they are made; a GPU multiplies with three digits if nobody tells it not to.
            with tf.device("CPU"):
                return compute(waveform, num_samples)

        # Called without the dispatch of `tf.function`, which keeps other threads waiting for Python.
        self._features = hear.get_concrete_function(tf.TensorSpec([1, None], tf.float32), tf.TensorSpec([1], tf.int32))

    def __call__(self, waveform: np.ndarray) -> np.ndarray:
        """Features (T, D) float32 of a wave (N,), without the frames that count as padding."""
        # One wave is too little to be shared among threads; each of several callers has one of its own.
        with tf.device("CPU"), tf.experimental.function_executor_type("SINGLE_THREADED_EXECUTOR"):
            features, mask = self._features(tf.constant(waveform[np.newaxis]), tf.constant([len(waveform)]))
        return features.numpy()[mask.numpy()]


def share_cores_by_utterance() -> None:
    """Has TensorFlow compute each operation on one core, for a process that does nothing but extract features.

    Several utterances are heard at once, and operations that are shared among the cores too wait for each other: it
    takes a tenth longer. Where TensorFlow has computed something already, all stays as it is.
    """
    with suppress(RuntimeError):
        tf.config.threading.set_intra_op_parallelism_threads(1)
