"""How good a run is, from its saved predictions only, never from live models."""

from emotion_tf.evaluation.report import evaluate

__all__ = ["evaluate"]
