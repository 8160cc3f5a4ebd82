"""The search, with a training that stands in; its trials never see a test speaker."""

import csv
import importlib
import json
import re

import pytest
from made_corpus import make_corpus

from emotion_tf.cli import main
from emotion_tf.config import Config
from emotion_tf.corpora import choose_labels, folds
from emotion_tf.errors import EmotionTFError
from emotion_tf.evaluation import RunResult
from emotion_tf.tuning import read_space, tune

pytest.importorskip("optuna")
search = importlib.import_module("emotion_tf.tuning.search")

SPACE = ["model.dropout=0.1..0.6", "training.epochs=2..40", "model.filters=[8, 64]"]
START = Config().override("model.dropout=0.2", "training.epochs=30", "model.filters=8")


def result(ua):
    return RunResult("", [], 0, 0, None, ua, None, 0, 0, {}, [], [], None, None)


@pytest.fixture
def calls(monkeypatch):
    """What would have been trained; a dropout of 0.5 and 64 filters are best."""
    found = []

    def train(corpus, config, protocol, workdir, records):
        corpus, config = choose_labels(corpus, config)
        found.append((workdir.parent.name, protocol, {u.speaker for u in corpus.utterances}, config))
        if "stop" in found:
            raise KeyboardInterrupt
        return result(1 - abs(config.model.dropout - 0.5) - 0.1 * (config.model.filters == 8))

    monkeypatch.setattr(search, "train", train)
    return found


@pytest.fixture
def corpus(tmp_path):
    return make_corpus(tmp_path / "corpus", speakers=6)


def run(corpus, folder, trials, **others):
    space = read_space(SPACE, START)
    return tune([corpus], START, space, {"made": "speaker-kfold:3"}, folder, trials, inner=2, **others)


def test_best_is_found_without_the_test_speakers(tmp_path, corpus, calls):
    best = run(corpus, tmp_path / "out", 12)
    assert len(calls) == 12 and {protocol for _, protocol, _, _ in calls} == {"speaker-kfold:2"}
    first = calls[0][3]
    assert (first.model.dropout, first.training.epochs, first.model.filters) == (0.2, 30, 8)
    assignment = folds.assign(corpus.utterances, "speaker-kfold:3", 0)
    tested = {u.speaker for u in corpus.utterances if assignment[u.id] == 0}
    assert all(not speakers & tested and len(speakers) == 4 for _, _, speakers, _ in calls)
    held_out = json.loads((tmp_path / "out" / "held_out.json").read_text())["held_out"]["made"]
    assert held_out == [u.id for u in corpus.utterances if u.speaker in tested]
    rows = list(csv.DictReader((tmp_path / "out" / "trials.csv").open()))
    assert len(rows) == 12 and float(rows[0]["score"]) == max(float(row["score"]) for row in rows)
    assert rows[0]["score"] == rows[0]["ua made"] and best.model.filters == int(rows[0]["model.filters"])
    assert float(rows[0]["model.dropout"]) == best.model.dropout and type(best.training.epochs) is int


def test_stopped_search_goes_on(tmp_path, corpus, calls):
    run(corpus, tmp_path / "out", 2)
    calls.append("stop")
    with pytest.raises(KeyboardInterrupt):
        run(corpus, tmp_path / "out", 5)
    stopped = calls[-1][3].model
    calls.remove("stop")
    before = len(calls)
    run(corpus, tmp_path / "out", 5)
    assert len(calls) - before == 3 and calls[before][3].model == stopped
    run(corpus, tmp_path / "out", 5)
    assert len(calls) - before == 3


def test_another_search_has_a_folder_of_its_own(tmp_path, corpus, calls):
    run(corpus, tmp_path / "out", 1)
    with pytest.raises(EmotionTFError, match="holds another search"):
        tune([corpus], START, read_space(SPACE[:1], START), {"made": "speaker-kfold:3"}, tmp_path / "out", 1, inner=2)


def test_best_is_read_by_config(tmp_path, calls, capsys):
    rows = [f"w {label},{label},s{n}" for n in range(6) for label in ("sad", "angry")]
    for name in ("x", "y"):
        (tmp_path / f"{name}.csv").write_text("\n".join(["text,label,speaker", *rows]) + "\n")
    places = [f"{name}={tmp_path / name}.csv" for name in ("x", "y")]
    flags = ["--protocol", "speaker-kfold:3", "--modality", "text", "--workdir", str(tmp_path / "out")]
    asked = ["--search", "model.dropout=0.1..0.6", "model.filters=[8, 64]", "--trials", "2"]
    assert main(["tune", "--corpus", *places, *flags, *asked]) == 0
    out = capsys.readouterr().out
    assert "# The best of 2 trials by the UA on dev speakers of x, y" in out and "[model]" in out
    assert len(calls) == 4 and calls[0][0] == "trial-0"
    from emotion_tf.cli.parser import parse

    parsed = parse(["train", "--config", str(tmp_path / "out" / "best.toml"), "--corpus", "demo",
                    "--protocol", "random:2", "--workdir", "w"])  # fmt: skip
    assert any(text.startswith("model.dropout=") for text in parsed.file_settings)


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["model.dropout"], "a search needs values; expected SETTING=LOW..HIGH"),
        (["model.drop=0..1"], "no setting model.drop"),
        (["model.dropout=0.6..0.2"], "the range of model.dropout is empty"),
        (["training.weight_decay=0..1:log"], "above 0 with :log"),
        (["model.dropout=0.2..1.5"], "setting model.dropout is out of range"),
        (["model.filters=[8]"], "the values of model.filters are none to choose from"),
        (["model.filters=8"], "are none to choose from"),
        (['model.filters=[8, "a"]'], "setting model.filters does not fit"),
        (["model.dropout=0.1..0.2", "model.dropout=0.1..0.2"], "is searched twice"),
    ],
)
def test_spaces_that_are_none(texts, message):
    with pytest.raises(EmotionTFError, match=re.escape(message)):
        read_space(texts, Config())


def test_kinds_of_numbers():
    whole, real, log = read_space(
        ["training.epochs=2..9", "model.dropout=0..0.5", "training.patience=1..8:log"], Config()
    )
    assert (whole.whole, real.whole, log.whole, log.logarithmic) == (True, False, True, True)
