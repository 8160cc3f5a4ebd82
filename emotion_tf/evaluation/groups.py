"""Whether groups of speakers, such as women and men, are served alike."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np

from emotion_tf.evaluation.metrics import RESAMPLES, RESAMPLING_SEED, expected_calibration_error
from emotion_tf.evaluation.predictions import Predictions
from emotion_tf.evaluation.result import Gap, Groups, GroupScores, Interval
from emotion_tf.evaluation.statistics import holm

SHUFFLES = 10_000
"""Random exchanges of speakers between two groups behind a p-value."""

BEYOND_CHANCE = 0.05
"""A gap whose p-value, corrected for the number of gaps, is below it gets a line."""


def group_results(predictions: Predictions) -> dict[str, Groups]:
    """The scores and gaps of each column of groups that has two values or more; none without classes.

    Args:
        predictions: The test predictions of all folds.
    """
    return {
        name: compare_groups(predictions, values)
        for name, values in predictions.groups.items()
        if predictions.classes and len(set(values) - {""}) > 1
    }


def compare_groups(predictions: Predictions, values: Sequence[str]) -> Groups:
    """Judges the groups of one column, and what lies between each two of them.

    Speakers are resampled within their group for the intervals, and exchanged between the groups for the p-values,
    which are corrected for the number of gaps by Holm's method. A speaker who has several values counts as one in each.

    Args:
        predictions: N predictions.
        values: The group of each utterance; "" is in none.
    """
    names = np.asarray(values)
    chosen = {name: np.flatnonzero(names == name) for name in sorted(set(values) - {""})}
    tables = {name: _tables(predictions, rows) for name, rows in chosen.items()}
    gaps = [
        gap
        for one, other in combinations(chosen, 2)
        for gap in _gaps((one, other), (tables[one], tables[other]), predictions.classes)
    ]
    tested = [gap for gap in gaps if gap.p is not None]
    corrected = iter(holm([gap.p for gap in tested if gap.p is not None]))
    gaps = [gap if gap.p is None else replace(gap, p_holm=next(corrected)) for gap in gaps]
    scores = {name: _scores(predictions.subset(rows), tables[name]) for name, rows in chosen.items()}
    return Groups(scores, gaps)


def lines(name: str, groups: Groups) -> list[str]:
    """A sentence for each gap that is beyond chance.

    Args:
        name: The column.
        groups: Its groups.
    """
    found = []
    for gap in groups.gaps:
        if gap.p_holm is None or gap.p_holm >= BEYOND_CHANCE or gap.ci95 is None:
            continue
        low, high = gap.ci95
        found.append(
            f"{name}: {MEASURES.get(gap.measure, gap.measure)} differs between {gap.a} and {gap.b} by "
            f"{gap.difference:+.3f} (95 % interval {low:+.3f} to {high:+.3f}, p {gap.p_holm:.4f} by Holm), which is "
            "beyond chance"
        )
    return found


MEASURES = {"ua": "UA", "overconfidence": "mean confidence less accuracy"}
"""What measures are called; `excess of CLASS` is how much more often a class is predicted than it is true."""


def _tables(predictions: Predictions, rows: np.ndarray) -> np.ndarray:
    """(S, C * C + 1): the confusions of each speaker, flat, and the sum of the confidences."""
    count = len(predictions.classes)
    _, owner = np.unique(np.asarray(predictions.speakers)[rows], return_inverse=True)
    tables = np.zeros((owner.max() + 1, count * count + 1))
    np.add.at(tables, (owner, predictions.labels[rows] * count + predictions.predicted[rows]), 1)
    np.add.at(tables[:, -1], owner, predictions.probabilities[rows].max(axis=1))
    return tables


def _measures(tables: np.ndarray, count: int) -> np.ndarray:
    """(2 + C, ...) of sums (..., C * C + 1): UA, overconfidence, and the excess of each class."""
    confusion = tables[..., :-1].reshape(*tables.shape[:-1], count, count)
    right, true, total = (
        np.diagonal(confusion, axis1=-2, axis2=-1),
        confusion.sum(axis=-1),
        np.maximum(confusion.sum(axis=(-2, -1)), 1),
    )
    ua = (right / np.maximum(true, 1)).sum(axis=-1) / np.maximum(np.count_nonzero(true, axis=-1), 1)
    overconfidence = (tables[..., -1] - right.sum(axis=-1)) / total
    excess = (confusion.sum(axis=-2) - true) / total[..., np.newaxis]
    return np.stack([ua, overconfidence, *np.moveaxis(excess, -1, 0)])


def _gaps(names: tuple[str, str], tables: tuple[np.ndarray, np.ndarray], classes: Sequence[str]) -> Iterator[Gap]:
    """What lies between two groups, measure by measure."""
    count, sizes = len(classes), [len(table) for table in tables]
    observed = [_measures(table.sum(axis=0), count) for table in tables]
    difference = observed[0] - observed[1]
    intervals: np.ndarray | None = None
    p: np.ndarray | None = None
    if min(sizes) > 1:
        generator = np.random.default_rng(RESAMPLING_SEED)
        drawn = [_measures(_resampled(table, generator) @ table, count) for table in tables]
        intervals = np.percentile(drawn[0] - drawn[1], (2.5, 97.5), axis=1).T
        p = _exchanged(np.concatenate(tables), sizes[0], lambda sums: _measures(sums, count), difference, generator)
    for place, measure in enumerate(("ua", "overconfidence", *(f"excess of {name}" for name in classes))):
        yield Gap(
            measure,
            *names,
            difference=float(difference[place]),
            ci95=None if intervals is None else intervals[place].tolist(),
            p=None if p is None else float(p[place]),
        )


def _resampled(tables: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """(R, S) how often each speaker is drawn."""
    count = len(tables)
    return generator.multinomial(count, np.full(count, 1 / count), size=RESAMPLES)


def _exchanged(
    tables: np.ndarray,
    first: int,
    measures: Callable[[np.ndarray], np.ndarray],
    observed: np.ndarray,
    generator: np.random.Generator,
) -> np.ndarray:
    """Two-sided p-values: how often speakers that are dealt out at random differ as much."""
    total, extreme = tables.sum(axis=0), np.zeros(len(observed))
    for _ in range(SHUFFLES // 1000):
        order = generator.permuted(np.tile(np.arange(len(tables)), (1000, 1)), axis=1)[:, :first]
        sums = tables[order].sum(axis=1)
        found = measures(sums) - measures(total - sums)
        extreme += (np.abs(found) >= np.abs(observed)[:, np.newaxis] - 1e-12).sum(axis=1)
    return (extreme + 1) / (SHUFFLES // 1000 * 1000 + 1)


def _scores(part: Predictions, tables: np.ndarray) -> GroupScores:
    """The scores of one group."""
    count = len(part.classes)
    interval: Interval | None = None
    measures = _measures(tables.sum(axis=0), count)
    if len(tables) > 1:
        drawn = _measures(_resampled(tables, np.random.default_rng(RESAMPLING_SEED)) @ tables, count)
        interval = np.percentile(drawn[0], (2.5, 97.5)).tolist()
    shares = [np.bincount(indices, minlength=count) / len(part.ids) for indices in (part.predicted, part.labels)]
    predicted, true = (dict(zip(part.classes, share.tolist(), strict=True)) for share in shares)
    return GroupScores(
        n=len(part.ids),
        speakers=len(tables),
        wa=float((part.predicted == part.labels).mean()),
        ua=float(measures[0]),
        ua_ci95=interval,
        expected_calibration_error=expected_calibration_error(part),
        predicted=predicted,
        true=true,
    )
