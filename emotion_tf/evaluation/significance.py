"""Whether two runs differ by more than the luck of which speakers were recorded."""

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.stats import permutation_test

from emotion_tf.errors import EmotionTFError
from emotion_tf.evaluation.metrics import RESAMPLES, RESAMPLING_SEED, unweighted_accuracy, weighted_accuracy
from emotion_tf.evaluation.predictions import Predictions
from emotion_tf.evaluation.result import Interval
from emotion_tf.evaluation.run import read_run, runs_of
from emotion_tf.evaluation.seeds import draw, resampled

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
        p_alike: The p-value of the systems' being alike within a margin; None where nobody asked.
    """

    a: float
    b: float
    difference: float
    ci95: Interval
    p: float
    p_alike: float | None = None


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
        seeds: How many seeds each was trained with.
        margin: The difference below which they count as alike; None where nobody asked.
    """

    n: int
    speakers: int
    wa: PairedScore
    ua: PairedScore
    runs: list[str] = dataclasses.field(default_factory=list)
    protocol: str = ""
    seeds: list[int] = dataclasses.field(default_factory=lambda: [1, 1])
    margin: float | None = None


def compare(workdir_a: str | Path, workdir_b: str | Path, margin: float | None = None) -> Comparison:
    """Tests whether two runs on the same folds differ.

    Args:
        workdir_a: Folder of a finished run, or of the runs of several seeds.
        workdir_b: Folder of another, tested on the same utterances in the same folds.
        margin: As for `paired_test_of_seeds`.

    Raises:
        EmotionTFError: If a folder holds no finished run, or the runs were not tested alike.
    """
    workdirs = [runs_of(workdir) for workdir in (workdir_a, workdir_b)]
    protocols = [read_run(workdir, "predictions.csv")["protocol"] for runs in workdirs for workdir in runs]
    for protocol in protocols:
        if protocol != protocols[0]:
            raise EmotionTFError(
                "the two runs have different protocols", expected=protocols[0], received=protocol, fix="train one again"
            )
    a, b = ([Predictions.read(workdir / "predictions.csv") for workdir in runs] for runs in workdirs)
    names = [str(workdir) for workdir in (workdir_a, workdir_b)]
    for name, found in zip(names, (a, b), strict=True):
        if not found[0].classes:
            raise EmotionTFError(
                f"{name} has no classes, by which two runs are compared",
                expected="runs that learn classes",
                received=f"one of {', '.join(found[0].dimensions)} alone",
            )
    return dataclasses.replace(paired_test_of_seeds(a, b, margin), runs=names, protocol=protocols[0])


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
    PairedScore(a=1.0, b=0.5, difference=0.5, ci95=[0.5, 0.5], p=0.5, p_alike=None)

    Reference:
        Yeh, "More Accurate Tests for the Statistical Significance of Result Differences", COLING 2000.
    """
    return paired_test_of_seeds([a], [b])


def paired_test_of_seeds(a: Sequence[Predictions], b: Sequence[Predictions], margin: float | None = None) -> Comparison:
    """As `paired_test`, of systems that were trained with several seeds: of each, the mean over its seeds counts.

    Intervals resample speakers, the same for both systems, and the seeds of each system. With a margin, the systems are
    tested for being alike: `p_alike` is the larger of the shares of resamples in which one system is better, or worse,
    by the margin or more. Below 0.05 they are alike within it.

    Args:
        a: Predictions of one system, one of each seed.
        b: Predictions of the other.
        margin: The difference, from 0 to 1, below which two systems count as alike; None asks nothing.

    Raises:
        EmotionTFError: As for `paired_test`.

    Reference:
        Schuirmann, "A comparison of the Two One-Sided Tests Procedure and the Power Approach for assessing the
        equivalence of average bioavailability", Journal of Pharmacokinetics and Biopharmaceutics 15(6), 1987.
    """
    first = a[0]
    speakers, owner = np.unique(first.speakers, return_inverse=True)
    if len(speakers) == 1:
        raise EmotionTFError(
            "one speaker shows nothing about others",
            expected="predictions for at least two speakers",
            received=f"{len(first.ids)} utterances of {speakers[0]}",
        )
    # (S, C) utterances of each speaker and emotion; (K, S, C) how many of them each seed has right.
    total = np.zeros((len(speakers), len(first.classes)), np.int64)
    np.add.at(total, (owner, first.labels), 1)
    right_a, right_b = (
        np.stack([_right(predictions, first, owner, total.shape) for predictions in system]) for system in (a, b)
    )
    gain = right_a.mean(axis=0) - right_b.mean(axis=0)
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
    drawn = draw(generator, len(speakers))
    gains = resampled(right_a, drawn, generator) - resampled(right_b, drawn, generator)
    differences = _differences(gains, drawn @ total)
    intervals = np.percentile(differences, (2.5, 97.5), axis=1).T

    def paired(place: int, score: Callable[[np.ndarray, np.ndarray], float]) -> PairedScore:
        score_a, score_b = (float(np.mean([score(one.labels, one.predicted) for one in system])) for system in (a, b))
        alike = None
        if margin is not None:
            beyond = [(differences[place] >= margin).sum(), (differences[place] <= -margin).sum()]
            alike = float((max(beyond) + 1) / (RESAMPLES + 1))
        p = float(swapped.pvalue[place])
        return PairedScore(score_a, score_b, score_a - score_b, intervals[place].tolist(), p, alike)

    return Comparison(
        len(first.ids),
        len(speakers),
        paired(0, weighted_accuracy),
        paired(1, unweighted_accuracy),
        seeds=[len(a), len(b)],
        margin=margin,
    )


def _right(predictions: Predictions, first: Predictions, owner: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """(S, C) utterances of each speaker and emotion that are right, in the order of the first predictions."""
    right = np.zeros(shape, np.int64)
    np.add.at(right, (owner, first.labels), predictions.predicted[_order(first, predictions)] == first.labels)
    return right


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
