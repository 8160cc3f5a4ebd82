"""Systems against each other: trained and tested alike, and at which cost."""

from emotion_tf.comparison.compare import compare

__all__ = ["compare"]
