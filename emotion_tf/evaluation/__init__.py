"""How good a run is, from its saved predictions only, never from live models."""

from emotion_tf.evaluation.misheard import evaluate_misheard
from emotion_tf.evaluation.rendering import render
from emotion_tf.evaluation.report import evaluate
from emotion_tf.evaluation.run import read_run
from emotion_tf.evaluation.significance import compare
from emotion_tf.evaluation.stress import evaluate_stress
from emotion_tf.evaluation.table import collate

__all__ = ["collate", "compare", "evaluate", "evaluate_misheard", "evaluate_stress", "read_run", "render"]
