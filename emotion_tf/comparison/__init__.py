"""Systems against each other: trained and tested alike, and at which cost."""

from emotion_tf.comparison.compare import compare
from emotion_tf.comparison.cross import Cell, cross

__all__ = ["Cell", "compare", "cross"]
