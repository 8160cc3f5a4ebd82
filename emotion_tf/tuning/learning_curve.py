"""What more speakers, or more clips, of the training part bring."""

import dataclasses
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import keras
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from emotion_tf.config import Config
from emotion_tf.corpora.corpus import Corpus
from emotion_tf.corpora.label_choice import choose_labels, refuse_without_classes
from emotion_tf.errors import EmotionTFError
from emotion_tf.evaluation import render_cells
from emotion_tf.evaluation.result import Interval
from emotion_tf.training import train
from emotion_tf.utils.files import records_dir_of, replacing, write_json, write_text
from emotion_tf.utils.paths import RemotePath

CAPTION = (
    "UA on the same test speakers, trained on a part of the training speakers or clips of each fold; the interval is "
    "over test speakers."
)


@dataclass(frozen=True)
class Point:
    """What some of the training part reaches.

    Args:
        kind: `speakers` or `clips`.
        count: How many of them each fold was trained on at most.
        wa: Weighted accuracy.
        ua: Unweighted accuracy.
        ua_ci95: Its 95 % interval over test speakers; None for one speaker.
        run: The folder of the run.
    """

    kind: str
    count: int
    wa: float
    ua: float
    ua_ci95: Interval | None
    run: str


@dataclass(frozen=True)
class LearningCurve:
    """The points of a learning curve, as `learning_curve.json` holds them.

    Args:
        corpus: Name of the corpus.
        protocol: The protocol.
        points: The points, by kind and count.
    """

    corpus: str
    protocol: str
    points: list[Point]


def learning_curve(
    corpus: Corpus,
    config: Config,
    protocol: str,
    workdir: str | Path,
    speakers: Sequence[int] = (),
    clips: Sequence[int] = (),
    records_dir: str | Path | RemotePath | None = None,
) -> LearningCurve:
    """Trains on more and more of the training part, or goes on where it was stopped.

    Test and dev parts stay whole. What a smaller number takes, a larger one takes as well.

    Args:
        corpus: The corpus.
        config: The settings.
        protocol: As for `training.train`.
        workdir: The folder; it gets a run a point, `learning_curve.json`, `.md` and `.png`.
        speakers: Numbers of training speakers.
        clips: Numbers of training clips.
        records_dir: Where features are kept from run to run; `records` beside the workdir if None.

    Returns:
        The curve.

    Raises:
        EmotionTFError: If no number is asked for, or as for `training.train`.
    """
    if not speakers and not clips:
        raise EmotionTFError("there is no point of a curve", expected="numbers of speakers or of clips")
    refuse_without_classes(choose_labels(corpus, config)[1], "a learning curve")
    workdir, points = Path(workdir), []
    records = records_dir_of(workdir, records_dir)
    for kind, counts in (("speakers", speakers), ("clips", clips)):
        for count in sorted(set(counts)):
            part = config.override(f"training.max_{kind}={count}")
            run = workdir / f"{kind}-{count}"
            found = train(corpus, dataclasses.replace(part, labels=config.labels), protocol, run, records)
            keras.utils.clear_session()
            points.append(Point(kind, count, found.wa, found.ua, found.ua_ci95, run.name))
    curve = LearningCurve(corpus.name, protocol, points)
    write_json(workdir / "learning_curve.json", asdict(curve))
    write_text(workdir / "learning_curve.md", _table(curve))
    with replacing(workdir / "learning_curve.png") as path:
        draw(curve).savefig(path, dpi=200)
    return curve


def draw(curve: LearningCurve) -> Figure:
    """Draws UA and its interval over the number of speakers, of clips, or of both side by side."""
    kinds = list(dict.fromkeys(point.kind for point in curve.points))
    figure = Figure(figsize=(4.8 * len(kinds), 3.6), layout="constrained")
    for axes, kind in zip(figure.subplots(1, len(kinds), sharey=True, squeeze=False)[0], kinds, strict=True):
        points = [point for point in curve.points if point.kind == kind]
        counts = [point.count for point in points]
        axes.plot(counts, [point.ua for point in points], marker="o", color="#0072B2")
        shown = [point for point in points if point.ua_ci95 is not None]
        ends = [point.ua_ci95 or [0.0, 0.0] for point in shown]
        lows, highs = [low for low, _ in ends], [high for _, high in ends]
        axes.fill_between([point.count for point in shown], lows, highs, alpha=0.2, color="#0072B2", linewidth=0)
        axes.set_xscale("log")
        axes.set_xticks(counts)
        axes.minorticks_off()
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.set(xlabel=f"training {kind} of a fold", ylabel="UA (0 to 1)")
        axes.grid(alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
    return figure


def _table(curve: LearningCurve) -> str:
    rows = []
    for point in curve.points:
        ends = "–" if point.ua_ci95 is None else "{:.3f} to {:.3f}".format(*point.ua_ci95)
        rows.append([f"{point.count} {point.kind}", f"{point.ua:.3f}", ends, f"{point.wa:.3f}"])
    caption = f"Corpus {curve.corpus}. Protocol {curve.protocol}. {CAPTION}"
    return render_cells(["trained on", "UA", "95 % interval", "WA"], rows, caption, "markdown")
