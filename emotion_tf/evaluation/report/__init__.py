"""Reports: the page of a run, and tables of many runs."""

from emotion_tf.evaluation.report.rendering import render, render_cells
from emotion_tf.evaluation.report.run_report import evaluate, write_report

__all__ = ["evaluate", "render", "render_cells", "write_report"]
