"""Figures of ratings against SciPy and resampling by hand."""

import numpy as np
import pytest
from scipy.stats import pearsonr

from emotion_tf.evaluation.dimensions import RESAMPLES, concordance, rating_scores


@pytest.fixture
def made():
    generator = np.random.default_rng(1)
    ratings = generator.uniform(1, 7, 60)
    predicted = 0.6 * ratings + generator.normal(1, 1, 60)
    return ratings, predicted, [f"s{number % 7}" for number in range(60)]


def by_hand(x, y):
    return 2 * np.cov(x, y, bias=True)[0, 1] / (x.var() + y.var() + (x.mean() - y.mean()) ** 2)


def test_scores(made):
    ratings, predicted, speakers = made
    scores = rating_scores(ratings, predicted, speakers)
    assert scores.n == 60
    assert scores.ccc == pytest.approx(by_hand(ratings, predicted), abs=1e-12)
    assert scores.pearson == pytest.approx(pearsonr(ratings, predicted)[0], abs=1e-12)
    assert scores.mean_absolute_error == pytest.approx(np.mean(abs(ratings - predicted)))


def test_interval_is_over_speakers(made):
    ratings, predicted, speakers = made
    generator = np.random.default_rng(0)
    drawn = generator.multinomial(7, np.full(7, 1 / 7), size=RESAMPLES)
    owners = np.array([int(name[1]) for name in speakers])
    found = []
    for counts in drawn:
        rows = np.concatenate(
            [np.tile(np.flatnonzero(owners == speaker), times) for speaker, times in enumerate(counts)]
        )
        found.append(by_hand(ratings[rows.astype(int)], predicted[rows.astype(int)]))
    expected = np.percentile(found, (2.5, 97.5))
    np.testing.assert_allclose(rating_scores(ratings, predicted, speakers).ccc_ci95, expected, atol=1e-9)


def test_missing_ratings_count_for_nothing(made):
    ratings, predicted, speakers = made
    ratings[::3] = np.nan
    rated = ~np.isnan(ratings)
    scores = rating_scores(ratings, predicted, speakers)
    assert scores.n == 40 and scores.ccc == pytest.approx(by_hand(ratings[rated], predicted[rated]))
    assert rating_scores(np.full(60, np.nan), predicted, speakers) is None


def test_edges():
    same = np.full(4, 2.0)
    assert concordance(same, same) == 0
    scores = rating_scores(same, np.arange(4.0), ["a"] * 4)
    assert (scores.ccc, scores.pearson, scores.ccc_ci95) == (0, 0, None)
