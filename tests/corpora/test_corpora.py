"""The contract that every corpus keeps."""

import dataclasses
import importlib
import sys

import pytest
from corpus_trees import TREES

from emotion_tf import corpora
from emotion_tf.corpora import demo
from emotion_tf.errors import EmotionTFError
from emotion_tf.labels import EMOTIONS


def small_manifest(folder, monkeypatch):
    (folder / "clip.wav").touch()
    rows = [f"{label}-{speaker},clip.wav,some words,{label},{speaker}" for label in EMOTIONS for speaker in "ab"]
    path = folder / "manifest.csv"
    path.write_text("id,audio,text,label,speaker\n" + "\n".join(rows))
    return path


def small_goemotions(folder, monkeypatch):
    rows = [f"{split}\t{label}\tSome words" for split in ("train", "dev", "test") for label in EMOTIONS]
    path = folder / "goemotions.tsv"
    path.write_text("split\tlabel\ttext\n" + "\n".join(rows))
    return path


def small_demo(folder, monkeypatch):
    pytest.importorskip("espeakng_loader", reason="SKIPPED FOR WANT OF espeakng_loader")
    lines = [line for line in demo.plan() if line.voice == demo.VOICES[0]]
    monkeypatch.setattr(demo, "plan", lambda: lines)
    return folder


def small(name, folder, monkeypatch):
    """Where a small corpus lies that was just written into the folder."""
    if name in TREES:
        return TREES[name](folder)
    others = {"demo": small_demo, "goemotions": small_goemotions, "manifest": small_manifest}
    return others[name](folder, monkeypatch)


@pytest.mark.parametrize("name", corpora.NAMES)
@pytest.mark.filterwarnings("ignore:.*not the full release of IEMOCAP")
def test_contract(name, tmp_path, monkeypatch):
    data_dir = small(name, tmp_path, monkeypatch)
    corpus = corpora.load(name, data_dir)
    assert corpus.name == name
    assert corpus.citation and corpus.licence
    assert corpus.synthetic == (name == "demo")
    assert corpus == corpora.load(name, str(data_dir))
    assert {utterance.label for utterance in corpus.utterances} == set(EMOTIONS)
    assert len({utterance.id for utterance in corpus.utterances}) == len(corpus.utterances)
    for utterance in corpus.utterances:
        assert utterance.audio is None if name == "goemotions" else utterance.audio.is_file()
        assert utterance.speaker
        assert bool(utterance.text) == (name != "savee")
        assert bool(utterance.session) == name.startswith(("goemotions", "iemocap", "meld"))
        assert utterance.start == 0 and utterance.end is None
        with pytest.raises(dataclasses.FrozenInstanceError):
            utterance.label = "happy"


def test_unknown_corpus():
    with pytest.raises(EmotionTFError, match=r"unknown corpus; expected one of audformat, .*, received 'iemocp'"):
        corpora.load("iemocp", "anywhere")


@pytest.mark.parametrize("name", TREES)
@pytest.mark.parametrize("there", [True, False])
def test_wrong_folder(name, there, tmp_path):
    folder = tmp_path if there else tmp_path / "nowhere"
    with pytest.raises(EmotionTFError) as error:
        corpora.load(name, folder)
    reader = importlib.import_module(f"emotion_tf.corpora.{name.partition('-')[0]}")
    message = str(error.value)
    assert message.startswith(f"{folder} is not the folder of")
    assert f"expected {reader.LAYOUT}, received no" in message
    assert ("received no such folder" in message) == (not there)
    assert f"get it from {reader.SOURCE} (licence: {reader.LICENCE})" in message


@pytest.mark.parametrize("name", [*TREES, "goemotions", "manifest"])
def test_only_the_demo_has_a_folder_of_its_own(name):
    with pytest.raises(EmotionTFError, match=rf"{name} needs a data_dir; expected "):
        corpora.load(name)


def test_reading_needs_no_speech_synthesiser(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "espeakng_loader", None)
    assert corpora.load("ravdess", TREES["ravdess"](tmp_path)).utterances
