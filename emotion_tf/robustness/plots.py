"""The figures of a stress test."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from emotion_tf.evaluation.report.plots import AXIS_LABELS, BLUE, ORANGE, WIDTH_INCHES
from emotion_tf.robustness.result import ConditionResult


def stress_bars(results: Mapping[str, ConditionResult]) -> Figure:
    """Draws the UA under each condition of a stress test, with its interval, beside that of the first.

    Args:
        results: The results by condition.

    Returns:
        The figure.
    """
    scores = np.array([result.ua for result in results.values()])
    intervals = [result.ua_ci95 or (result.ua, result.ua) for result in results.values()]
    # A percentile interval need not hold the score itself.
    errors = np.maximum(0, [scores - np.array(intervals)[:, 0], np.array(intervals)[:, 1] - scores])
    figure = Figure(figsize=(WIDTH_INCHES, 0.8 + 0.24 * len(results)), layout="constrained")
    axes = figure.subplots()
    axes.barh(list(results), scores, xerr=errors, color=BLUE, error_kw={"elinewidth": 1, "ecolor": ORANGE})
    axes.axvline(scores[0], color="black", linestyle=":")
    axes.set(xlim=(0, 1), xlabel=AXIS_LABELS["ua"])
    axes.invert_yaxis()
    axes.grid(alpha=0.3, axis="x")
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def error_rate_curve(results: Mapping[str, ConditionResult]) -> Figure:
    """Draws the UA over the word error rate of the transcripts.

    Args:
        results: The results by condition. Those of recognisers are points of their own, with their names; the others
            make a line, from the lowest word error rate to the highest.

    Returns:
        The figure.
    """
    figure = Figure(figsize=(WIDTH_INCHES, 3.4), layout="constrained")
    axes = figure.subplots()
    line = sorted((of for of in results.values() if not of.recognizer), key=lambda of: of.word_error_rate or 0.0)
    rates = [of.word_error_rate or 0.0 for of in line]
    ends = np.array([of.ua_ci95 or [of.ua] * 2 for of in line])
    axes.fill_between(rates, ends[:, 0], ends[:, 1], color=BLUE, alpha=0.2, linewidth=0, label="95 % interval")
    axes.plot(rates, [of.ua for of in line], color=BLUE, marker="o", label="simulated errors")
    for name, of in results.items():
        if not of.recognizer:
            continue
        rate, score = of.word_error_rate or 0.0, of.ua
        axes.vlines(rate, *(of.ua_ci95 or (score, score)), color=ORANGE, linewidth=1)
        axes.plot(rate, score, color=ORANGE, linestyle="", marker="D", markeredgecolor="black")
        axes.annotate(name, (rate, score), xytext=(-6, -12), textcoords="offset points", horizontalalignment="right")
    axes.set(xlim=(0, None), ylim=(0, 1), xlabel="word error rate", ylabel=AXIS_LABELS["ua"])
    axes.legend(loc="lower left", frameon=False)
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    return figure
