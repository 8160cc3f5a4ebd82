"""Every corpus trained on, every corpus tested on."""

import dataclasses
import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import keras
import numpy as np

from emotion_tf.config import Config
from emotion_tf.corpora.corpus import ALL, Corpus
from emotion_tf.corpora.several import combine
from emotion_tf.errors import EmotionTFError
from emotion_tf.evaluation import render_cells
from emotion_tf.evaluation.metrics import metrics
from emotion_tf.evaluation.predictions import CORPUS, Predictions
from emotion_tf.evaluation.result import Interval
from emotion_tf.training import train
from emotion_tf.utils.files import records_dir_of, write_json, write_text
from emotion_tf.utils.paths import RemotePath

logger = logging.getLogger(__name__)

CAPTION = (
    "UA in per cent [95 % interval over the test speakers]. Rows are trained on, columns are tested on. The diagonal "
    "is {within}. Classes: {classes}."
)


@dataclass(frozen=True)
class Cell:
    """What training on one corpus reaches on another.

    Args:
        train: The corpus trained on.
        test: The corpus tested on.
        n: Number of test utterances.
        wa: Weighted accuracy.
        wa_ci95: Its 95 % interval over test speakers; None for one speaker.
        ua: Unweighted accuracy.
        ua_ci95: Its 95 % interval over test speakers; None for one speaker.
        run: The folder of the run.
    """

    train: str
    test: str
    n: int
    wa: float
    wa_ci95: Interval | None
    ua: float
    ua_ci95: Interval | None
    run: str


def cross(
    corpora: Sequence[Corpus],
    config: Config,
    protocol: str,
    workdir: str | Path,
    records_dir: str | Path | RemotePath | None = None,
    skip_bad: bool = False,
) -> list[Cell]:
    """Trains on each corpus and tests on all, or goes on where it was stopped.

    The classes are those that all corpora have.

    Args:
        corpora: Two corpora or more, of different names, their labels chosen.
        config: The settings.
        protocol: How a corpus is tested on itself, such as `speaker-kfold:5`.
        workdir: The folder; it gets two runs a corpus, `NAME-within` and `NAME-across`, `cross.json` and `cross.md`.
        records_dir: Where features are kept from run to run; `records` beside the workdir if None.
        skip_bad: As for `training.train`.

    Returns:
        The cells of the matrix, row by row.

    Raises:
        EmotionTFError: If there is one corpus alone, they share less than two classes or a recording, or as for
            `training.train`.
    """
    if len(corpora) < 2:
        raise EmotionTFError("there is nothing to cross", expected="two corpora or more")
    workdir, classes = Path(workdir), shared_classes(corpora)
    kept = records_dir_of(workdir, records_dir)
    # Labels are chosen already, and what was renamed must not be renamed again.
    labels = dataclasses.replace(config.labels, set=ALL, map=None, drop=None, classes=classes)
    config = dataclasses.replace(config, labels=labels)
    cells = []
    for corpus in corpora:
        within = workdir / f"{corpus.name}-within"
        train(dataclasses.replace(corpus, chosen=None), config, protocol, within, kept, skip_bad)
        keras.utils.clear_session()
        own = Predictions.read(within / "predictions.csv")
        across = workdir / f"{corpus.name}-across"
        others = [other for other in corpora if other is not corpus]
        whole, settings = combine([dataclasses.replace(one, chosen=None) for one in (corpus, *others)], config)
        tested = "+".join(other.name for other in others)
        train(whole, settings, f"cross-corpus:{tested}", across, kept, skip_bad)
        keras.utils.clear_session()
        foreign = Predictions.read(across / "predictions.csv")
        for other in corpora:
            if other is corpus:
                cells.append(_cell(corpus.name, other.name, own, within))
            else:
                rows = np.flatnonzero(np.asarray(foreign.groups[CORPUS]) == other.name)
                cells.append(_cell(corpus.name, other.name, foreign.subset(rows), across))
    content = {"protocol": protocol, "classes": classes, "cells": [asdict(cell) for cell in cells]}
    write_json(workdir / "cross.json", content)
    write_text(workdir / "cross.md", table(cells, protocol, classes))
    return cells


def shared_classes(corpora: Sequence[Corpus]) -> tuple[str, ...]:
    """The classes that all corpora have, in alphabetical order.

    Raises:
        EmotionTFError: If there are less than two.
    """
    each = {corpus.name: {utterance.label for utterance in corpus.utterances} - {""} for corpus in corpora}
    shared = tuple(sorted(set.intersection(*each.values())))
    if len(shared) < 2:
        raise EmotionTFError(
            "the corpora share less than two classes",
            expected="two or more",
            received="; ".join(f"{name}: {', '.join(sorted(labels))}" for name, labels in each.items()),
            fix="join labels with labels.map, or choose --labels four",
        )
    return shared


def table(cells: Sequence[Cell], protocol: str, classes: Sequence[str], form: str = "markdown") -> str:
    """The matrix as a table of UA.

    Args:
        cells: What `cross` returned.
        protocol: How each corpus was tested on itself.
        classes: The classes.
        form: As for `evaluation.render`.
    """
    names = list(dict.fromkeys(cell.train for cell in cells))
    by_pair = {(cell.train, cell.test): cell for cell in cells}
    rows = [[one, *(_shown(by_pair[one, other]) for other in names)] for one in names]
    caption = CAPTION.format(within=protocol, classes=", ".join(classes))
    return render_cells(["trained on", *names], rows, caption, form)


def _shown(cell: Cell) -> str:
    text = f"{100 * cell.ua:.1f}"
    return text if cell.ua_ci95 is None else text + " [{:.1f}, {:.1f}]".format(*(100 * end for end in cell.ua_ci95))


def _cell(train_name: str, test_name: str, predictions: Predictions, run: Path) -> Cell:
    found = metrics(predictions, "")
    return Cell(train_name, test_name, found.n, found.wa, found.wa_ci95, found.ua, found.ua_ci95, run.name)
