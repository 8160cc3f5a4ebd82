"""The contract that every corpus keeps."""

import dataclasses
import sys

import pytest

from emotion_tf import corpora
from emotion_tf.corpora import demo
from emotion_tf.errors import EmotionTFError
from emotion_tf.labels import EMOTIONS


def small_ravdess(folder, monkeypatch):
    for actor in ("01", "02"):
        for emotion in ("01", "03", "04", "05"):
            path = folder / f"Actor_{actor}" / f"03-01-{emotion}-01-01-01-{actor}.wav"
            path.parent.mkdir(exist_ok=True)
            path.touch()
    return folder


def small_manifest(folder, monkeypatch):
    (folder / "clip.wav").touch()
    rows = [f"{label}-{speaker},clip.wav,some words,{label},{speaker}" for label in EMOTIONS for speaker in "ab"]
    path = folder / "manifest.csv"
    path.write_text("id,audio,text,label,speaker\n" + "\n".join(rows))
    return path


def small_demo(folder, monkeypatch):
    pytest.importorskip("espeakng_loader", reason="SKIPPED FOR WANT OF espeakng_loader")
    lines = [line for line in demo.plan() if line.voice == demo.VOICES[0]]
    monkeypatch.setattr(demo, "plan", lambda: lines)
    return folder


SMALL = {"demo": small_demo, "manifest": small_manifest, "ravdess": small_ravdess}


@pytest.mark.parametrize("name", corpora.NAMES)
def test_contract(name, tmp_path, monkeypatch):
    data_dir = SMALL[name](tmp_path, monkeypatch)
    corpus = corpora.load(name, data_dir)
    assert corpus.name == name
    assert corpus.citation and corpus.licence
    assert corpus.synthetic == (name == "demo")
    assert corpus == corpora.load(name, str(data_dir))
    assert {utterance.label for utterance in corpus.utterances} == set(EMOTIONS)
    assert len({utterance.id for utterance in corpus.utterances}) == len(corpus.utterances)
    for utterance in corpus.utterances:
        assert utterance.audio.is_file()
        assert utterance.speaker and utterance.text
        assert utterance.start == 0 and utterance.end is None
        with pytest.raises(dataclasses.FrozenInstanceError):
            utterance.label = "happy"


def test_unknown_corpus():
    with pytest.raises(EmotionTFError, match=r"unknown corpus; expected one of demo, .*, received 'iemocp'"):
        corpora.load("iemocp", "anywhere")


@pytest.mark.parametrize("name", ["manifest", "ravdess"])
def test_only_the_demo_has_a_folder_of_its_own(name):
    with pytest.raises(EmotionTFError, match=rf"{name} needs a data_dir; expected a"):
        corpora.load(name)


def test_reading_needs_no_speech_synthesiser(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "espeakng_loader", None)
    assert corpora.load("ravdess", small_ravdess(tmp_path, monkeypatch)).utterances
