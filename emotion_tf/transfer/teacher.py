"""Trained models that answer for a network that is to be smaller."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np

from emotion_tf import dataset, models
from emotion_tf.config import AugmentationConfig, Config
from emotion_tf.corpora.utterance import Utterance
from emotion_tf.errors import EmotionTFError
from emotion_tf.evaluation.run import read_run
from emotion_tf.inference.keras_runtime import KerasRuntime
from emotion_tf.inference.loading import keras_file
from emotion_tf.training.run import fold_model
from emotion_tf.utils.files import file_digest, read_json
from emotion_tf.utils.paths import RemotePath

VECTOR = "utterance"
"""The layer that gives the vector of an utterance."""


class Teacher:
    """A model that is asked, or the models of a run, each of which is asked for the fold that it was trained on.

    Args:
        model: A `.keras` file, or the folder of an export or a run.
        corpus: The name of the student's corpus. A run on it answers fold by fold, so that no student learns of its
            test speakers through a teacher that was trained on them.
        groups: The utterances that it is asked about; features are kept group by group, and so found again.
        records_dir: Where features are kept.
        skip_bad: Leave out utterances that cannot be read, instead of stopping at the first.

    Attributes:
        folds_file: The `folds.json` of a run on the corpus; None for a model that answers for every fold.

    Raises:
        EmotionTFError: If there is no such model.
    """

    def __init__(
        self,
        model: str | Path,
        corpus: str,
        groups: Sequence[Sequence[Utterance]],
        records_dir: str | Path | RemotePath,
        skip_bad: bool = False,
    ):
        self._folder, self._groups, self._records_dir, self._skip_bad = Path(model), groups, records_dir, skip_bad
        self._file = keras_file(model)
        folds_file = self._folder / "folds.json"
        own = folds_file.is_file() and read_run(self._folder)["corpus"] == corpus
        self.folds_file = folds_file if own else None
        self._answers: dict[Path, _Answers] = {}

    @property
    def protocol(self) -> str | None:
        """The protocol of a run on the corpus."""
        return None if self.folds_file is None else str(read_run(self._folder)["protocol"])

    @property
    def description(self) -> Any:
        """The sum of the model, or of those of the run by fold."""
        if self.folds_file is None:
            return file_digest(self._file)
        numbers = sorted(set(read_json(self.folds_file).values()))
        return {str(number): file_digest(self._file_of(number)) for number in numbers}

    def _file_of(self, fold: int) -> Path:
        return self._file if self.folds_file is None else fold_model(self._folder, fold) / "model.keras"

    def probabilities(self, fold: int, utterances: Sequence[Utterance], classes: Sequence[str]) -> np.ndarray:
        """What it says (N, C) of utterances as they are, undisturbed.

        Args:
            fold: The fold whose training part they are.
            utterances: Some of its groups.
            classes: The classes of the student, in their order. Probabilities of others are left out.

        Raises:
            EmotionTFError: If it does not know one of the classes.
        """
        answers = self._answers_of(fold)
        missing = [name for name in classes if name not in answers.labels]
        if missing:
            raise EmotionTFError(
                f"the teacher {self._folder.name} does not know the class {missing[0]}",
                expected=f"some of {', '.join(answers.labels)}",
                received=", ".join(classes),
            )
        rows = np.stack([answers.probabilities[utterance.id] for utterance in utterances])
        chosen = rows[:, [answers.labels.index(name) for name in classes]].astype(np.float64)
        return chosen / np.maximum(chosen.sum(axis=1, keepdims=True), np.finfo(np.float64).tiny)

    def vectors(self, fold: int, utterances: Sequence[Utterance]) -> np.ndarray:
        """The vectors (N, V) that it makes of utterances; arguments as for `probabilities`.

        Raises:
            EmotionTFError: If its model has no one vector of an utterance.
        """
        answers = self._answers_of(fold)
        if not answers.vectors:
            raise EmotionTFError(
                f"the teacher {self._folder.name} has no one vector of an utterance",
                expected="another teacher, such as an mscnn",
                fix="leave out the weight of the vectors",
            )
        return np.stack([answers.vectors[utterance.id] for utterance in utterances])

    def _answers_of(self, fold: int) -> "_Answers":
        """What the model of a fold says of all groups; that of the fold before is forgotten."""
        file = self._file_of(fold)
        if file not in self._answers:
            self._answers = {file: self._ask(file)}
        return self._answers[file]

    def _ask(self, file: Path) -> "_Answers":
        runtime = KerasRuntime(file)
        bundle = runtime.bundle
        config = _as_they_are(bundle.config, bundle.labels)
        network = models.inner_network(runtime.model)
        output = network.output
        outputs = {"probabilities": output["probabilities"] if isinstance(output, dict) else output}
        if any(layer.name == VECTOR for layer in network.layers):
            outputs["vectors"] = network.get_layer(VECTOR).output
        asked_for = keras.Model(network.inputs, outputs)
        asked_for.jit_compile = False
        found = _Answers(bundle.labels)
        for group in self._groups:
            # A label is needed to read records, and not looked at.
            asked = [dataclasses.replace(item, label=bundle.labels[0], votes=(), ratings=()) for item in group]
            records = dataset.extract(asked, config, self._records_dir, self._skip_bad)
            batches = dataset.evaluation_dataset(records, config, records.utterances, bundle.vocabulary)
            ids = [item.id for item in records.utterances]
            answers = asked_for.predict(batches, verbose=0)
            found.probabilities.update(zip(ids, answers["probabilities"], strict=True))
            found.vectors.update(zip(ids, answers["vectors"], strict=True) if "vectors" in answers else ())
        return found


@dataclass(frozen=True)
class _Answers:
    """What a model says of utterances, by their ids."""

    labels: tuple[str, ...]
    probabilities: dict[str, np.ndarray] = field(default_factory=dict)
    vectors: dict[str, np.ndarray] = field(default_factory=dict)


def _as_they_are(config: Config, labels: Sequence[str]) -> Config:
    """The settings of a model for utterances without augmentation."""
    return dataclasses.replace(
        config,
        augmentation=AugmentationConfig(),
        labels=dataclasses.replace(config.labels, classes=tuple(labels), votes=False, dimensions=None, ranges=None),
    )
