"""The figure of an explanation."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from emotion_tf.errors import EmotionTFError
from emotion_tf.inference.explanation import Explanation, Heard, Read
from emotion_tf.inference.timeline_plot import COLORS, GREY

MANY_WORDS = 12
"""More words than these are written upright, so that they have room."""


def explanation_plot(explanation: Explanation, peaks: np.ndarray) -> Figure:
    """Draws where the maxima stand in the sound, and how much each word weighed.

    The words have the attention of each statistic, averaged over the scales; those of a model without attention have
    the share of the maxima that stand at them. Unknown words stand in brackets.

    Args:
        explanation: What is drawn.
        peaks: (columns,) outline of what was heard, as `timeline_plot.wave_peaks` makes it; empty where nothing was.

    Returns:
        The figure, with panels for the wave and for the maxima if there was sound, and one for the words if there were
        any.

    Raises:
        EmotionTFError: If there was neither.
    """
    read = explanation.read if explanation.read is not None and explanation.read.words else None
    number = 2 * (explanation.heard is not None) + (read is not None)
    if not number:
        raise EmotionTFError("there is nothing to draw", expected="audio, or at least one word")
    figure = Figure(figsize=(10, 0.6 + 1.8 * number), layout="constrained")
    panels = list(figure.subplots(number, squeeze=False)[:, 0])
    likeliest, share = max(explanation.probabilities.items(), key=lambda item: item[1])
    undecided = "" if explanation.label == likeliest else f"{explanation.label}: "
    panels[0].set_title(f"{undecided}{likeliest} ({share:.0%})", loc="left")
    if explanation.heard is not None:
        _draw_sound(panels[0], panels[1], explanation.heard, peaks)
    if read is not None:
        _draw_words(panels[-1], read)
    for axes in panels:
        axes.grid(alpha=0.3, axis="y")
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
    figure.align_ylabels()
    return figure


def _draw_sound(wave: Axes, below: Axes, heard: Heard, peaks: np.ndarray) -> None:
    """The wave, and the share of the maxima at each frame; the stretches behind both."""
    wave.stairs(peaks, np.linspace(0, heard.seconds, len(peaks) + 1), baseline=-peaks, fill=True, color=GREY)
    wave.set(ylabel="wave")
    hop = heard.frames[1] if len(heard.frames) > 1 else heard.seconds
    edges = (np.arange(len(heard.frames) + 1) - 0.5) * hop
    below.stairs(heard.maxima.share, edges, fill=True, color=COLORS[3])
    below.set(ylabel="share of maxima", xlabel="time (seconds)")
    for axes in (wave, below):
        for stretch in heard.stretches:
            axes.axvspan(stretch.start, stretch.end, color=COLORS[1], alpha=0.3, linewidth=0, zorder=0)
        axes.set_xlim(0, heard.seconds)


def _draw_words(axes: Axes, read: Read) -> None:
    """A group of bars for each word."""
    if read.attention:
        rows = {
            f"attention of the {statistic}": np.mean([pair.weights[statistic] for pair in read.attention], axis=0)
            for statistic in read.attention[0].weights
        }
    else:
        rows = {"share of maxima": np.array(read.maxima.share)}
    places, width = np.arange(len(read.words)), 0.8 / len(rows)
    for number, ((name, values), color) in enumerate(zip(rows.items(), COLORS, strict=False)):
        axes.bar(places - 0.4 + (number + 0.5) * width, values, width, color=color, label=name)
    words = [word if known else f"[{word}]" for word, known in zip(read.words, read.known, strict=True)]
    axes.set_xticks(places, words, rotation=90 if len(words) > MANY_WORDS else 0)
    axes.set(ylabel="weight (0 to 1)", xlim=(-0.5, len(words) - 0.5))
    axes.legend(loc="lower right", bbox_to_anchor=(1, 1), frameon=False, ncols=len(rows))
