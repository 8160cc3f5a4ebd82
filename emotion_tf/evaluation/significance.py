"""Whether two runs differ by more than the luck of which speakers were recorded."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.stats import permutation_test

from emotion_tf.errors import EmotionTFError
from emotion_tf.evaluation.metrics import RESAMPLES, RESAMPLING_SEED, unweighted_accuracy, weighted_accuracy
from emotion_tf.evaluation.predictions import Predictions
from emotion_tf.evaluation.result import Interval
from emotion_tf.evaluation.run import read_run

SWAPS = 10_000
"""Number of random swaps where there are too many speakers to go through all."""


@dataclass(frozen=True)
class PairedScore:
    """One measure of two systems.

    Args:
        a: The score of the first.
        b: The score of the second.
        difference: a - b.
        ci95: The ends of its 95 % percentile bootstrap interval over speakers.
        p: Two-sided p-value.
    """

    a: float
    b: float
    difference: float
    ci95: Interval
    p: float


@dataclass(frozen=True)
class Comparison:
    """How two systems compare on the same utterances.

    Args:
        n: Number of utterances.
        speakers: Number of speakers.
        wa: Their weighted accuracies.
        ua: Their unweighted accuracies.
        runs: The folders of the runs, if it is runs that were compared.
        protocol: Their protocol.
    """

    n: int
    speakers: int
    wa: PairedScore
    ua: PairedScore
    runs: list[str] = dataclasses.field(default_factory=list)
    protocol: str = ""


def compare(workdir_a: str | Path, workdir_b: str | Path) -> Comparison:
    """Tests whether two runs on the same folds differ.

    Args:
        workdir_a: Folder of a finished run.
        workdir_b: Folder of another, tested on the same utterances in the same folds.

    Raises:
        EmotionTFError: If a folder holds no finished run, or the runs were not tested alike.
    """
    workdirs = [Path(workdir) for workdir in (workdir_a, workdir_b)]
    protocol_a, protocol_b = (read_run(workdir, "predictions.csv")["protocol"] for workdir in workdirs)
    if protocol_a != protocol_b:
        raise EmotionTFError(
            "the two runs have different protocols", expected=protocol_a, received=protocol_b, fix="train one again"
        )
    a, b = (Predictions.read(workdir / "predictions.csv") for workdir in workdirs)
    return dataclasses.replace(paired_test(a, b), runs=[str(workdir) for workdir in workdirs], protocol=protocol_a)


def paired_test(a: Predictions, b: Predictions) -> Comparison:
    """Compares two systems on the same utterances, speaker by speaker, since the utterances of a speaker are alike.

    The p-value is that of a randomisation test: if the systems were equally good, each speaker's predictions might as
    well have come from the other one. How often does swapping the systems for some of the speakers give a difference
    as large as the one observed? Up to 13 speakers every choice of them is tried, else `SWAPS` random ones.

    Args:
        a: Predictions of one system.
        b: Predictions of the other, for the same utterances in the same folds, in any order.

    Raises:
        EmotionTFError: If utterances, labels, speakers or folds differ, or all utterances are of one speaker.

    Example:

    >>> probabilities = np.eye(4)[[0, 1, 0, 1]]
    >>> a = Predictions("1234", [0] * 4, ["Ann", "Ann", "Bob", "Bob"], [0, 1, 0, 1], probabilities)
    >>> b = Predictions("1234", [0] * 4, ["Ann", "Ann", "Bob", "Bob"], [0, 1, 0, 1], probabilities[[0, 0, 2, 2]])
    >>> paired_test(a, b).wa
    PairedScore(a=1.0, b=0.5, difference=0.5, ci95=[0.5, 0.5], p=0.5)

    Reference:
        Yeh, "More Accurate Tests for the Statistical Significance of Result Differences", COLING 2000.
    """
    predicted_b = b.predicted[_order(a, b)]
    speakers, owner = np.unique(a.speakers, return_inverse=True)
    if len(speakers) == 1:
        raise EmotionTFError(
            "one speaker shows nothing about others",
            expected="predictions for at least two speakers",
            received=f"{len(a.ids)} utterances of {speakers[0]}",
        )
    # (S, C): utterances of each speaker and emotion, and how many more of them a has right than b.
    total, gain = np.zeros((2, len(speakers), len(a.classes)), np.int64)
    np.add.at(total, (owner, a.labels), 1)
    np.add.at(gain, (owner, a.labels), (a.predicted == a.labels) * 1 - (predicted_b == a.labels))
    # (2, S): what each speaker adds to the differences of WA and UA. Swapping the systems changes the sign.
    occur = total.sum(axis=0) > 0
    recalls = gain[:, occur] / total[:, occur].sum(axis=0)
    shares = np.stack([gain.sum(axis=1) / total.sum(), recalls.mean(axis=1)])
    swapped = permutation_test(
        (shares,),
        _sum,
        permutation_type="samples",
        vectorized=True,
        n_resamples=SWAPS,
        batch=1000,
        axis=1,
        random_state=np.random.default_rng(RESAMPLING_SEED),
    )
    generator = np.random.default_rng(RESAMPLING_SEED)
    drawn = generator.multinomial(len(speakers), np.full(len(speakers), 1 / len(speakers)), size=RESAMPLES)
    intervals = np.percentile(_differences(drawn @ gain, drawn @ total), (2.5, 97.5), axis=1).T

    def paired(place: int, score: Callable[[np.ndarray, np.ndarray], float]) -> PairedScore:
        score_a, score_b = score(a.labels, a.predicted), score(a.labels, predicted_b)
        return PairedScore(score_a, score_b, score_a - score_b, intervals[place].tolist(), float(swapped.pvalue[place]))

    return Comparison(len(a.ids), len(speakers), paired(0, weighted_accuracy), paired(1, unweighted_accuracy))


def _sum(shares: np.ndarray, axis: int) -> np.ndarray:
    # Rounded, so that sums that differ only by the order of adding are ties.
    return shares.sum(axis=axis).round(12)


def _differences(gain: np.ndarray, total: np.ndarray) -> np.ndarray:
    """(2, R) differences of WA and UA in R resamples, from the counts (R, C) of each."""
    # A class may be missing from a resample; its recall counts for nothing there.
    recalls = (gain / np.maximum(total, 1)).sum(axis=1) / np.count_nonzero(total, axis=1)
    return np.stack([gain.sum(axis=1) / total.sum(axis=1), recalls])


def _order(a: Predictions, b: Predictions) -> list[int]:
    """Where the utterances of `a` stand in `b`, which must be the same ones."""
    if a.classes != b.classes:
        raise EmotionTFError(
            "the two runs have different classes",
            expected=", ".join(a.classes),
            received=", ".join(b.classes),
            fix="train one again with the section labels of the settings of the other",
        )
    facts_a, facts_b = _facts(a), _facts(b)
    strays = sorted(facts_a.keys() ^ facts_b.keys())
    if strays:
        raise EmotionTFError(
            "the two runs were not tested on the same utterances",
            expected=f"the {len(facts_a)} utterances of the first",
            received=f"{len(facts_b)}, with {strays[0]!r} on one side only",
            fix="compare runs of the same corpus",
        )
    for id_, facts in facts_a.items():
        if facts != facts_b[id_]:
            raise EmotionTFError(
                f"the two runs disagree on utterance {id_!r}",
                expected=facts,
                received=facts_b[id_],
                fix="train one again with the corpus and the --folds of the other",
            )
    places = {id_: place for place, id_ in enumerate(b.ids)}
    return [places[id_] for id_ in a.ids]


def _facts(predictions: Predictions) -> dict[str, str]:
    """What two runs must agree on, by utterance id."""
    rows = zip(predictions.ids, predictions.labels, predictions.speakers, predictions.folds, strict=True)
    return {
        id_: f"label {predictions.classes[label]}, speaker {speaker}, fold {fold}" for id_, label, speaker, fold in rows
    }
