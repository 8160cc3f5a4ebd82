"""Learning curves, with a training that stands in, and what is kept of a training part."""

import importlib
import json

import pytest
from made_corpus import make_corpus

from emotion_tf.cli import main
from emotion_tf.config import Config
from emotion_tf.corpora import folds
from emotion_tf.errors import EmotionTFError
from emotion_tf.evaluation import RunResult

module = importlib.import_module("emotion_tf.tuning.learning_curve")


@pytest.fixture
def split(tmp_path):
    corpus = make_corpus(tmp_path / "corpus", speakers=6, takes=2)
    assignment = folds.assign(corpus.utterances, "speaker-kfold:3", 0)
    return folds.split(corpus.utterances, assignment, 0, protocol="speaker-kfold:3", dev_splits=4, seed=0)


def test_smaller_parts_lie_in_larger_ones(split):
    assert folds.limited(split, None, None, 0) is split
    before: set = set()
    for count in (1, 2, 3):
        part = folds.limited(split, count, None, 0)
        speakers = {u.speaker for u in part.train}
        assert len(speakers) == count and before <= speakers and (part.dev, part.test) == (split.dev, split.test)
        assert [u for u in split.train if u.speaker in speakers] == list(part.train)
        before = speakers
    ids: set = set()
    for count in (4, 8, 11):
        part = folds.limited(split, None, count, 0)
        assert len(part.train) == count and ids <= {u.id for u in part.train}
        labels = [u.label for u in part.train]
        assert max(map(labels.count, set(labels))) - min(map(labels.count, set(labels))) <= 1
        ids = {u.id for u in part.train}
    assert len(folds.limited(split, 1, 6, 0).train) == 6


def test_class_that_is_lost(split):
    with pytest.raises(EmotionTFError, match="no .* utterance in the 3 speakers and 3 clips that are trained on"):
        folds.limited(split, None, 3, 0)


def test_curve_is_written_and_drawn(tmp_path, monkeypatch, capsys):
    found = []

    def train(corpus, config, protocol, workdir, records):
        training = config.training
        found.append((workdir.name, training.max_speakers, training.max_clips))
        return RunResult("", [], 9, 0.5, [0.4, 0.6], 0.1 * len(found), [0.0, 0.9], 0, 0, {}, [], [], None, None)

    monkeypatch.setattr(module, "train", train)
    rows = [f"w {label},{label},s{n}" for n in range(4) for label in ("sad", "angry")]
    (tmp_path / "x.csv").write_text("\n".join(["text,label,speaker", *rows]) + "\n")
    flags = ["curve", "--corpus", "manifest", "--data-dir", str(tmp_path / "x.csv"), "--modality", "text",
             "--protocol", "speaker-kfold:2", "--workdir", str(tmp_path / "out")]  # fmt: skip
    assert main([*flags, "--speakers", "2", "1", "--clips", "4"]) == 0
    assert found == [("speakers-1", 1, None), ("speakers-2", 2, None), ("clips-4", None, 4)]
    assert "| 2 speakers | 0.200 | 0.000 to 0.900 | 0.500 |" in capsys.readouterr().out
    content = json.loads((tmp_path / "out" / "learning_curve.json").read_text())
    assert [point["count"] for point in content["points"]] == [1, 2, 4]
    assert (tmp_path / "out" / "learning_curve.png").read_bytes().startswith(b"\x89PNG")
    assert main(flags) == 1 and "there is no point of a curve" in capsys.readouterr().err
    assert main([*flags, "--clips", "0"]) == 1 and "training.max_clips is out of range" in capsys.readouterr().err
    assert Config().training.max_clips is None
