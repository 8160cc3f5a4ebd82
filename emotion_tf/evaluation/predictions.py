"""What a run predicted for each utterance, and the file in which it stays: `predictions.csv`."""

import codecs
import csv
import sys
from array import array
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from emotion_tf.errors import EmotionTFError
from emotion_tf.labels import FOUR
from emotion_tf.utils.files import read_text_lines, writing

COLUMNS = ("id", "fold", "speaker", "label", "predicted")
"""First columns of `predictions.csv`; those that follow are named after the classes and hold their probabilities."""

CORPUS = "corpus"
"""The column behind the classes and votes that names the corpus of each utterance."""

GROUP_OF = "group:"
"""The column `group:sex` holds the sex of the speaker, or what else was said of each utterance."""

VOTES_OF = "votes:"
"""The column `votes:angry` holds the share of the raters' votes for angry, where there are votes."""

RATING_OF, ESTIMATE_OF = "rating:", "estimate:"
"""The column `rating:arousal` holds the rating of a dimension, `estimate:arousal` what the network says of it."""

TOLERANCE = 1e-3
"""How far the probabilities of an utterance may be from a sum of one; float16 needs about half of it."""


@dataclass(frozen=True, eq=False)
class Predictions:
    """Predictions for N utterances, each made by a model that did not hear the utterance in training.

    Args:
        ids: N ids, each once.
        folds: (N,) the fold in which each utterance was tested.
        speakers: N speakers.
        labels: (N,) true class indices; zeros where there are no classes, but dimensions alone.
        probabilities: (N, C) probabilities of the classes, kept as float64.
        classes: Names of the C classes in their order, which is that of the indices.
        votes: (N, C) shares of the raters' votes, NaN where an utterance has none; None where no utterance has any.
        dimensions: Names of the D dimensions; none where the network has classes alone.
        ratings: (N, D) ratings of the dimensions, NaN where one is missing; None without dimensions.
        estimates: (N, D) what the network says of them.
        groups: By name, the group of each of the N utterances, such as `corpus` or `sex`; "" where one is in none.

    Raises:
        EmotionTFError: If the parts differ in length or a value is impossible.

    Example:

    >>> probabilities = np.array([[0.1, 0.1, 0.1, 0.7], [0.4, 0.3, 0.2, 0.1]])
    >>> predictions = Predictions(["a", "b"], np.array([0, 0]), ["Ann", "Bob"], np.array([3, 2]), probabilities)
    >>> predictions.predicted
    array([3, 0])
    """

    ids: Sequence[str]
    folds: np.ndarray
    speakers: Sequence[str]
    labels: np.ndarray
    probabilities: np.ndarray
    classes: tuple[str, ...] = FOUR
    votes: np.ndarray | None = None
    dimensions: tuple[str, ...] = ()
    ratings: np.ndarray | None = None
    estimates: np.ndarray | None = None
    groups: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Checks the parts, and each utterance."""
        for name, dtype in (("folds", np.int64), ("labels", np.int64), ("probabilities", np.float64)):
            object.__setattr__(self, name, np.asarray(getattr(self, name), dtype))
        count = len(self.ids)
        if not count:
            raise EmotionTFError("there are no predictions", expected="at least one utterance")
        lengths = (len(self.folds), len(self.speakers), len(self.labels), *self.probabilities.shape)
        if lengths != (count, count, count, count, len(self.classes)):
            raise EmotionTFError(
                "the parts of the predictions differ in length",
                expected=f"{count} folds, speakers and labels, and probabilities ({count}, {len(self.classes)})",
                received=f"{lengths[0]}, {lengths[1]}, {lengths[2]} and {lengths[3:]}",
            )
        if self.votes is not None and self.votes.shape != self.probabilities.shape:
            raise EmotionTFError(
                "the votes do not fit the predictions",
                expected=f"{self.probabilities.shape}",
                received=f"{self.votes.shape}",
            )
        self._check_dimensions()
        for name, values in self.groups.items():
            if len(values) != count:
                raise EmotionTFError(
                    f"the group {name} does not fit the predictions", expected=f"{count}", received=str(len(values))
                )
        if len(set(self.ids)) < count:
            twice = next(id_ for id_, times in Counter(self.ids).items() if times > 1)
            raise EmotionTFError(f"utterance {twice!r} is predicted twice", expected="each id once")
        self._check_classes()

    @property
    def class_names(self) -> tuple[str, ...]:
        """What stands in the columns `label` and `predicted`: the classes, or one without a name if there are none."""
        return self.classes or ("",)

    def _check_classes(self) -> None:
        """Checks labels and probabilities."""
        for place in map(int, np.flatnonzero((self.labels < 0) | (self.labels >= len(self.class_names)))):
            raise EmotionTFError(
                f"utterance {self.ids[place]!r} has an unknown label",
                expected=f"a class index from 0 to {len(self.class_names) - 1}",
                received=str(self.labels[place]),
            )
        if not self.classes:
            return
        # NaN fails both comparisons.
        possible = (self.probabilities.min(axis=1) >= 0) & (abs(self.probabilities.sum(axis=1) - 1) <= TOLERANCE)
        for place in map(int, np.flatnonzero(~possible)):
            raise EmotionTFError(
                f"utterance {self.ids[place]!r} has no probabilities",
                expected=f"{len(self.classes)} numbers from 0 to 1 whose sum is 1",
                received=", ".join(map(str, self.probabilities[place].tolist())),
            )

    def _check_dimensions(self) -> None:
        """Checks ratings and estimates."""
        expected = (len(self.ids), len(self.dimensions)) if self.dimensions else None
        for name in ("ratings", "estimates"):
            values = getattr(self, name)
            if values is not None:
                values = np.asarray(values, np.float64)
                object.__setattr__(self, name, values)
            received = None if values is None else values.shape
            if received != expected or (name == "estimates" and values is not None and not np.isfinite(values).all()):
                raise EmotionTFError(
                    f"the {name} do not fit the predictions",
                    expected=f"finite numbers of the shape {expected}" if expected else "none, without dimensions",
                    received=f"{received}",
                )

    @property
    def predicted(self) -> np.ndarray:
        """(N,) indices of the most probable classes; the first of several that are equally probable.

        Without classes, they are zeros, as the labels are.
        """
        return self.probabilities.argmax(axis=1) if self.classes else np.zeros(len(self.ids), np.int64)

    @classmethod
    def concatenate(cls, parts: Sequence["Predictions"]) -> "Predictions":
        """The predictions of several folds, one after the other.

        Args:
            parts: One or more predictions, of different utterances and the same classes.

        Raises:
            EmotionTFError: If two parts predict the same utterance, or have other classes.
        """
        for part in parts:
            if part.classes != parts[0].classes:
                raise EmotionTFError(
                    "the predictions have different classes",
                    expected=", ".join(parts[0].classes),
                    received=", ".join(part.classes),
                )
            if part.dimensions != parts[0].dimensions:
                raise EmotionTFError(
                    "the predictions have different dimensions",
                    expected=", ".join(parts[0].dimensions) or "none",
                    received=", ".join(part.dimensions) or "none",
                )
        rated = [(part.ratings, part.estimates) for part in parts if part.ratings is not None]
        ratings, estimates = (np.concatenate(values) for values in zip(*rated, strict=True)) if rated else (None, None)
        return cls(
            [id_ for part in parts for id_ in part.ids],
            np.concatenate([part.folds for part in parts]),
            [speaker for part in parts for speaker in part.speakers],
            np.concatenate([part.labels for part in parts]),
            np.concatenate([part.probabilities for part in parts]),
            parts[0].classes,
            _joined(parts),
            parts[0].dimensions,
            ratings,
            estimates,
            {
                name: [value for part in parts for value in part.groups.get(name, [""] * len(part.ids))]
                for name in dict.fromkeys(name for part in parts for name in part.groups)
            },
        )

    def subset(self, rows: np.ndarray) -> "Predictions":
        """The predictions of some utterances.

        Args:
            rows: Their places, at least one.
        """
        places = [int(row) for row in rows]
        return Predictions(
            [self.ids[place] for place in places],
            self.folds[rows],
            [self.speakers[place] for place in places],
            self.labels[rows],
            self.probabilities[rows],
            self.classes,
            None if self.votes is None else self.votes[rows],
            self.dimensions,
            None if self.ratings is None else self.ratings[rows],
            None if self.estimates is None else self.estimates[rows],
            {name: [values[place] for place in places] for name, values in self.groups.items()},
        )

    def write(self, path: str | Path) -> None:
        """Writes `predictions.csv`, whole or not at all.

        Numbers keep every digit, so that `read` gives the very same predictions.
        """
        with writing(path) as file:
            table = csv.writer(codecs.getwriter("utf-8")(file), lineterminator="\n")
            named = sorted(self.groups, key=lambda name: name != CORPUS)
            grouped = [name if name == CORPUS else f"{GROUP_OF}{name}" for name in named]
            columns = _columns(self.classes, self.votes is not None, self.dimensions)
            table.writerow([*COLUMNS, *columns, *grouped])
            parts = (self.probabilities, self.votes, self.ratings, self.estimates)
            numbers = np.hstack([part for part in parts if part is not None])
            groups = zip(*(self.groups[name] for name in named), strict=True) if named else [()] * len(self.ids)
            rows = zip(self.ids, self.folds, self.speakers, self.labels, self.predicted, numbers, groups, strict=True)
            for id_, fold, speaker, label, predicted, of_row, of_groups in rows:
                names = (self.class_names[label], self.class_names[predicted])
                table.writerow([id_, fold, speaker, *names, *of_row.tolist(), *of_groups])

    @classmethod
    def read(cls, path: str | Path) -> "Predictions":
        """Reads what `write` wrote.

        Raises:
            EmotionTFError: If the file is missing or is no such table; it names the file and the line or the utterance.
        """
        ids: list[str] = []
        speakers: list[str] = []
        # As arrays, since there may be many rows.
        folds, labels, predicted, probabilities = array("q"), array("q"), array("q"), array("d")
        try:
            table = csv.reader(read_text_lines(path), strict=True)
            header = next(table, [])
            classes, grouped = _classes(header, path)
            width, numbers_end = len(header), len(header) - len(grouped)
            groups: dict[str, list[str]] = {name: [] for name in grouped}
            places = {name: place for place, name in enumerate(classes or ("",))}
            for cells in table:
                where = f"{path}, line {table.line_num}"
                if len(cells) != width:
                    raise EmotionTFError(
                        f"{where} does not fit the header", expected=f"{width} cells", received=str(len(cells))
                    )
                id_, fold, speaker, label, most_probable, of_classes = _parse(cells[:numbers_end], places, where)
                for values, cell in zip(groups.values(), cells[numbers_end:], strict=True):
                    values.append(sys.intern(cell))
                ids.append(id_)
                folds.append(fold)
                speakers.append(speaker)
                labels.append(label)
                predicted.append(most_probable)
                probabilities.extend(of_classes)
        except FileNotFoundError:
            raise EmotionTFError(f"{path} does not exist", fix="name the folder of a trained run") from None
        except csv.Error as error:
            raise EmotionTFError(f"{path} is not valid CSV ({error})", fix="train the run again") from None
        numbers = np.asarray(probabilities).reshape(-1, numbers_end - len(COLUMNS))
        parts = _parts(numbers, header[len(COLUMNS) : numbers_end], classes)
        try:
            predictions = cls(ids, np.asarray(folds), speakers, np.asarray(labels), **parts, groups=groups)
        except EmotionTFError as error:
            raise EmotionTFError(f"{path}: {error}") from None
        for id_, column, most_probable in zip(ids, predicted, predictions.predicted, strict=True):
            if column != most_probable:
                raise EmotionTFError(
                    f"{path}: utterance {id_!r} contradicts itself",
                    expected=f"the most probable class, {classes[most_probable]}, as predicted",
                    received=classes[column],
                )
        return predictions


def _classes(header: Sequence[str], path: str | Path) -> tuple[tuple[str, ...], list[str]]:
    """The classes of a header, and the groups behind them."""
    names = list(header[len(COLUMNS) :])
    grouped: list[str] = []
    while names and names[-1].startswith(GROUP_OF):
        grouped.insert(0, names.pop().removeprefix(GROUP_OF))
    # A class may have the name, too, and then stands before the column.
    if names and names[-1] == CORPUS:
        grouped.insert(0, names.pop())
    classes = tuple(name for name in names if not name.startswith((VOTES_OF, RATING_OF, ESTIMATE_OF)))
    dimensions = _dimensions(names)
    fits = tuple(header[: len(COLUMNS)]) == COLUMNS and names in (
        _columns(classes, False, dimensions),
        _columns(classes, True, dimensions),
    )
    if not fits or len(classes) == 1 or not (classes or dimensions) or len(set(classes)) < len(classes):
        raise EmotionTFError(
            f"{path} has the wrong columns",
            expected=f"{','.join(COLUMNS)} and two classes or more, or ratings and estimates",
            received=",".join(header) or "none",
        )
    return classes, grouped


def _dimensions(columns: Sequence[str]) -> tuple[str, ...]:
    """The dimensions of which there are ratings."""
    return tuple(name.removeprefix(RATING_OF) for name in columns if name.startswith(RATING_OF))


def _columns(classes: Sequence[str], voted: bool, dimensions: Sequence[str]) -> list[str]:
    """The columns of numbers."""
    votes = [f"{VOTES_OF}{name}" for name in classes] * voted
    return [*classes, *votes, *(f"{kind}{name}" for kind in (RATING_OF, ESTIMATE_OF) for name in dimensions)]


def _parts(numbers: np.ndarray, columns: Sequence[str], classes: tuple[str, ...]) -> dict[str, Any]:
    """The fields of `Predictions` that are numbers (N, K) of these columns."""
    dimensions = _dimensions(columns)
    width, own = len(classes), len(dimensions)
    split = numbers.shape[1] - 2 * own
    parts: dict[str, Any] = {"probabilities": numbers[:, :width], "classes": classes}
    if split > width:
        parts["votes"] = numbers[:, width:split]
    if dimensions:
        rated = {"ratings": numbers[:, split : split + own], "estimates": numbers[:, split + own :]}
        parts |= {"dimensions": dimensions, **rated}
    return parts


def _joined(parts: Sequence[Predictions]) -> np.ndarray | None:
    """The votes of several predictions, one after the other; None where none of them has any."""
    if all(part.votes is None for part in parts):
        return None
    return np.concatenate(
        [np.full_like(part.probabilities, np.nan) if part.votes is None else part.votes for part in parts]
    )


def _parse(cells: list[str], places: Mapping[str, int], where: str) -> tuple[Any, ...]:
    """Id, fold, speaker, label, predicted and numbers of a row."""
    id_, fold, speaker, label, predicted, *probabilities = cells
    try:
        # A number of any length is one to Python, and none to NumPy.
        number = np.int64(fold)
        indices = [_index(name, places) for name in (label, predicted)]
        return id_, number, sys.intern(speaker), *indices, [float(cell) for cell in probabilities]
    except (ValueError, OverflowError) as error:
        raise EmotionTFError(f"{where}: {error}") from None


def _index(name: str, places: Mapping[str, int]) -> int:
    if name not in places:
        raise ValueError(f"unknown class; expected one of {', '.join(places)}, received {name!r}")
    return places[name]
