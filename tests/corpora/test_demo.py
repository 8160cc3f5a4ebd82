"""The demo corpus: its design, that it is made alike each time, whole, and once."""

import hashlib
import sys
from collections import Counter

import numpy as np
import pytest
import soundfile
from sklearn.discriminant_analysis import QuadraticDiscriminantAnalysis
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline

from emotion_tf import corpora
from emotion_tf.corpora import demo
from emotion_tf.corpora.demo_sentences import PLAIN, SENTENCES
from emotion_tf.errors import EmotionTFError
from emotion_tf.labels import FOUR


def some_lines(voices=2):
    """One line of each emotion by the first voices."""
    return [line for line in demo.plan() if line.voice in demo.VOICES[:voices] and line.id.endswith("-04")]


@pytest.fixture
def small(monkeypatch):
    """Lets the corpus be eight utterances."""
    pytest.importorskip("espeakng_loader", reason="SKIPPED FOR WANT OF espeakng_loader")
    lines = some_lines()
    monkeypatch.setattr(demo, "plan", lambda: lines)
    return lines


def digests(folder):
    """SHA-256 of every file."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_plan():
    lines = demo.plan()
    assert lines == demo.plan()
    assert len(lines) == len({line.id for line in lines}) == 512
    assert Counter((line.voice, line.label) for line in lines) == {
        (voice, label): 8 for voice in demo.VOICES for label in FOUR
    }
    assert len({line.text for line in lines}) > 300


def test_neither_words_nor_prosody_can_win_alone():
    """Simple classifiers on voices that they do not know: of the words, of the orders to the voice, and of both."""
    lines = demo.plan()
    labels = [line.label for line in lines]
    by_voice = list(GroupKFold(4).split(lines, labels, [line.voice for line in lines]))

    def probabilities(classifier, inputs):
        return cross_val_predict(classifier, inputs, labels, cv=by_voice, method="predict_proba")

    words = probabilities(make_pipeline(TfidfVectorizer(), LogisticRegression()), [line.text for line in lines])
    orders = [[line.rate, line.volume, line.pitch, line.pitch_range, line.word_gap] for line in lines]
    prosody = probabilities(QuadraticDiscriminantAnalysis(), orders)
    right = {
        name: np.mean(np.array(FOUR)[scores.argmax(axis=1)] == labels)
        for name, scores in {"words": words, "prosody": prosody, "both": words * prosody}.items()
    }
    assert 0.60 < right["words"] < 0.75
    assert 0.70 < right["prosody"] < 0.85
    assert right["both"] > 0.90


def test_sentences():
    sentences = [*PLAIN, *(sentence for told in SENTENCES.values() for sentence in told)]
    assert set(SENTENCES) == set(FOUR)
    assert len(set(sentences)) == len(sentences)
    assert all(sentence.count("{topic}") == 1 and sentence.endswith(".") for sentence in sentences)


def test_byte_identical_on_every_run(small, tmp_path):
    demo.make(tmp_path / "one", small)
    # Other speech in between: what is said before must not be heard after.
    demo.make(tmp_path / "other", [line for line in small if line.label == "sad"])
    demo.make(tmp_path / "two", small)
    assert len(digests(tmp_path / "one")) == len(small) + 2
    assert digests(tmp_path / "one") == digests(tmp_path / "two")


def test_audio(small, tmp_path):
    corpus = corpora.load("demo", tmp_path)
    assert corpus.synthetic and "synthetic" in corpus.citation
    assert [(u.id, u.text, u.label, u.speaker) for u in corpus.utterances] == [
        (line.id, line.text, line.label, line.voice) for line in small
    ]
    seconds = {}
    for utterance in corpus.utterances:
        info = soundfile.info(utterance.audio)
        assert (info.samplerate, info.channels, info.format, info.subtype) == (22_050, 1, "WAV", "PCM_16")
        assert 0.5 < info.duration < 6
        samples, _ = soundfile.read(utterance.audio, dtype="int16")
        assert 1_000 < np.abs(samples.astype(int)).max() < 32_767
        seconds.setdefault(utterance.label, []).append(info.duration / len(utterance.text))
    assert np.mean(seconds["angry"]) < np.mean(seconds["sad"])


def test_made_once(small, tmp_path, capsys):
    folder = tmp_path / "demo"
    corpora.load("demo", folder)
    assert "demo corpus: 8 of 8 utterances spoken" in capsys.readouterr().err
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    corpora.load("demo", folder)
    assert capsys.readouterr().err == ""
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before
    assert [path.name for path in tmp_path.iterdir()] == ["demo"]


def test_older_or_broken_corpus_is_made_anew(small, tmp_path, monkeypatch):
    corpora.load("demo", tmp_path)
    (tmp_path / small[0].path).unlink()
    assert len(corpora.load("demo", tmp_path).utterances) == 8
    monkeypatch.setattr(demo, "plan", lambda: small[:5])
    assert len(corpora.load("demo", tmp_path).utterances) == 5
    assert len(list(tmp_path.glob("*/*.wav"))) == 5


def test_killed_generation_leaves_nothing(small, tmp_path, monkeypatch):
    def killed(lines, folder):
        (folder / lines[0].path).touch()
        raise KeyboardInterrupt

    monkeypatch.setattr(demo, "_speak", killed)
    with pytest.raises(KeyboardInterrupt):
        corpora.load("demo", tmp_path / "demo")
    assert list(tmp_path.iterdir()) == []


def test_folder_of_something_else_is_left_alone(small, tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(
        EmotionTFError, match=r"holds something else than the demo corpus; expected a folder that does not"
    ):
        corpora.load("demo", tmp_path)
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


def test_missing_package(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "espeakng_loader", None)
    with pytest.raises(EmotionTFError, match=r"not installed\. To fix: pip install 'emotion-tf\[demo\]'"):
        corpora.load("demo", tmp_path / "demo")
    assert list(tmp_path.iterdir()) == []


def test_unknown_voice(small, tmp_path):
    line = demo.Line(**{**vars(small[0]), "voice": "tlh"})
    with pytest.raises(
        EmotionTFError, match=r"did not speak .* received RuntimeError: eSpeak NG has no voice tlh\. To fix"
    ):
        demo.make(tmp_path / "demo", [line])
    assert list(tmp_path.iterdir()) == []
