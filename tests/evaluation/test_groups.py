"""Groups: figures by hand, p-values against all exchanges, and the lines of the report."""

import dataclasses
import re
from itertools import combinations

import numpy as np
import pytest

from emotion_tf.evaluation import evaluate
from emotion_tf.evaluation.groups import compare_groups, group_results, lines
from emotion_tf.evaluation.predictions import Predictions
from emotion_tf.evaluation.result import RunResult
from emotion_tf.evaluation.statistics import holm
from emotion_tf.utils.files import write_json


def speakers_of(women: int, men: int, right_of_women: float, right_of_men: float, each: int = 40) -> Predictions:
    """Speakers whose neutral utterances are taken for sad where they are wrong."""
    rng = np.random.default_rng(0)
    count = (women + men) * each
    speakers = np.repeat([f"w{n}" for n in range(women)] + [f"m{n}" for n in range(men)], each)
    labels = np.resize([2, 3], count)
    share = np.where(np.char.startswith(speakers, "w"), right_of_women, right_of_men)
    predicted = np.where(rng.random(count) < share, labels, 3)
    probabilities = np.full((count, 4), 0.1) + 0.6 * np.eye(4)[predicted]
    sexes = ["female" if name.startswith("w") else "male" for name in speakers]
    ids = [str(number) for number in range(count)]
    return Predictions(ids, np.zeros(count), list(speakers), labels, probabilities, groups={"sex": sexes})


def test_by_hand(make):
    eight = make("aahhnnns", "ahhhnnss", "XXXYYYZZ", "00011111")
    found = compare_groups(eight, ["one"] * 3 + ["other"] * 5)
    one, other = found.scores["one"], found.scores["other"]
    assert (one.n, one.speakers, one.ua_ci95) == (3, 1, None)
    assert one.ua == pytest.approx((1 / 2 + 1) / 2) and one.wa == pytest.approx(2 / 3)
    assert other.ua == pytest.approx((1 + 2 / 3 + 1) / 3)
    assert one.predicted["happy"] == pytest.approx(2 / 3) and one.true["happy"] == pytest.approx(1 / 3)
    gaps = {gap.measure: gap for gap in found.gaps}
    assert gaps["ua"].difference == pytest.approx(one.ua - other.ua) and gaps["ua"].p is None
    assert gaps["excess of happy"].difference == pytest.approx(1 / 3 - 0)
    # Confidence is 0.7 throughout.
    assert gaps["overconfidence"].difference == pytest.approx((0.7 - 2 / 3) - (0.7 - 4 / 5))


def test_p_is_that_of_all_exchanges():
    predictions = speakers_of(4, 4, 0.9, 0.7)
    gap = next(gap for gap in group_results(predictions)["sex"].gaps if gap.measure == "ua")
    right = {}
    for name in set(predictions.speakers):
        rows = np.asarray(predictions.speakers) == name
        right[name] = [
            (predictions.predicted[rows & (predictions.labels == label)] == label).mean() for label in (2, 3)
        ]
    names = sorted(right)

    def difference(group):
        others = [name for name in names if name not in group]
        return np.mean([right[name] for name in group]) - np.mean([right[name] for name in others])

    every = [difference(group) for group in combinations(names, 4)]
    observed = difference([name for name in names if name.startswith("w")])
    assert gap.difference == pytest.approx(observed)
    assert gap.p == pytest.approx(np.mean(np.abs(every) >= abs(observed) - 1e-12), abs=0.02)
    assert gap.ci95[0] < observed < gap.ci95[1]


def test_gap_beyond_chance_has_a_line_and_none_has_not():
    unlike = group_results(speakers_of(10, 10, 0.95, 0.5))["sex"]
    assert any(re.match(r"sex: UA differs between female and male by \+0\.", line) for line in lines("sex", unlike))
    alike = group_results(speakers_of(10, 10, 0.8, 0.8))["sex"]
    assert lines("sex", alike) == []


def test_groups_of_one_value_and_utterances_of_none():
    predictions = speakers_of(3, 3, 0.8, 0.8)
    pairs = zip(predictions.speakers, predictions.groups["sex"], strict=True)
    values = ["" if name == "w0" else sex for name, sex in pairs]
    predictions = dataclasses.replace(predictions, groups={"sex": values, "corpus": ["x"] * len(values)})
    found = group_results(predictions)
    assert list(found) == ["sex"] and found["sex"].scores["female"].speakers == 2


def test_report_and_metrics_hold_the_groups(tmp_path):
    predictions = speakers_of(6, 6, 0.95, 0.5)
    predictions.write(tmp_path / "predictions.csv")
    again = Predictions.read(tmp_path / "predictions.csv")
    assert again.groups == predictions.groups
    run = {"protocol": "speaker-kfold:2", "corpus": "made", "notes": [], "settings": {}}
    write_json(tmp_path / "config.json", run)
    result = evaluate(tmp_path)
    assert RunResult.load(tmp_path / "metrics.json") == result and set(result.groups["sex"].scores) == {
        "female",
        "male",
    }
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "Groups by sex" in page and "which is beyond chance" in page


def test_corpus_has_a_column_of_its_own_and_a_class_may_have_its_name(make, tmp_path):
    given = make("ah", "aa", "XX", "01")
    named = Predictions(
        given.ids, given.folds, given.speakers, given.labels, given.probabilities,
        ("angry", "happy", "neutral", "corpus"), groups={"sex": ["f", ""], "corpus": ["x", "y"]},
    )  # fmt: skip
    named.write(tmp_path / "p.csv")
    header = (tmp_path / "p.csv").read_text().splitlines()[0]
    assert header.endswith("neutral,corpus,corpus,group:sex")
    again = Predictions.read(tmp_path / "p.csv")
    assert again.groups == named.groups and again.classes == named.classes
    both = Predictions.concatenate([again, dataclasses.replace(given, ids=["c", "d"], classes=named.classes)])
    assert both.groups == {"corpus": ["x", "y", "", ""], "sex": ["f", "", "", ""]}


def test_holm_against_the_definition():
    rng = np.random.default_rng(0)
    p = rng.random(7).tolist()
    order = sorted(range(7), key=lambda place: p[place])
    expected, least = {}, 0.0
    for rank, place in enumerate(order):
        least = max(least, min(1.0, (7 - rank) * p[place]))
        expected[place] = least
    assert holm(p) == pytest.approx([expected[place] for place in range(7)])
    assert holm([]) == []
