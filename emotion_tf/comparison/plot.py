"""The figure of a comparison."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

from emotion_tf.evaluation.report.plots import AXIS_LABELS, BLUE, ORANGE, WIDTH_INCHES
from emotion_tf.evaluation.table import Score


class Point(NamedTuple):
    """One system of the figure.

    Args:
        name: What stands beside it.
        milliseconds: What an utterance takes.
        ua: Its unweighted accuracy.
    """

    name: str
    milliseconds: float
    ua: Score


def score_against_time(points: Sequence[Point]) -> Figure:
    """Draws the UA with its interval over the time that an utterance takes, on a logarithmic axis.

    Args:
        points: One or more systems.

    Returns:
        The figure. Names stand in a column of their own, by falling UA, so that they never lie upon each other, and a
        line leads from each to its point. Systems that no other beats in both are orange.
    """
    points = sorted(points, key=lambda point: point.ua.mean, reverse=True)
    figure = Figure(figsize=(1.6 * WIDTH_INCHES, max(3.2, 0.8 + 0.24 * len(points))), layout="constrained")
    axes = figure.subplots()
    times = [point.milliseconds for point in points]
    axes.set(xscale="log", xlim=(min(times) / 1.5, max(times) * 1.5))
    fastest = np.inf
    for place, point in enumerate(points):
        color = ORANGE if point.milliseconds < fastest else BLUE
        fastest = min(fastest, point.milliseconds)
        low, high = point.ua.ci95 or (point.ua.mean, point.ua.mean)
        axes.vlines(point.milliseconds, low, high, color=color, alpha=0.5, linewidth=1)
        axes.plot(point.milliseconds, point.ua.mean, color=color, marker="o", markeredgecolor="black", markersize=5)
        axes.annotate(
            point.name,
            xy=(point.milliseconds, point.ua.mean),
            xytext=(1.04, 1 - (place + 0.5) / len(points)),
            textcoords="axes fraction",
            verticalalignment="center",
            fontsize=8,
            arrowprops={"arrowstyle": "-", "color": "grey", "linewidth": 0.4, "relpos": (0, 0.5), "shrinkB": 0},
        )
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set(xlabel="LiteRT, milliseconds an utterance", ylabel=AXIS_LABELS["ua"])
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    return figure
