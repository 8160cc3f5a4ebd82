"""The figure of a timeline."""

import itertools
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MultipleLocator

from emotion_tf.inference.streaming import Window

# The first seven are of Okabe and Ito's palette, which stays apart for the colour-blind. Each class has its own panel
# besides, and those beyond the tenth begin again with the first colour.
COLORS = (
    *("#D55E00", "#E69F00", "#009E73", "#0072B2", "#CC79A7", "#56B4E9", "#F0E442"),
    *("#7A4FBF", "#8C564B", "#4D4D4D"),
)
GREY = "#666666"

# Distances of the ticks, of which the first is taken that needs no more than so many of them.
TICK_SECONDS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200, 86_400)
MAX_TICKS = 12


def timeline_plot(
    windows: Sequence[Window],
    peaks: np.ndarray,
    scales: Mapping[str, tuple[float, float]] | None = None,
    seconds: float | None = None,
) -> Figure:
    """Draws the smoothed probabilities and dimensions of a recording below its wave.

    The values of windows that overlap stand around their middles, up to where the next window's begin; those of
    stretches of speech where the stretches are.

    Args:
        windows: The windows of the whole recording, at least one.
        peaks: (columns,) outline of the wave, as `wave_peaks` makes it.
        scales: The ends of the range of each dimension; those of its values if it is not named.
        seconds: How long the recording is; None for where the last window ends.

    Returns:
        The figure, with a panel for the wave, one for each emotion, in class order, and one for each dimension.
    """
    seconds = windows[-1].end if seconds is None else seconds
    edges, places = _places(windows, seconds)
    labels = np.array([window.label for window in windows])
    emotions, rated = list(windows[0].smoothed), list(windows[0].smoothed_dimensions)
    figure = Figure(figsize=(10, 6 + 1.2 * len(rated)), layout="constrained")
    wave, *panels = figure.subplots(1 + len(emotions) + len(rated), sharex=True)
    wave.stairs(peaks, np.linspace(0, seconds, len(peaks) + 1), baseline=-peaks, fill=True, color=GREY)
    highest = max(float(peaks.max()), 1e-3)
    wave.set(xlim=(0, seconds), ylim=(-highest, highest), ylabel="wave")
    for axes, name, color in zip(panels, emotions, itertools.cycle(COLORS), strict=False):
        values = np.array([window.smoothed[name] for window in windows])
        for shown, alpha in ((values, 0.35), (np.where(labels == name, values, 0), 1.0)):
            heights = np.zeros(len(edges) - 1)
            heights[places] = shown
            axes.stairs(heights, edges, fill=True, color=color, alpha=alpha)
        axes.set(ylim=(0, 1), ylabel=name)
    for axes, name in zip(panels[len(emotions) :], rated, strict=True):
        values = np.array([window.smoothed_dimensions[name] for window in windows])
        heights = np.full(len(edges) - 1, np.nan)
        heights[places] = values
        axes.stairs(heights, edges, baseline=None, color="black", linewidth=1.5)
        axes.set(ylim=(scales or {}).get(name, (values.min(), values.max() + 1e-6)), ylabel=name)
    for axes in (wave, *panels):
        axes.grid(alpha=0.3)
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
    title = "Probability of each emotion (0 to 1), dark where it is the likeliest" if emotions else "Dimensions"
    wave.set_title(title, loc="left")
    unit, text = _time_axis(seconds)
    tick = next((tick for tick in TICK_SECONDS if seconds <= MAX_TICKS * tick), seconds / MAX_TICKS)
    wave.xaxis.set_major_locator(MultipleLocator(tick))
    wave.xaxis.set_major_formatter(FuncFormatter(lambda value, _: text(value)))
    panels[-1].set_xlabel(f"time ({unit})")
    figure.align_ylabels()
    return figure


def _places(windows: Sequence[Window], seconds: float) -> tuple[np.ndarray, slice]:
    """The edges of all steps, and which of the steps between them are those of the windows."""
    if all(before.end <= after.start for before, after in itertools.pairwise(windows)):
        return np.array([time for window in windows for time in (window.start, window.end)]), slice(None, None, 2)
    middles = np.array([(window.start + window.end) / 2 for window in windows])
    return np.concatenate([[0.0], (middles[:-1] + middles[1:]) / 2, [seconds]]), slice(None)


def _time_axis(seconds: float) -> tuple[str, Callable[[float], str]]:
    """How the axis of a recording counts time, and how it writes a time that is given in seconds."""
    if seconds < 60:
        return "seconds", lambda value: f"{value:g}"
    if seconds < 3600:
        return "minutes:seconds", lambda value: f"{value // 60:.0f}:{value % 60:02.0f}"
    return "hours:minutes", lambda value: f"{value // 3600:.0f}:{value % 3600 // 60:02.0f}"
