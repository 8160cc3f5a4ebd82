"""The figures of a report. They are narrow, so that their text stays legible on a phone."""

import io
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike

from emotion_tf.errors import EmotionTFError
from emotion_tf.evaluation.coverage import risk_coverage
from emotion_tf.evaluation.metrics import CONFIDENCE_BINS, reliability
from emotion_tf.evaluation.predictions import Predictions

WIDTH_INCHES = 4.8

MOST_UPRIGHT = 6
"""Class names that stand side by side below a confusion matrix; those of more classes are slanted."""

# Two colours of Okabe and Ito's palette, which stay apart for the colour-blind; they differ in lightness too.
BLUE, ORANGE = "#0072B2", "#E69F00"

TENTHS = 10
"""Groups of utterances with like estimates."""

AXIS_LABELS = {
    "loss": "loss (nats)",
    "ua": "UA (0 to 1)",
    "wa": "WA (0 to 1)",
    "probabilities_loss": "loss of classes (nats)",
    "probabilities_ua": "UA (0 to 1)",
    "probabilities_wa": "WA (0 to 1)",
    "dimensions_loss": "1 − CCC",
    "ccc": "CCC (-1 to 1)",
}
"""What history columns are called on an axis; others go by their own name."""


def confusion_matrix(confusion: ArrayLike, classes: Sequence[str]) -> Figure:
    """Draws how often which emotion was taken for which.

    Args:
        confusion: (C, C) numbers of utterances, rows true, columns predicted, in class order.
        classes: Names of the classes.

    Returns:
        The figure. Each cell says its number and its share of the row, which is its shade too.
    """
    counts = np.asarray(confusion)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    # The four classes of most papers have the size that they always had.
    figure = Figure(figsize=(WIDTH_INCHES, max(2.0 + 0.6 * len(classes), 4.4)), layout="constrained")
    axes = figure.subplots()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(counts):
        share = shares[row, column]
        axes.text(
            column,
            row,
            f"{count}\n{share:.0%}",
            horizontalalignment="center",
            verticalalignment="center",
            color="white" if share > 0.5 else "black",
        )
    axes.set_xticks(range(len(classes)), classes, rotation=0 if len(classes) <= MOST_UPRIGHT else 45)
    axes.set_yticks(range(len(classes)), classes)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_xlabel("predicted emotion")
    axes.set_ylabel("true emotion (utterances, % of row)")
    return figure


def learning_curves(histories: Sequence[Path]) -> Figure:
    """Draws every metric of training over the epochs, one line a fold.

    Args:
        histories: One or more `history.csv` files of `keras.callbacks.CSVLogger`. Columns that begin with `val_` belong
            to the dev part.

    Returns:
        The figure, with one panel a metric.

    Raises:
        EmotionTFError: If a file is no such table.
    """
    tables = [_read_history(path) for path in histories]
    columns = sorted({column for table in tables for column in table} - {"epoch"})
    names = sorted({column.removeprefix("val_") for column in columns})
    # Without classes, the loss is that of the dimensions.
    texts = {**AXIS_LABELS, "loss": AXIS_LABELS["dimensions_loss" if "ccc" in names else "loss"]}
    figure = Figure(figsize=(WIDTH_INCHES, 0.6 + 2.0 * len(names)), layout="constrained")
    panels = figure.subplots(len(names), sharex=True, squeeze=False)[:, 0]
    for axes, name in zip(panels, names, strict=True):
        for table in tables:
            for column, label, color, style in ((name, "train", ORANGE, "--"), (f"val_{name}", "dev", BLUE, "-")):
                if column in table:
                    axes.plot(
                        table["epoch"] + 1,
                        table[column],
                        label=label,
                        color=color,
                        linestyle=style,
                        linewidth=1.2,
                        alpha=0.8,
                        # A lone epoch has no line.
                        marker="." if len(table["epoch"]) == 1 else "",
                    )
        axes.set_ylabel(texts.get(name, name))
        axes.grid(alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
    panels[-1].set_xlabel("epoch")
    panels[-1].xaxis.set_major_locator(MaxNLocator(integer=True))
    # The lines of all folds share two entries.
    entries = {label: line for axes in panels for line, label in zip(*axes.get_legend_handles_labels(), strict=True)}
    figure.legend(entries.values(), entries.keys(), loc="outside upper right", ncols=2, frameon=False)
    return figure


def reliability_diagram(predictions: Predictions) -> Figure:
    """Draws how often predictions of some confidence are right, over how many there are.

    Args:
        predictions: The test predictions of all folds.

    Returns:
        The figure. Bars below the diagonal mean that the model is too sure of itself.
    """
    counts, confidence, share_right = reliability(predictions)
    edges = np.linspace(0, 1, CONFIDENCE_BINS + 1)
    full = counts > 0
    figure = Figure(figsize=(WIDTH_INCHES, 5.6), layout="constrained")
    upper, lower = figure.subplots(2, sharex=True, height_ratios=(3, 1))
    bars = {"align": "edge", "width": 1 / CONFIDENCE_BINS, "edgecolor": "white"}
    upper.bar(edges[:-1], share_right, color=BLUE, label="share right", **bars)
    upper.plot([0, 1], [0, 1], color="black", linestyle=":", label="perfectly calibrated")
    upper.plot(
        confidence[full],
        share_right[full],
        color=ORANGE,
        linestyle="",
        marker="o",
        markeredgecolor="black",
        clip_on=False,
        label="mean confidence of the bin",
    )
    upper.set(xlim=(0, 1), ylim=(0, 1), ylabel="share of utterances right")
    upper.legend(loc="upper left", frameon=False)
    lower.bar(edges[:-1], counts, color=BLUE, **bars)
    lower.set(xlabel="confidence (probability of the predicted emotion)", ylabel="utterances")
    lower.yaxis.set_major_locator(MaxNLocator(nbins=4, integer=True))
    for axes in (upper, lower):
        axes.grid(alpha=0.3)
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
    return figure


def risk_coverage_curve(predictions: Predictions) -> Figure:
    """Draws the error rate among the utterances that are answered, the surest first, over their share.

    Args:
        predictions: The test predictions of all folds.

    Returns:
        The figure. A curve that falls to the left means that the model knows when it does not know.
    """
    coverage, risk = risk_coverage(predictions)
    figure = Figure(figsize=(WIDTH_INCHES, 3.2), layout="constrained")
    axes = figure.subplots()
    axes.plot(coverage, risk, color=BLUE, label=f"area {risk.mean():.3f}")
    axes.axhline(risk[-1], color="black", linestyle=":", label="all are answered")
    axes.set(xlim=(0, 1), ylim=(0, None), xlabel="share of utterances answered", ylabel="share of these wrong")
    axes.legend(loc="lower right", frameon=False)
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def rating_scatter(predictions: Predictions) -> Figure:
    """Draws what the network says of each dimension over its ratings, a panel a dimension.

    Args:
        predictions: The test predictions of all folds, with dimensions.
    """
    figure, panels = _panels_of(predictions)
    for axes, name, ratings, estimates in panels:
        ends = [min(ratings.min(), estimates.min()), max(ratings.max(), estimates.max())]
        axes.scatter(ratings, estimates, s=9, color=BLUE, alpha=0.4, linewidths=0)
        axes.plot(ends, ends, color="black", linestyle=":")
        axes.set(xlabel=f"rated {name}", ylabel="estimate")
    return figure


def rating_curve(predictions: Predictions) -> Figure:
    """Draws the mean rating over the mean estimate, in tenths of the utterances by estimate.

    Args:
        predictions: The test predictions of all folds, with dimensions.

    Returns:
        The figure. A line flatter than the dotted one means estimates that go too far from the middle.
    """
    figure, panels = _panels_of(predictions)
    for axes, name, ratings, estimates in panels:
        tenths = np.array_split(np.argsort(estimates, kind="stable"), min(TENTHS, len(estimates)))
        x, y = ([values[part].mean() for part in tenths] for values in (estimates, ratings))
        spread = [ratings[part].std() for part in tenths]
        axes.errorbar(x, y, spread, color=BLUE, ecolor=ORANGE, marker="o", markersize=4, label="mean ± deviation")
        axes.plot([min(x), max(x)], [min(x), max(x)], color="black", linestyle=":", label="perfectly calibrated")
        axes.set(xlabel=f"estimated {name}", ylabel="mean rating")
        axes.legend(loc="upper left", frameon=False)
    return figure


def _panels_of(predictions: Predictions) -> tuple[Figure, Iterator[tuple[Any, str, np.ndarray, np.ndarray]]]:
    """A figure with a panel for each dimension that is rated, and beside each what is drawn there."""
    all_ratings, all_estimates = np.asarray(predictions.ratings), np.asarray(predictions.estimates)
    rated = [place for place in range(len(predictions.dimensions)) if not np.isnan(all_ratings[:, place]).all()]
    figure = Figure(figsize=(WIDTH_INCHES, 3.4 * max(1, len(rated))), layout="constrained")

    def panels() -> Iterator[tuple[Any, str, np.ndarray, np.ndarray]]:
        for axes, place in zip(figure.subplots(max(1, len(rated)), squeeze=False)[:, 0], rated, strict=False):
            there = ~np.isnan(all_ratings[:, place])
            axes.grid(alpha=0.3)
            axes.spines[["top", "right"]].set_visible(False)
            yield axes, predictions.dimensions[place], all_ratings[there, place], all_estimates[there, place]

    return figure, panels()


def svg(figure: Figure) -> bytes:
    """The figure as an SVG file, the same bytes for the same figure."""
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        content = _svg(figure, "path")
    # Names of classes may be in a script that no font of matplotlib has; the reader's browser has one.
    missing = any("missing from" in str(warning.message) for warning in found)
    return _svg(figure, "none") if missing else content


def _svg(figure: Figure, letters: str) -> bytes:
    content = io.BytesIO()
    # Without a salt of our own matplotlib names clip paths at random.
    with warnings.catch_warnings(), matplotlib.rc_context({"svg.hashsalt": "emotion-tf", "svg.fonttype": letters}):
        if letters == "none":
            warnings.simplefilter("ignore")
        figure.savefig(content, format="svg", metadata={"Date": None})
    return content.getvalue()


def _read_history(path: Path) -> dict[str, np.ndarray]:
    """The columns of a history file; what is not a number, such as CSVLogger's NA, is NaN."""
    try:
        table = np.genfromtxt(path, delimiter=",", names=True, ndmin=1)
        return {name: table[name] for name in ("epoch", *(table.dtype.names or ()))}
    except (ValueError, IndexError) as error:
        raise EmotionTFError(f"{path} is no training history ({error})", expected="a table of CSVLogger") from None
