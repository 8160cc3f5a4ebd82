"""Proof that the artefacts of an export say what the Keras model says, and at which cost."""

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from emotion_tf.errors import EmotionTFError
from emotion_tf.evaluation.metrics import unweighted_accuracy, weighted_accuracy
from emotion_tf.exporting.artefacts import Artefact, artefacts, size
from emotion_tf.exporting.dimension_loss import DimensionLoss, concordances, dimension_loss
from emotion_tf.exporting.examples import TIMED_SECONDS, Example, Examples, made_examples
from emotion_tf.exporting.result import ArtefactResult, Counts, ExportResult, Reference
from emotion_tf.inference.keras_runtime import KerasRuntime
from emotion_tf.utils.child_process import run_apart
from emotion_tf.utils.progress import track

logger = logging.getLogger(__name__)

THREADS = (1, 2)
"""Numbers of threads with which time and memory are taken."""


def check_parity(
    folder: Path, examples: Examples | None = None, threads: Sequence[int] = THREADS, notes: Sequence[str] = ()
) -> ExportResult:
    """Runs every artefact of an export, as it lies on the disk, on the same utterances.

    Args:
        folder: The export.
        examples: Utterances of the corpus; without them only waves and transcripts made by code are asked.
        threads: Numbers of threads with which time and memory are taken; none leaves these figures out, as do
            systems other than Linux.
        notes: What a reader must know beside the figures.

    Returns:
        What each artefact loses, weighs and costs.

    Raises:
        EmotionTFError: If an artefact loses more than its bound.
    """
    keras_runtime = KerasRuntime(folder / "model.keras")
    made = made_examples(keras_runtime)
    examples = examples or Examples()
    test, real = examples.test, (*examples.test, *examples.others)
    asked = [*real, *made]
    bundle = keras_runtime.bundle
    truth = np.array([example.label for example in test if bundle.labels], np.int64)
    scales, ratings = bundle.config.labels.scales, _ratings(test, len(bundle.config.labels.scales))
    outputs = np.stack([keras_runtime.outputs(item.waveform, item.transcript, item.speaker) for item in asked])
    expected, expected_dimensions = np.split(outputs, [len(bundle.labels)], axis=1)
    agreements = concordances(expected_dimensions[: len(ratings)], ratings)
    ccc = float(agreements.mean()) if len(agreements) else None
    reference = Reference("model.keras", *_accuracies(expected[: len(test)], truth), ccc)
    costs = _measure(folder, threads)

    results = []
    for number, artefact in enumerate(track(artefacts(folder, bundle), "artefacts compared with Keras")):
        ask = artefact.load(None)
        outputs = np.stack([ask(example)() for example in asked])
        received, dimensions = np.split(outputs, [expected.shape[1]], axis=1)
        wa, ua = _accuracies(received[: len(test)], truth)
        # A file for MediaPipe, which classifies, has no dimensions.
        rated = (
            dimension_loss(dimensions, expected_dimensions, ratings, scales, len(real)) if dimensions.shape[1] else None
        )
        result = ArtefactResult(
            artefact=artefact.path,
            signature=artefact.signature,
            bytes=size(folder / artefact.path),
            largest_difference=float(np.abs(received - expected).max()) if bundle.labels else None,
            label_agreement=_agreement(received[: len(real)], expected),
            wa=wa,
            ua=ua,
            milliseconds={count: cost[number]["milliseconds"] for count, cost in costs.items()},
            peak_bytes={count: cost[number]["peak_bytes"] for count, cost in costs.items()},
            dimension_difference=None if rated is None else rated.largest,
            dimension_mean_difference=None if rated is None else rated.mean,
            ccc=None if rated is None else rated.ccc,
        )
        results.append(result)
        if bundle.labels:
            _check(artefact, _losses(artefact, _loss(received, expected, truth, len(real), artefact.bound.tie), truth))
        if rated:
            _check(artefact, _dimension_losses(artefact, rated))
    counts = Counts(len(test), len(examples.others), len(made))
    return ExportResult(folder, tuple(notes), reference, counts, TIMED_SECONDS, tuple(results))


def _ratings(test: Sequence[Example], count: int) -> np.ndarray:
    """The ratings (T, D) of the test part; (0, D) where the corpus that was given does not rate."""
    rows = [example.ratings for example in test]
    if not rows or not count or any(len(row) != count for row in rows):
        return np.zeros((0, count))
    return np.array(rows, np.float64)


def _agreement(received: np.ndarray, expected: np.ndarray) -> float | None:
    """Share of utterances with the same label; None where there is none."""
    if not received.size:
        return None
    return float(np.mean(received.argmax(axis=1) == expected[: len(received)].argmax(axis=1)))


@dataclass(frozen=True)
class _Loss:
    """What an artefact loses of what the Keras model says; of labels and UA, none where that wavers between two."""

    difference: float
    other_labels: float = 0.0
    ua: float = 0.0


def _loss(received: np.ndarray, expected: np.ndarray, truth: np.ndarray, real: int, tie: float) -> _Loss:
    """The loss over utterances (N, C), of which those of the test part come first and those made by code last.

    Args:
        received: What the artefact says.
        expected: What Keras says.
        truth: (T,) labels of the test part.
        real: Number of utterances that were not made by code.
        tie: As of `Bound`.
    """
    difference = float(np.abs(received - expected).max())
    if not len(truth):
        return _Loss(difference)
    own, labels = expected.argmax(axis=1), received.argmax(axis=1)
    behind = expected.max(axis=1) - np.take_along_axis(expected, labels[:, np.newaxis], axis=1)[:, 0]
    labels = np.where(behind <= tie, own, labels)
    heard = slice(len(truth))
    lost = unweighted_accuracy(truth, own[heard]) - unweighted_accuracy(truth, labels[heard])
    return _Loss(difference, float(np.mean((labels != own)[:real])), lost)


def _accuracies(probabilities: np.ndarray, truth: np.ndarray) -> tuple[float | None, float | None]:
    """WA and UA; None where nothing was tested."""
    if not len(truth):
        return None, None
    predicted = probabilities.argmax(axis=1)
    return weighted_accuracy(truth, predicted), unweighted_accuracy(truth, predicted)


def _losses(artefact: Artefact, loss: _Loss, truth: np.ndarray) -> list[tuple[str, float, float]]:
    """What an artefact loses of the classes: the name of each loss, the most that it may be, and what it is.

    Where a corpus is small, one utterance may differ: its loss is the least that shows.
    """
    bound = artefact.bound
    losses = [("differences of probabilities", bound.difference, loss.difference)]
    if len(truth):
        one_label = 1 / len(truth)
        one_recall = 1 / (len(np.unique(truth)) * np.unique(truth, return_counts=True)[1].min())
        losses += [
            ("a share of other labels", max(bound.other_labels, one_label), loss.other_labels),
            ("a loss of unweighted accuracy", max(bound.ua_lost, one_recall), loss.ua),
        ]
    return losses


def _dimension_losses(artefact: Artefact, loss: DimensionLoss) -> list[tuple[str, float, float]]:
    """What an artefact loses of the dimensions, as `_losses` has it."""
    bound = artefact.bound
    return [
        ("differences of dimensions, as a share of their ranges,", bound.dimension_difference, loss.largest),
        ("a mean difference of dimensions, as a share of their ranges,", bound.dimension_mean, loss.mean or 0.0),
        ("a loss of concordance", bound.ccc_lost, loss.ccc_lost or 0.0),
    ]


def _check(artefact: Artefact, losses: Sequence[tuple[str, float, float]]) -> None:
    """Ends the export if an artefact loses more than it may."""
    for what, most, received in losses:
        if not received <= most + 1e-9:  # Also catches NaN.
            raise EmotionTFError(
                f"{artefact.path}, signature {artefact.signature}, differs from the Keras model",
                expected=f"{what} of at most {most:.2g}",
                received=f"{received:.2g}",
            )


def _measure(folder: Path, threads: Sequence[int]) -> dict[str, list[dict[str, Any]]]:
    """By number of threads, what each artefact costs; nothing where the system cannot tell them."""
    if not threads or not Path("/proc/self/clear_refs").exists():
        return {}
    logger.info("time and memory of each artefact")
    printed = run_apart("emotion_tf.exporting.measure", folder, *map(str, threads))
    return json.loads(printed.splitlines()[-1])
