"""Figures of a system that was trained with several seeds: both speakers and seeds are resampled."""

from collections.abc import Sequence

import numpy as np

from emotion_tf.evaluation.metrics import RESAMPLES, RESAMPLING_SEED
from emotion_tf.evaluation.predictions import Predictions


def draw(generator: np.random.Generator, count: int) -> np.ndarray:
    """(R, count) how often each of some speakers, or seeds, is drawn in each of `RESAMPLES` resamples."""
    return generator.multinomial(count, np.full(count, 1 / count), size=RESAMPLES)


def resampled(right: np.ndarray, speakers: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """(R, C) right utterances of each class in each resample, as the mean over seeds that are drawn as well.

    Args:
        right: (K, S, C) right utterances of each seed, speaker and class.
        speakers: (R, S) how often each speaker is drawn.
        generator: Draws the seeds; of one seed nothing is drawn.
    """
    if len(right) == 1:
        return speakers @ right[0]
    seeds = draw(generator, len(right)) / len(right)
    return np.einsum("rs,rk,ksc->rc", speakers, seeds, right, optimize=True)


def pooled_intervals(seeds: Sequence[Predictions]) -> tuple[tuple[float, float], tuple[float, float]] | None:
    """95 % percentile bootstrap intervals of the mean WA and UA over speakers and seeds.

    Args:
        seeds: The predictions of each seed, for the same utterances.

    Returns:
        The intervals of WA and UA; None for one speaker.
    """
    first = seeds[0]
    speakers, owner = np.unique(first.speakers, return_inverse=True)
    if len(speakers) == 1:
        return None
    total = np.zeros((len(speakers), len(first.classes)), np.int64)
    np.add.at(total, (owner, first.labels), 1)
    right = np.zeros((len(seeds), *total.shape), np.int64)
    for of_seed, predictions in zip(right, seeds, strict=True):
        places = {id_: place for place, id_ in enumerate(predictions.ids)}
        found = predictions.predicted[[places[id_] for id_ in first.ids]]
        np.add.at(of_seed, (owner, first.labels), found == first.labels)
    generator = np.random.default_rng(RESAMPLING_SEED)
    drawn = draw(generator, len(speakers))
    rights, totals = resampled(right, drawn, generator), drawn @ total
    wa = rights.sum(axis=1) / totals.sum(axis=1)
    # A class may be missing from a resample; its recall counts for nothing there.
    ua = (rights / np.maximum(totals, 1)).sum(axis=1) / np.count_nonzero(totals, axis=1)
    low_wa, high_wa = np.percentile(wa, (2.5, 97.5)).tolist()
    low_ua, high_ua = np.percentile(ua, (2.5, 97.5)).tolist()
    return (low_wa, high_wa), (low_ua, high_ua)
