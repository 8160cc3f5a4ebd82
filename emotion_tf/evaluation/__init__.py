"""How good a run is, from its saved predictions only, never from live models."""

from emotion_tf.evaluation.reference import against
from emotion_tf.evaluation.report import evaluate, render, render_cells
from emotion_tf.evaluation.result import RunResult
from emotion_tf.evaluation.run import read_run
from emotion_tf.evaluation.significance import Comparison, compare
from emotion_tf.evaluation.table import collate

__all__ = ["Comparison", "RunResult", "against", "collate", "compare", "evaluate", "read_run", "render", "render_cells"]
