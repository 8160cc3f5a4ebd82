"""The matrix of corpora, with a training that stands in."""

import dataclasses
import importlib
import json
from pathlib import Path

import numpy as np
import pytest
from made_corpus import make_corpus

from emotion_tf.cli import main
from emotion_tf.config import Config
from emotion_tf.corpora import choose_labels, folds
from emotion_tf.errors import EmotionTFError
from emotion_tf.evaluation.predictions import Predictions
from emotion_tf.training.predict import predictions_of

module = importlib.import_module("emotion_tf.comparison.cross")


@pytest.fixture
def calls(monkeypatch):
    """What would have been trained. Each stand-in is right of its own corpus, and of others but for the sad ones."""
    found = []

    def train(corpus, config, protocol, workdir, records_dir, skip_bad):
        corpus, config = choose_labels(corpus, config)
        found.append((corpus.name, protocol, config.labels.classes))
        assignment = folds.assign(corpus.utterances, protocol, 0)
        tested = [u for u in corpus.utterances if assignment[u.id] != folds.NEVER_TESTED]
        right = [corpus.name == u.corpus or u.label != "sad" for u in tested]
        classes = config.labels.classes
        guesses = [classes.index(u.label if good else "angry") for u, good in zip(tested, right, strict=True)]
        predictions_of(tested, 0, np.eye(len(classes))[guesses], classes).write(workdir / "predictions.csv")

    monkeypatch.setattr(module, "train", train)
    return found


def named(folder, name, emotions=("angry", "happy", "neutral", "sad")):
    corpus = make_corpus(folder / name, speakers=4, emotions=emotions)
    # Recordings of two corpora differ.
    for number, utterance in enumerate(corpus.utterances):
        file = Path(utterance.file)
        file.write_bytes(file.read_bytes() + f"{name}{number}".encode())
    utterances = tuple(dataclasses.replace(u, corpus=name) for u in corpus.utterances)
    return dataclasses.replace(corpus, name=name, utterances=utterances)


def test_matrix(tmp_path, calls):
    corpora = [named(tmp_path, "a"), named(tmp_path, "b"), named(tmp_path, "c", ("angry", "neutral", "sad"))]
    cells = module.cross(corpora, Config(), "speaker-kfold:2", tmp_path / "out")
    classes = ("angry", "neutral", "sad")
    assert calls[:2] == [("a", "speaker-kfold:2", classes), ("a+b+c", "cross-corpus:b+c", classes)]
    assert [name for name, *_ in calls] == ["a", "a+b+c", "b", "b+a+c", "c", "c+a+b"]
    for cell in cells:
        assert cell.n == 12 and cell.ua == pytest.approx(1 if cell.train == cell.test else 2 / 3)
        assert cell.ua_ci95 == pytest.approx([cell.ua, cell.ua])
    assert [(cell.train, cell.test) for cell in cells[:4]] == [("a", "a"), ("a", "b"), ("a", "c"), ("b", "a")]
    assert len(json.loads((tmp_path / "out" / "cross.json").read_text())["cells"]) == 9
    lines = (tmp_path / "out" / "cross.md").read_text().splitlines()
    assert "| a | 100.0 [100.0, 100.0] | 66.7 [66.7, 66.7] | 66.7 [66.7, 66.7] |" in lines
    assert set(Predictions.read(tmp_path / "out" / "a-across" / "predictions.csv").groups["corpus"]) == {"b", "c"}


def test_nothing_to_cross(tmp_path, calls):
    one = named(tmp_path, "a")
    with pytest.raises(EmotionTFError, match="there is nothing to cross"):
        module.cross([one], Config(), "speaker-kfold:2", tmp_path / "out")
    with pytest.raises(EmotionTFError, match="share less than two classes.* received a: .*; b: sad"):
        module.cross([one, named(tmp_path, "b", ("sad",))], Config(), "speaker-kfold:2", tmp_path / "out")


def test_command(tmp_path, calls, capsys):
    rows = [f"w {label},{label},s{n}" for n in range(4) for label in ("sad", "angry")]
    for name in ("x", "y"):
        (tmp_path / f"{name}.csv").write_text("\n".join(["text,label,speaker", *rows]) + "\n")
    flags = ["--protocol", "speaker-kfold:2", "--modality", "text", "--workdir", str(tmp_path / "out")]
    places = [f"{name}={tmp_path / name}.csv" for name in ("x", "y")]
    assert main(["cross", "--corpus", *places, *flags]) == 0
    assert "| trained on | x | y |" in capsys.readouterr().out
    assert main(["cross", "--corpus", *places, *flags, "--data-dir", "z"]) == 1
    assert "the folder of the corpus is named twice" in capsys.readouterr().err
