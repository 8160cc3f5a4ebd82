"""A support vector machine over openSMILE's functionals: the yardstick of models that hear."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.special import softmax
from sklearn.base import clone
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from emotion_tf.config import Config, TrainingConfig
from emotion_tf.corpora.folds import Split
from emotion_tf.corpora.label_choice import class_names
from emotion_tf.corpora.utterance import Utterance
from emotion_tf.dataset.extract import Records
from emotion_tf.dataset.targets import class_indices
from emotion_tf.errors import EmotionTFError
from emotion_tf.models.temperature import likeliest_temperature
from emotion_tf.training.predict import predictions_of
from emotion_tf.utils.files import replacing, write_json, write_text
from emotion_tf.utils.machine_file import NAME

COSTS = {"linear": (1e-5, 1e-4, 1e-3, 1e-2, 1e-1), "rbf": (0.3, 1.0, 3.0, 10.0)}

CANDIDATES: list[dict[str, str | float]] = [
    {"kernel": kernel, "C": cost} for kernel, costs in COSTS.items() for cost in costs
]
"""Kernels and costs among which cross-validation chooses. The width of the radial kernel is that of scikit-learn."""

PARTS = 5
"""Parts into which the utterances are divided for that, by speaker."""

LARGEST_LOGARITHM = 4.0
"""Of the temperature of the decisions."""

ABSENT = -1.0
"""Decision for a class that was never heard: as far off as the margin of those that were."""


@dataclass(frozen=True)
class Machine:
    """A fitted machine.

    Args:
        pipeline: Scaling to mean 0 and variance 1, and the machine.
        chosen: Its kernel and cost.
        temperature: What decisions are divided by before the softmax.
        num_classes: Number of classes, C.
    """

    pipeline: Pipeline
    chosen: dict[str, str | float]
    temperature: float
    num_classes: int

    def probabilities(self, vectors: np.ndarray) -> np.ndarray:
        """Probabilities (N, C) of vectors (N, W)."""
        decisions = _widened(self.pipeline.decision_function(vectors), self.pipeline.classes_, self.num_classes)
        return softmax(decisions / self.temperature, axis=1)

    @property
    def parameters(self) -> int:
        """Numbers that an answer is computed with: planes of a linear kernel, else support vectors."""
        machine = self.pipeline[-1]
        if self.chosen["kernel"] == "linear":
            return machine.coef_.size + machine.intercept_.size
        return machine.support_vectors_.size + machine.dual_coef_.size + machine.intercept_.size


def fit_machine(
    vectors: np.ndarray, classes: np.ndarray, speakers: Sequence[str], num_classes: int, training: TrainingConfig
) -> tuple[Machine, np.ndarray]:
    """Fits a machine; kernel, cost and temperature are chosen on speakers that it was not fitted on.

    Args:
        vectors: (N, W) functionals.
        classes: (N,) class indices.
        speakers: N speakers.
        num_classes: Number of classes, C.
        training: Gives the seed, whether classes are balanced, and whether probabilities are calibrated.

    Returns:
        The machine; and probabilities (N, C) of the same utterances, each by a machine that was fitted on other
        speakers.

    Raises:
        EmotionTFError: If there is one class alone.
    """
    if len(set(classes)) < 2:
        raise EmotionTFError("nothing to separate in the training part", expected="two emotions or more")
    # The utterances of one speaker alone can only be told apart by themselves.
    groups = speakers if len(set(speakers)) > 1 else list(map(str, range(len(speakers))))
    parts = list(GroupKFold(min(PARTS, len(set(groups)))).split(vectors, classes, groups))
    balance = "balanced" if training.class_weights == "balanced" else None
    machine = SVC(class_weight=balance, decision_function_shape="ovr", random_state=training.seed, cache_size=500)
    held_out = _held_out(machine, vectors, classes, parts, num_classes)
    scores = [balanced_accuracy_score(classes, decisions.argmax(axis=1)) for decisions in held_out]
    place = int(np.argmax(scores))
    chosen, decisions = CANDIDATES[place], held_out[place]
    temperature = 1.0
    if training.calibration == "temperature":
        temperature = likeliest_temperature(decisions, classes, largest_logarithm=LARGEST_LOGARITHM)
    fitted = make_pipeline(StandardScaler(), clone(machine).set_params(**chosen)).fit(vectors, classes)
    return Machine(fitted, dict(chosen), temperature, num_classes), softmax(decisions / temperature, axis=1)


def run_machine_fold(folder: Path, number: int, split: Split, records: Records, config: Config) -> None:
    """Fits the machine of a fold and leaves its note and predictions in `folder`, `predictions.csv` last of all.

    It learns from the dev part as well, which it does not need to choose by. The dev predictions are those of
    cross-validation, by machines that did not hear the speaker.

    Args:
        folder: The fold's folder.
        number: Its number.
        split: Its parts.
        records: The functionals of the corpus.
        config: The settings.
    """
    known = (*split.train, *split.dev)
    names = class_names(config, records.utterances)
    machine, held_out = fit_machine(
        _vectors(records, known),
        class_indices(config, known, records.utterances),
        [utterance.speaker for utterance in known],
        len(names),
        config.training,
    )
    with replacing(folder / "model") as temporary:
        temporary.mkdir()
        config.save(temporary / "config.json")
        write_text(temporary / "labels.txt", "".join(f"{name}\n" for name in names))
        write_json(temporary / "calibration.json", {"temperature": machine.temperature})
        write_json(temporary / NAME, {**machine.chosen, "parameters": machine.parameters})
    predictions_of(split.dev, number, held_out[len(split.train) :], names).write(folder / "dev_predictions.csv")
    tested = machine.probabilities(_vectors(records, split.test))
    predictions_of(split.test, number, tested, names).write(folder / "predictions.csv")


def _vectors(records: Records, utterances: Sequence[Utterance]) -> np.ndarray:
    """The functionals (N, W) of some utterances, in their order."""
    if records.functionals is None:
        raise EmotionTFError("the records hold no functionals", fix="extract them with the settings of the model")
    places = {utterance.id: place for place, utterance in enumerate(records.utterances)}
    return records.functionals[[places[utterance.id] for utterance in utterances]].astype(np.float64)


def _held_out(
    machine: SVC,
    vectors: np.ndarray,
    classes: np.ndarray,
    parts: Sequence[tuple[np.ndarray, np.ndarray]],
    num_classes: int,
) -> list[np.ndarray]:
    """Decisions (N, C) of each candidate, each utterance judged by a machine that was fitted on the other parts."""
    decisions = [np.zeros((len(classes), num_classes)) for _ in CANDIDATES]
    for known, asked in parts:
        if len(set(classes[known])) < 2:
            continue
        # The kernels are computed once for all costs, since that takes most of the time of a fit.
        scaler = StandardScaler().fit(vectors[known])
        kernels = _kernels(scaler.transform(vectors[known]), scaler.transform(vectors[asked]))
        for found, candidate in zip(decisions, CANDIDATES, strict=True):
            within, across = kernels[str(candidate["kernel"])]
            fitted = clone(machine).set_params(kernel="precomputed", C=candidate["C"]).fit(within, classes[known])
            found[asked] = _widened(fitted.decision_function(across), fitted.classes_, num_classes)
    return decisions


def _kernels(known: np.ndarray, asked: np.ndarray) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """The kernel matrices of the known vectors (K, W) with themselves, and of those asked (A, W) with the known."""
    width = 1 / (known.shape[1] * known.var())  # scikit-learn's gamma="scale"
    linear = known @ known.T, asked @ known.T
    squares = [np.square(rows).sum(axis=1) for rows in (known, asked)]
    within, across = (
        np.exp(-width * np.maximum(own[:, np.newaxis] + squares[0] - 2 * products, 0))
        for own, products in zip(squares, linear, strict=True)
    )
    return {"linear": linear, "rbf": (within, across)}


def _widened(decisions: np.ndarray, present: np.ndarray, num_classes: int) -> np.ndarray:
    """Decisions (N, C) for all classes, from those that scikit-learn gives for the classes that were there."""
    if decisions.ndim == 1:
        # One number tells the second class from the first.
        decisions = np.stack([-decisions, decisions], axis=1)
    wide = np.full((len(decisions), num_classes), ABSENT)
    wide[:, present] = decisions
    return wide
