"""A small run under stress."""

import dataclasses
import json
import sys

import numpy as np
import pytest
from log_lines import listening
from made_corpus import TINY, make_corpus

from emotion_tf.audio.disturbances import conditions
from emotion_tf.errors import EmotionTFError
from emotion_tf.evaluation.predictions import Predictions
from emotion_tf.robustness import evaluate_stress, retest, stress
from emotion_tf.training import train
from emotion_tf.utils import files


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    return make_corpus(tmp_path_factory.mktemp("corpus"), speakers=4)


@pytest.fixture(scope="module")
def run(corpus, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "one"
    train(corpus, TINY, "speaker-kfold:2", folder)
    return folder


@pytest.fixture(scope="module")
def stressed(run, corpus, tmp_path_factory):
    """The folder of a stress test that was stopped after its second condition, its result, and what it reported."""
    out, lines = tmp_path_factory.mktemp("stress") / "one", []

    def stop(line):
        lines.append(line)
        if len(lines) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), listening("emotion_tf.robustness.stress", stop):
        stress(run, corpus, out)
    with listening("emotion_tf.robustness.stress", lines.append):
        return out, stress(run, corpus, out), lines


def test_every_condition_is_tested_once(stressed, run):
    out, result, lines = stressed
    assert lines == [f"{name}: 16 tested" for name in conditions([])]
    assert list(result.conditions) == list(conditions([]))
    assert dataclasses.asdict(result) == files.read_json(out / "stress.json")
    before = Predictions.read(run / "predictions.csv")
    for name in conditions([]):
        found = Predictions.read(out / "predictions" / f"{name}.csv")
        assert (found.ids, found.folds.tolist()) == (before.ids, before.folds.tolist())
        assert found.labels.tolist() == before.labels.tolist() and found.speakers == before.speakers


def test_undisturbed_it_says_what_it_said(stressed, run):
    out, result, _ = stressed
    before, after = Predictions.read(run / "predictions.csv"), Predictions.read(out / "predictions" / "clean.csv")
    np.testing.assert_allclose(after.probabilities, before.probabilities, atol=1e-4)
    assert result.conditions["clean"].ua == files.read_json(run / "metrics.json")["ua"]
    assert np.ptp(before.probabilities, axis=0).max() > 0.01


def test_disturbances_reach_the_networks(stressed):
    out, _, _ = stressed
    clean = Predictions.read(out / "predictions" / "clean.csv").probabilities
    shifts = [
        np.abs(Predictions.read(out / "predictions" / f"white-noise-{snr_db}db.csv").probabilities - clean).mean()
        for snr_db in (20, 0)
    ]
    assert 1e-4 < shifts[0] < shifts[1]


def test_babble_of_a_fold_has_no_voice_of_its_test_speakers(run, corpus, tmp_path, monkeypatch):
    """With two folds the pool of one is all that is tested in the other."""
    pools, tested = [], []

    def spy(voices):
        def keep(wave, rate, generator):
            tested[-1].append(wave.tobytes())
            return wave

        if voices:
            pools.append({voice.tobytes() for voice in voices})
            tested.append([])
        return {"clean": keep}

    monkeypatch.setattr(sys.modules["emotion_tf.robustness.sound"], "conditions", spy)
    stress(run, corpus, tmp_path / "out")
    first, second = map(set, tested)
    assert len(first) == len(second) == 8 and first.isdisjoint(second)
    assert pools == [second, first]


def test_report_says_what_happened(stressed):
    out, result, _ = stressed
    page = (out / "report.html").read_text()
    assert "audio was disturbed" in page and "<td>" in page and "data:image/svg+xml" in page
    assert all(name in page for name in result.conditions)
    assert json.loads((out / "config.json").read_text())["conditions"] == list(conditions([]))


@pytest.mark.parametrize(
    ("setting", "received"),
    [("model.modality=text", "modality text"), ("speaker.embeddings=ge2e", "speaker embeddings ge2e")],
)
def test_models_whose_input_cannot_be_disturbed(setting, received, run, corpus, tmp_path):
    content = files.read_json(run / "config.json")
    content["settings"] = TINY.override(setting).as_dict()
    files.write_json(tmp_path / "run" / "config.json", content)
    with pytest.raises(EmotionTFError, match=f"cannot be put under stress; .* received .*{received}"):
        stress(tmp_path / "run", corpus, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_other_corpus_and_other_folder_are_refused(stressed, run, corpus, tmp_path):
    with pytest.raises(EmotionTFError, match="of another corpus; expected made, received other"):
        stress(run, dataclasses.replace(corpus, name="other"), tmp_path / "out")
    with pytest.raises(EmotionTFError, match="holds a run of another configuration"):
        stress(run, corpus, run)


def test_missing_modality_is_tested_as_by_itself(run, corpus, tmp_path):
    result = stress(run, corpus, tmp_path / "out", ["missing"])
    assert {name: of.kind for name, of in result.conditions.items()} == dict.fromkeys(
        ["complete", "without-audio", "without-words"], "missing"
    )
    expected = {"complete": run, "without-audio": tmp_path / "audio", "without-words": tmp_path / "words"}
    for without in ("audio", "words"):
        retest(run, corpus, tmp_path / without, without=without)
    for name, folder in expected.items():
        found = Predictions.read(tmp_path / "out" / "predictions" / f"{name}.csv")
        other = Predictions.read(folder / "predictions.csv")
        assert found.ids == other.ids
        np.testing.assert_allclose(found.probabilities, other.probabilities, atol=1e-5)


def test_kinds_share_one_report(run, corpus, tmp_path):
    result = stress(run, corpus, tmp_path / "out", ["words", "missing"])
    page = (tmp_path / "out" / "report.html").read_text()
    assert all(name in page for name in result.conditions) and page.count("<h2>") == page.count("<figure>") == 2
    assert evaluate_stress(tmp_path / "out") == result


@pytest.mark.parametrize("kinds", [[], ["sounds"]])
def test_unknown_kinds_are_refused(run, corpus, tmp_path, kinds):
    with pytest.raises(EmotionTFError, match="no such kind of conditions; expected sound, words, missing"):
        stress(run, corpus, tmp_path / "out", kinds)
    assert not (tmp_path / "out").exists()
