"""Choosing settings by dev speakers, and what more speakers and clips would bring; no test speaker has a say."""

from emotion_tf.tuning.learning_curve import LearningCurve, learning_curve
from emotion_tf.tuning.search import tune
from emotion_tf.tuning.space import Dimension, read_space

__all__ = ["Dimension", "LearningCurve", "learning_curve", "read_space", "tune"]
