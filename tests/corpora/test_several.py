"""Several corpora as one: names that clash, recordings that are the same, and what is trained and tested."""

import dataclasses
import re
import shutil

import numpy as np
import pytest
from made_corpus import make_corpus

from emotion_tf import corpora
from emotion_tf.config import Config
from emotion_tf.corpora import folds
from emotion_tf.corpora.several import combine
from emotion_tf.dataset.sampling import balanced_share
from emotion_tf.errors import EmotionTFError


def table(path, rows, header="text,label,speaker"):
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def places(tmp_path):
    one = table(tmp_path / "one.csv", [f"word {label},{label},s{n}" for n in (1, 2, 3) for label in ("sad", "angry")])
    other = table(
        tmp_path / "other.csv", ["x,traurig,s1,f", "y,angry,s1,f", "z,bored,s2,m"], header="text,label,speaker,gender"
    )
    return [("one", one), ("other", other)]


def test_speakers_of_one_name_are_different_people(places):
    corpus, config = corpora.load_several(places, Config().override('labels.map={"traurig": "sad"}'))
    assert corpus.name == "one+other" and config.labels.classes == ("angry", "bored", "sad")
    assert {u.speaker for u in corpus.utterances} == {"one/s1", "one/s2", "one/s3", "other/s1", "other/s2"}
    assert [u.id for u in corpus.utterances][-1] == "other/row-3" and len(corpus.utterances) == 9
    assert corpus.utterances[-3].label == "sad" and dict(corpus.utterances[-3].groups) == {"sex": "female"}
    again, settings = corpora.choose_labels(corpus, config)
    assert again is corpus and settings is config


def test_classes_are_left_out_in_all(places):
    config = Config().override('labels.classes=["sad", "angry"]')
    corpus, config = corpora.load_several(places, config)
    assert config.labels.classes == ("sad", "angry")
    assert [u.corpus for u in corpus.utterances] == ["one"] * 6 + ["other"]


@pytest.mark.parametrize("setting", ['labels.map={"freude": "happy"}', 'labels.drop=["freude"]'])
def test_label_that_no_corpus_has(places, setting):
    with pytest.raises(EmotionTFError, match="names 'freude', which none of the corpora has"):
        corpora.load_several(places, Config().override(setting))


def test_one_name_twice(places):
    with pytest.raises(EmotionTFError, match="two corpora have one name"):
        corpora.load_several([places[0], places[0]], Config())


def test_same_recording_under_another_name(tmp_path):
    one = make_corpus(tmp_path / "one", speakers=1)
    other = make_corpus(tmp_path / "other", speakers=2)
    other = dataclasses.replace(other, name="other", utterances=other.utterances[4:])
    combine([one, other], Config())
    shutil.copyfile(one.utterances[2].file, other.utterances[1].file)
    with pytest.raises(EmotionTFError, match=r"made and other hold the same recording.*s0-neutral-0.*s1-happy-0"):
        combine([one, other], Config())


def test_parts_of_one_corpus_keep_their_speakers_together(tmp_path):
    one = make_corpus(tmp_path / "one", speakers=2)
    parts = [dataclasses.replace(one, name=f"one-{n}", utterances=one.utterances[n::2], label_sets={}) for n in (0, 1)]
    whole, _ = combine(parts, Config(), people={"one-0": "one", "one-1": "one"})
    assert {u.speaker for u in whole.utterances} == {"one/s0", "one/s1"}


def split_of(corpus, tested):
    protocol = f"cross-corpus:{tested}"
    named = tuple(dataclasses.replace(u, corpus="ab"[u.speaker > "s2"], session="") for u in corpus.utterances)
    assignment = folds.assign(named, protocol, seed=0)
    return folds.split(named, assignment, 0, protocol=protocol, dev_splits=3, seed=0)


def test_what_is_named_is_tested_and_dev_speakers_are_of_the_others(tmp_path):
    split = split_of(make_corpus(tmp_path, speakers=5), "b")
    assert {u.speaker for u in split.test} == {"s3", "s4"} and {u.corpus for u in split.test} == {"b"}
    assert {u.corpus for u in (*split.train, *split.dev)} == {"a"} and len(split.dev) == 4


def test_class_that_training_lacks(tmp_path):
    corpus = make_corpus(tmp_path, speakers=5)
    kept = tuple(u for u in corpus.utterances if u.label != "sad" or u.speaker > "s2")
    with pytest.raises(EmotionTFError, match="no sad utterance in what fold 0 of cross-corpus:b leaves to train"):
        split_of(dataclasses.replace(corpus, utterances=kept), "b")


def test_shared_speaker_of_parts_is_refused(tmp_path):
    corpus = make_corpus(tmp_path, speakers=5)
    named = tuple(dataclasses.replace(u, corpus="ab"[u.id.startswith("s4-sad")]) for u in corpus.utterances)
    assignment = folds.assign(named, "cross-corpus:b", seed=0)
    with pytest.raises(EmotionTFError, match="overlap under cross-corpus:b; expected no speaker in both, received s4"):
        folds.split(named, assignment, 0, protocol="cross-corpus:b", dev_splits=3, seed=0)


@pytest.mark.parametrize("protocol", ["cross-corpus:c", "cross-corpus:a+b", "cross-corpus"])
def test_corpora_that_are_not_there(tmp_path, protocol):
    with pytest.raises(EmotionTFError, match=re.escape("cross-corpus")):
        split_of(make_corpus(tmp_path, speakers=5), protocol.partition(":")[2])


@pytest.mark.parametrize("by_class", [False, True])
def test_corpora_are_drawn_alike(tmp_path, by_class):
    corpus = make_corpus(tmp_path, speakers=5)
    named = [dataclasses.replace(u, corpus="ab"[u.speaker > "s3"]) for u in corpus.utterances if u.id != "s0-sad-0"]
    config = Config().override(
        "training.balance_corpora=true", f"training.sampling={'balanced' if by_class else 'natural'}"
    )
    copies = balanced_share(config, named, named)._copies.numpy()
    of_b = np.array([u.corpus == "b" for u in named])
    assert copies.sum() == pytest.approx(19) and copies[of_b].sum() == pytest.approx(19 / 2)
    sad = np.array([u.label == "sad" for u in named])
    assert copies[sad & ~of_b].sum() == pytest.approx(19 / 8 if by_class else 19 / 2 * 3 / 15)
