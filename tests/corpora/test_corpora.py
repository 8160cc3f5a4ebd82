"""The contract that every corpus keeps."""

import dataclasses
import sys

import pytest
from corpus_trees import TREES

from emotion_tf import corpora
from emotion_tf.config import Config
from emotion_tf.corpora import demo
from emotion_tf.errors import EmotionTFError
from emotion_tf.labels import FOUR


def small_manifest(folder, monkeypatch):
    (folder / "clip.wav").touch()
    rows = [f"{label}-{speaker},clip.wav,some words,{label},{speaker}" for label in FOUR for speaker in "ab"]
    path = folder / "manifest.csv"
    path.write_text("id,audio,text,label,speaker\n" + "\n".join(rows))
    return path


def small_goemotions(folder, monkeypatch):
    rows = [f"{split}\t{label}\tSome words" for split in ("train", "dev", "test") for label in FOUR]
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
    info = corpora.info(name)
    has = {utterance.label for utterance in corpus.utterances} - {""}
    if info.labels and name != "goemotions":
        assert has == set(info.labels) and list(info.labels) == sorted(has)
    for label_set in info.label_sets.values():
        assert not info.labels or label_set.keys() & set(info.labels) >= set(label_set.values())
    assert corpus.default_labels in (*info.label_sets, "all")
    four, config = corpora.choose_labels(corpus, Config().override("labels.set=four"))
    assert {utterance.label for utterance in four.utterances} == set(FOUR)
    assert config.labels.classes == FOUR
    assert len({utterance.id for utterance in corpus.utterances}) == len(corpus.utterances)
    for utterance in corpus.utterances:
        assert len(utterance.ratings) == len(corpus.dimensions)
        assert utterance.audio is None if name == "goemotions" else utterance.audio.is_file()
        assert utterance.speaker
        assert bool(utterance.text) == (name != "savee")
        assert bool(utterance.session) == name.startswith(("goemotions", "iemocap", "meld", "msp"))
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
    info = corpora.info(name)
    message = str(error.value)
    assert message.startswith(f"{folder} is not the folder of")
    assert f"expected {info.layout}, received no" in message
    assert ("received no such folder" in message) == (not there)
    assert f"get it from {info.source} (licence: {info.licence})" in message


@pytest.mark.parametrize("name", [*TREES, "goemotions", "manifest"])
def test_only_the_demo_has_a_folder_of_its_own(name):
    with pytest.raises(EmotionTFError, match=rf"{name} needs a data_dir; expected "):
        corpora.load(name)


def test_reading_needs_no_speech_synthesiser(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "espeakng_loader", None)
    assert corpora.load("ravdess", TREES["ravdess"](tmp_path)).utterances


def test_the_paper_reads_four_emotions_of_the_corpora_that_have_them():
    for name in corpora.NAMES:
        user_decides = name in ("audformat", "manifest")
        assert corpora.info(name).default_labels == ("all" if user_decides else "four")
