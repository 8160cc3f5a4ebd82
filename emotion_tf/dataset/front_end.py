"""The acoustic front end outside of a model."""

import numpy as np
import tensorflow as tf

from emotion_tf.config import FeatureConfig
from emotion_tf.features.spectral import acoustic_features


class FrontEnd:
    """The acoustic front end for one wave at a time.

    Args:
        features: The settings of the front end.
    """

    def __init__(self, features: FeatureConfig):
        signature = [tf.TensorSpec([1, None], tf.float32), tf.TensorSpec([1], tf.int32)]
        self._features = tf.function(
            lambda waveform, num_samples: acoustic_features(waveform, num_samples, features), input_signature=signature
        )

    def __call__(self, waveform: np.ndarray) -> np.ndarray:
        """Features (T, D) float32 of a wave (N,), without the frames that count as padding."""
        # One wave is too little to be shared among threads; each of several callers has one of its own.
        with tf.experimental.function_executor_type("SINGLE_THREADED_EXECUTOR"):
            features, mask = self._features(waveform[np.newaxis], [len(waveform)])
        return features.numpy()[mask.numpy()]
