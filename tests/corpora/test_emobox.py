"""EmoBox's fold files: made ones, and those of RAVDESS."""

import json
import re

import pytest

from emotion_tf import corpora
from emotion_tf.config import Config
from emotion_tf.corpora import folds
from emotion_tf.corpora.emobox import read_folds
from emotion_tf.corpora.utterance import Utterance
from emotion_tf.errors import EmotionTFError

UTTERANCES = [
    Utterance(f"id-{name}", f"x/{name}.flac", 0.0, None, "", label, name[0])
    for name in ("a1", "a2", "b1", "b2")
    for label in [("sad", "angry")[int(name[1]) - 1]]
]


def write(folder, **lines):
    folder.mkdir(exist_ok=True)
    for number, names in lines.items():
        rows = [{"wav": f"downloads/x/{name}.wav", "emo": emotion} for name, emotion in names]
        path = folder / f"x_test_fold_{number.removeprefix('f')}.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


A, B = [("a1", "Sad"), ("a2", "Angry")], [("b1", "Sad"), ("b2", "Angry")]


def test_folds_are_those_of_the_files(tmp_path):
    folder = write(tmp_path, f1=B, f2=[*A, ("a9", "Disgust")])
    assert read_folds(folder, UTTERANCES) == {"id-a1": 1, "id-a2": 1, "id-b1": 0, "id-b2": 0}


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (
            {},
            "holds no folds of EmoBox; expected NAME_test_fold_1.jsonl, NAME_test_fold_2.jsonl and so on",
        ),
        ({"f1": A, "f3": B}, "received x_test_fold_1.jsonl, x_test_fold_3.jsonl"),
        (
            {"f1": A, "f2": B[:1]},
            "expected a fold for each of its recordings, received none for 1",
        ),
        ({"f1": A, "f2": [*B, A[0]]}, "line 3: a1 is tested twice"),
        ({"f1": A, "f2": [*B, ("b9", "Sad")]}, "the corpus lacks recordings that"),
        ({"f1": A, "f2": B, "f3": [("c1", "Bored")]}, "fold 3 tests no utterance of the classes that are wanted"),
    ],
)
def test_files_that_do_not_fit(tmp_path, lines, message):
    with pytest.raises(EmotionTFError, match=re.escape(message)):
        read_folds(write(tmp_path, **lines), UTTERANCES)


def test_line_that_is_no_recording(tmp_path):
    folder = write(tmp_path, f1=A, f2=B)
    (folder / "x_test_fold_2.jsonl").write_text('{"emo": "Sad"}\n')
    with pytest.raises(EmotionTFError, match="fold_2.jsonl, line 1 is no recording; expected a JSON object with wav"):
        read_folds(folder, UTTERANCES)


def test_number_of_folds_is_that_of_the_protocol():
    folds.check_count({"a": 0, "b": 1}, "speaker-kfold:2")
    with pytest.raises(EmotionTFError, match="do not fit speaker-kfold:5; expected 5 folds, received 2. To fix: --pro"):
        folds.check_count({"a": 0, "b": 1}, "speaker-kfold:5")


@pytest.mark.data
@pytest.mark.parametrize(("labels", "count"), [("all", 1440), ("four", 672)])
def test_folds_of_ravdess_keep_speakers_apart(real_data, labels, count):
    corpus = corpora.load("ravdess", real_data / "ravdess")
    corpus, _ = corpora.choose_labels(corpus, Config().override(f"labels.set={labels}"))
    assignment = read_folds(real_data / "emobox" / "ravdess", corpus.utterances)
    assert len(assignment) == count and set(assignment.values()) == set(range(6))
    for fold in range(6):
        parts = folds.split(corpus.utterances, assignment, fold, protocol="speaker-kfold:6", dev_splits=8, seed=0)
        assert len({utterance.speaker for utterance in parts.test}) == 4
