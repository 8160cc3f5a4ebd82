"""Proof that the artefacts of an export say what the Keras model says, and at which cost."""

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from emotion_tf.errors import EmotionTFError
from emotion_tf.evaluation.metrics import unweighted_accuracy, weighted_accuracy
from emotion_tf.exporting.artefacts import Artefact, artefacts, size
from emotion_tf.exporting.examples import TIMED_SECONDS, Examples, made_examples
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
    truth = np.array([example.label for example in test])
    scales = keras_runtime.bundle.config.labels.scales
    outputs = np.stack([keras_runtime.outputs(item.waveform, item.transcript, item.speaker) for item in asked])
    expected, expected_dimensions = np.split(outputs, [len(keras_runtime.bundle.labels)], axis=1)
    reference = Reference("model.keras", *_accuracies(expected[: len(test)], truth))
    costs = _measure(folder, threads)

    results = []
    for number, artefact in enumerate(track(artefacts(folder, keras_runtime.bundle), "artefacts compared with Keras")):
        ask = artefact.load(None)
        outputs = np.stack([ask(example)() for example in asked])
        received, dimensions = np.split(outputs, [expected.shape[1]], axis=1)
        wa, ua = _accuracies(received[: len(test)], truth)
        result = ArtefactResult(
            artefact=artefact.path,
            signature=artefact.signature,
            bytes=size(folder / artefact.path),
            largest_difference=float(np.abs(received - expected).max()),
            label_agreement=_agreement(received[: len(real)], expected),
            wa=wa,
            ua=ua,
            milliseconds={count: cost[number]["milliseconds"] for count, cost in costs.items()},
            peak_bytes={count: cost[number]["peak_bytes"] for count, cost in costs.items()},
            # A file for MediaPipe, which classifies, has no dimensions.
            dimension_difference=_dimension_difference(dimensions, expected_dimensions, scales)
            if dimensions.shape[1]
            else None,
        )
        results.append(result)
        loss = _loss(received, expected, truth, len(real), artefact.bound.tie)
        _check(artefact, replace(loss, dimensions=result.dimension_difference or 0.0), truth)
    counts = Counts(len(test), len(examples.others), len(made))
    return ExportResult(folder, tuple(notes), reference, counts, TIMED_SECONDS, tuple(results))


def _dimension_difference(received: np.ndarray, expected: np.ndarray, scales: dict[str, tuple[float, float]]) -> float:
    """The largest difference of a dimension (N, D), as a share of its range."""
    widths = np.array([high - low for low, high in scales.values()])
    return float((np.abs(received - expected) / widths).max())


def _agreement(received: np.ndarray, expected: np.ndarray) -> float | None:
    """Share of utterances with the same label; None where there is none."""
    if not len(received):
        return None
    return float(np.mean(received.argmax(axis=1) == expected[: len(received)].argmax(axis=1)))


@dataclass(frozen=True)
class _Loss:
    """What an artefact loses of what the Keras model says; of labels and UA, none where that wavers between two."""

    difference: float
    other_labels: float = 0.0
    ua: float = 0.0
    dimensions: float = 0.0


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


def _check(artefact: Artefact, loss: _Loss, truth: np.ndarray) -> None:
    """Ends the export if an artefact loses more than it may.

    Where a corpus is small, one utterance may differ: its loss is the least that shows.
    """
    bound = artefact.bound
    losses = [
        ("differences of probabilities", bound.difference, loss.difference),
        ("differences of dimensions, as a share of their ranges,", bound.dimension_difference, loss.dimensions),
    ]
    if len(truth):
        one_label = 1 / len(truth)
        one_recall = 1 / (len(np.unique(truth)) * np.unique(truth, return_counts=True)[1].min())
        losses += [
            ("a share of other labels", max(bound.other_labels, one_label), loss.other_labels),
            ("a loss of unweighted accuracy", max(bound.ua_lost, one_recall), loss.ua),
        ]
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
