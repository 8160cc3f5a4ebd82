"""Several seeds: intervals by hand, tests that stay what they are for one seed, references and equivalence."""

import dataclasses
import json
import re

import numpy as np
import pytest

from emotion_tf.cli import main
from emotion_tf.config import Config
from emotion_tf.errors import EmotionTFError
from emotion_tf.evaluation import against, collate, evaluate
from emotion_tf.evaluation.metrics import RESAMPLES, metrics, unweighted_accuracy
from emotion_tf.evaluation.predictions import Predictions
from emotion_tf.evaluation.run import runs_of
from emotion_tf.evaluation.seeds import pooled_intervals
from emotion_tf.evaluation.significance import paired_test, paired_test_of_seeds


def system(right: float, seed: int, speakers: int = 12, each: int = 20) -> Predictions:
    """Utterances of which a share is right; the labels are the same for all seeds."""
    rng = np.random.default_rng(seed)
    labels = np.resize(range(4), speakers * each)
    wrong = rng.random(len(labels)) > right
    predicted = np.where(wrong, (labels + 1) % 4, labels)
    owners = np.repeat([f"s{number}" for number in range(speakers)], each).tolist()
    ids = [str(number) for number in range(len(labels))]
    return Predictions(ids, np.zeros(len(ids)), owners, labels, np.eye(4)[predicted])


def test_one_seed_has_the_intervals_of_a_run(many):
    wa, ua = pooled_intervals([many])
    found = metrics(many, "")
    assert list(wa) == pytest.approx(found.wa_ci95) and list(ua) == pytest.approx(found.ua_ci95)
    assert pooled_intervals([system(0.5, 0, speakers=1)]) is None


def test_seeds_that_differ_widen_the_interval():
    alike = [system(0.7, seed) for seed in range(3)]
    unlike = [system(share, 9) for share in (0.4, 0.7, 1.0)]
    narrow, wide = (pooled_intervals(seeds)[1] for seeds in (alike, unlike))
    assert wide[1] - wide[0] > 3 * (narrow[1] - narrow[0])
    # Of three seeds each is drawn alone in one of 27 resamples, which is more than the 2.5 % that are cut off.
    assert wide[0] < 0.47 and wide[1] > 0.97


def test_test_of_one_seed_is_the_paired_test(many):
    other = dataclasses.replace(many, probabilities=np.roll(many.probabilities, 1, axis=0))
    assert paired_test_of_seeds([many], [other]) == paired_test(many, other)


def test_mean_over_seeds_counts():
    a, b = [system(0.8, seed) for seed in (1, 2)], [system(0.6, seed) for seed in (3, 4, 5)]
    found = paired_test_of_seeds(a, b, margin=0.05)
    mean = [np.mean([unweighted_accuracy(one.labels, one.predicted) for one in seeds]) for seeds in (a, b)]
    assert (found.ua.a, found.ua.b) == pytest.approx(tuple(mean)) and found.seeds == [2, 3]
    assert found.ua.ci95[0] < found.ua.difference < found.ua.ci95[1]
    assert found.ua.p < 0.01 and found.ua.p_alike > 0.9


def test_systems_are_alike_within_a_wide_margin_alone():
    a, b = [system(0.7, seed) for seed in (1, 2, 3)], [system(0.7, seed) for seed in (4, 5, 6)]
    assert paired_test_of_seeds(a, b, margin=0.2).ua.p_alike == pytest.approx(1 / (RESAMPLES + 1))
    assert paired_test_of_seeds(a, b, margin=0.001).ua.p_alike > 0.05


@pytest.fixture
def runs(tmp_path):
    """Two seeds of a good and of a middling system in folders of their own, and one run of a third."""
    for name, share, seeds in (("good", 0.9, (0, 10)), ("middling", 0.6, (0, 1)), ("third", 0.6, (None,))):
        for seed in seeds:
            folder = tmp_path / name if seed is None else tmp_path / name / f"seed-{seed}"
            folder.mkdir(parents=True)
            settings = Config().override(f"training.seed={seed or 0}", f"model.filters={8 + len(name)}").as_dict()
            config = {
                "corpus": "made", "transcripts": "reference", "protocol": "speaker-kfold:2", "notes": [],
                "settings": settings, "data_digest": "1", "folds_digest": "2",
            }  # fmt: skip
            (folder / "config.json").write_text(json.dumps(config))
            system(share, 100 * len(name) + (seed or 0)).write(folder / "predictions.csv")
            evaluate(folder)
    return tmp_path


def test_folder_of_seeds_is_one_row_with_a_pooled_interval(runs):
    assert [folder.name for folder in runs_of(runs / "good")] == ["seed-0", "seed-10"]
    rows = collate([runs / "good", runs / "middling", runs / "third"])
    assert [row.results["reference"].runs for row in rows] == [("seed-0", "seed-10"), ("seed-0", "seed-1"), ("third",)]
    expected = pooled_intervals([Predictions.read(f / "predictions.csv") for f in runs_of(runs / "good")])
    assert rows[0].results["reference"].ua.ci95 == expected[1]


def test_rows_against_a_reference(runs):
    rows = against(collate([runs / "good", runs / "middling", runs / "third"]), runs / "middling", margin=0.2)
    good, middling, third = (row.details for row in rows)
    assert set(middling.values()) == {"reference"}
    assert re.fullmatch(r"\+\d\d\.\d \[\+.*\]", good["UA less reference"])
    test = paired_test_of_seeds(*([Predictions.read(f / "predictions.csv") for f in runs_of(runs / name)]
                                  for name in ("good", "middling")))  # fmt: skip
    assert good["p (Holm)"] == f"{2 * test.ua.p:.4f}" and float(third["p (Holm)"]) > 0.05
    assert good["alike within 20 points"].startswith("not shown") and third["alike within 20 points"].startswith("yes")
    with pytest.raises(EmotionTFError, match="is in no row"):
        against(rows[:1], runs / "third")


def test_commands(runs, capsys):
    folders = [str(runs / name) for name in ("good", "middling", "third")]
    assert main(["table", *folders, "--reference", folders[1], "--equivalence", "10"]) == 0
    out = capsys.readouterr().out
    assert "alike within 10 points" in out and out.count("reference |") >= 3
    assert main(["table", "--compare", *folders[:2], "--equivalence", "5"]) == 0
    assert "p of being alike within 5 points" in capsys.readouterr().out
    for flags, line in (
        (["--equivalence", "5"], "--equivalence compares with a reference"),
        (["--reference", folders[0], "--equivalence", "0"], "--equivalence is out of range"),
    ):
        assert main(["table", *folders, *flags]) == 1
        assert line in capsys.readouterr().err
