"""A small network learns what larger ones say, also of recordings that nobody has labelled."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from emotion_tf.config import Config
from emotion_tf.corpora.corpus import Corpus
from emotion_tf.corpora.label_choice import choose_labels
from emotion_tf.corpora.utterance import Utterance
from emotion_tf.dataset.extract import Records
from emotion_tf.dataset.targets import targets
from emotion_tf.errors import EmotionTFError
from emotion_tf.evaluation import RunResult
from emotion_tf.registry import MODELS
from emotion_tf.training import train
from emotion_tf.transfer.recordings import read_recordings
from emotion_tf.transfer.teacher import Teacher
from emotion_tf.utils.files import digest, file_digest, records_dir_of
from emotion_tf.utils.paths import RemotePath

TEMPERATURE = 2.0
LABEL_WEIGHT = 0.3

SMALLEST_DEVIATION = 1e-6
"""A number of a vector that never changes teaches nothing."""

HEARD_NOTE = (
    "The teacher {name} is one model for all folds. "
    "If it was trained on speakers of this corpus, the figures are too good."
)


def distil(
    teacher: str | Path | Sequence[str | Path],
    corpus: Corpus,
    config: Config,
    protocol: str,
    workdir: str | Path,
    recordings: Sequence[str | Path] = (),
    temperature: float = TEMPERATURE,
    label_weight: float = LABEL_WEIGHT,
    vector_weight: float = 0.0,
    records_dir: str | Path | RemotePath | None = None,
    skip_bad: bool = False,
    folds_file: str | Path | None = None,
) -> RunResult:
    """Trains a student on what teachers say, fold by fold, or goes on with a run that was stopped.

    The targets of an utterance are the teachers' probabilities, softened by a temperature, and the label where it has
    one. Teachers hear each utterance as it is. The student hears what the augmentation makes of it, such as disturbed
    copies, and so learns to say under noise what the teachers say without. Its own temperature is set by the dev part.

    Args:
        teacher: The model, or several, whose probabilities are averaged: a `.keras` file, or the folder of an export or
            a run. A run on the same corpus teaches fold by fold, on its own folds.
        corpus: The corpus.
        config: The settings of the student.
        protocol: As for `emotion_tf.training.train`; that of the teacher, if it is a run on the corpus.
        workdir: As for `train`.
        recordings: Folders or manifests of recordings without labels, which every fold is trained on.
        temperature: The logarithms of the teachers' probabilities are divided by it.
        label_weight: Weight of the label, 0 to 1, beside the teachers.
        vector_weight: Weight of a second loss: how far a linear layer over the student's vector of an utterance is from
            the teachers' vectors, each number of them scaled to a deviation of 1. 0 does without.
        records_dir: As for `train`; the teachers' features are kept there too.
        skip_bad: As for `train`.
        folds_file: As for `train`; those of a teacher that is a run on the corpus if not given.

    Returns:
        The content of `metrics.json`.

    Raises:
        EmotionTFError: As for `train`, or if a teacher does not know a class of the student, or was trained on other
            folds of the corpus.

    Reference:
        Hinton et al., "Distilling the Knowledge in a Neural Network", 2015.
    """
    if not temperature > 0:
        raise EmotionTFError("no such temperature", expected="more than 0", received=f"{temperature:g}")
    if not 0 <= label_weight <= 1:
        raise EmotionTFError("no such weight of the label", expected="0 to 1", received=f"{label_weight:g}")
    if config.labels.dimensions:
        raise EmotionTFError(
            "teachers teach classes", expected="labels.dimensions=null", received=", ".join(config.labels.dimensions)
        )
    if vector_weight < 0:
        raise EmotionTFError("no such weight of the vectors", expected="0 or more", received=f"{vector_weight:g}")
    kind = MODELS[config.model.name]
    if vector_weight and (kind.fitting != "steps" or not kind.has_vector):
        raise EmotionTFError(
            f"the model {config.model.name} has no vector that could be taught",
            expected="another student, such as mscnn, or a weight of the vectors of 0",
        )
    corpus, config = choose_labels(corpus, config)
    config = dataclasses.replace(config, labels=dataclasses.replace(config.labels, votes=True))
    corpus = dataclasses.replace(corpus, chosen=config.labels)
    place = records_dir_of(workdir, records_dir)
    names = [teacher] if isinstance(teacher, str | Path) else list(teacher)
    found = [
        [dataclasses.replace(item, id=f"recordings-{number}/{item.id}", speaker="") for item in read_recordings(folder)]
        for number, folder in enumerate(recordings)
    ]
    teachers = [Teacher(name, corpus.name, [corpus.utterances, *found], place, skip_bad) for name in names]
    lesson = TeachersLesson(
        tuple(teachers), tuple(Path(name).resolve().name for name in names), config,
        tuple(item for group in found for item in group), temperature, label_weight,
    )  # fmt: skip
    folds = _folds_file(teachers, protocol, folds_file)
    return train(corpus, config, protocol, workdir, place, skip_bad, folds, lesson=lesson)


def _folds_file(teachers: Sequence[Teacher], protocol: str, asked: str | Path | None) -> Path | None:
    """The folds of those teachers that are runs on the corpus, which must be the same, or else those asked for."""
    runs = [teacher for teacher in teachers if teacher.folds_file is not None]
    given = [] if asked is None else [Path(asked)]
    if not runs:
        return given[0] if given else None
    for teacher in runs:
        if teacher.protocol != protocol:
            raise EmotionTFError(
                "the teacher was trained under another protocol", expected=f"{teacher.protocol}", received=protocol
            )
    files = [*given, *(teacher.folds_file for teacher in runs if teacher.folds_file is not None)]
    if len({file_digest(file) for file in files}) > 1:
        raise EmotionTFError("the teachers were trained on other folds", expected="runs with the same folds.json")
    return files[0]


@dataclass(frozen=True)
class TeachersLesson:
    """The targets that teachers give; see `emotion_tf.training.lesson.Lesson`.

    Args:
        teachers: Those who are asked.
        names: What they are called.
        config: The settings of the student, which name its classes.
        recordings: Utterances without labels.
        temperature: As for `distil`.
        label_weight: As for `distil`.
        vector_weight: As for `distil`.
    """

    teachers: tuple[Teacher, ...]
    names: tuple[str, ...]
    config: Config
    recordings: tuple[Utterance, ...]
    temperature: float
    label_weight: float
    vector_weight: float = 0.0

    @cached_property
    def description(self) -> dict[str, Any]:
        """The sums of the teachers, and how they are listened to."""
        return {
            "teachers": [teacher.description for teacher in self.teachers],
            "temperature": self.temperature,
            "label_weight": self.label_weight,
            "vector_weight": self.vector_weight,
            "recordings": digest([[item.id, item.file, item.start, item.end] for item in self.recordings]),
        }

    @property
    def notes(self) -> list[str]:
        """Which teachers may have heard those whom the student is tested on; and how many recordings there were."""
        pairs = zip(self.names, self.teachers, strict=True)
        found = [HEARD_NOTE.format(name=name) for name, teacher in pairs if teacher.folds_file is None]
        if self.recordings:
            found.append(f"{len(self.recordings)} recordings without labels were trained on.")
        return found

    def teach(self, fold: int, records: Records, train: Sequence[Utterance]) -> tuple[Records, tuple[Utterance, ...]]:
        """See `Lesson`: shares of the classes as votes; recordings get the likeliest class as their label."""
        classes = self.config.labels.classes or ()
        unlabelled = {item.id for item in self.recordings}
        trained = {item.id for item in train} | unlabelled
        asked = [item for item in records.utterances if item.id in trained]
        answers = [teacher.probabilities(fold, asked, classes) for teacher in self.teachers]
        soft = soften(np.mean(answers, axis=0), self.temperature)
        labels = [classes[place] for place in soft.argmax(axis=1)]
        named = [
            dataclasses.replace(item, label=label) if item.id in unlabelled else item
            for item, label in zip(asked, labels, strict=True)
        ]
        weights = np.array([0.0 if item.id in unlabelled else self.label_weight for item in asked])[:, np.newaxis]
        shares = weights * targets(self.config, named) + (1 - weights) * soft
        taught = {
            item.id: dataclasses.replace(item, votes=tuple(zip(classes, map(float, row), strict=True)))
            for item, row in zip(named, shares, strict=True)
        }
        records = dataclasses.replace(
            records,
            utterances=_replaced(records.utterances, taught, classes[0]),
            taught=self._vectors(fold, records, asked) if self.vector_weight else None,
        )
        return records, tuple(taught.values())

    def _vectors(self, fold: int, records: Records, asked: Sequence[Utterance]) -> np.ndarray:
        """The teachers' vectors side by side, zeros for what is not trained on.

        The loss is of squares, so that the root of its weight scales them: the linear layer before it follows.
        """
        vectors = np.concatenate([teacher.vectors(fold, asked) for teacher in self.teachers], axis=1)
        deviation = vectors.std(axis=0)
        scaled = (vectors - vectors.mean(axis=0)) / np.where(deviation > SMALLEST_DEVIATION, deviation, 1.0)
        rows = np.zeros((len(records.utterances), vectors.shape[1]), np.float32)
        places = {item.id: place for place, item in enumerate(records.utterances)}
        rows[[places[item.id] for item in asked]] = scaled * np.sqrt(self.vector_weight)
        return rows


def soften(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """Probabilities (N, C) whose logarithms are divided by a temperature.

    Example:

    >>> soften(np.array([[0.8, 0.2]]), 2.0).round(3)
    array([[0.667, 0.333]])
    """
    powers = np.maximum(probabilities, np.finfo(np.float64).tiny) ** (1 / temperature)
    return powers / powers.sum(axis=1, keepdims=True)


def _replaced(utterances: Sequence[Utterance], taught: Mapping[str, Utterance], label: str) -> tuple[Utterance, ...]:
    """The utterances, of which those that are trained on have targets, and the others no votes but a label."""
    return tuple(
        taught.get(item.id) or dataclasses.replace(item, votes=(), label=item.label or label) for item in utterances
    )
