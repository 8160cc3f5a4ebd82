"""Choosing classes among labels: each setting by hand, and what is said of each mistake."""

import dataclasses
import logging
import math

import pytest

from emotion_tf.config import Config
from emotion_tf.corpora import Corpus, Utterance, choose_labels
from emotion_tf.corpora.label_choice import class_names
from emotion_tf.errors import EmotionTFError
from emotion_tf.labels import FOUR_SET


def corpus(*labels, **changes):
    """Two utterances of each label."""
    utterances = tuple(
        Utterance(f"{label}-{take}", None, 0.0, None, "x", label, "s") for label in labels for take in "ab"
    )
    return Corpus("made", "", "", False, utterances, **changes)


def chosen(corpus, *settings):
    found, config = choose_labels(corpus, Config().override(*settings))
    return list(dict.fromkeys(u.label for u in found.utterances)), config.labels.classes


EIGHT = ("neutral", "calm", "happy", "sad", "angry", "fearful", "disgust", "excited")


@pytest.mark.parametrize(
    ("settings", "labels", "classes"),
    [
        ((), EIGHT, tuple(sorted(EIGHT))),
        (("labels.set=four",), ("neutral", "happy", "sad", "angry"), ("angry", "happy", "neutral", "sad")),
        (('labels.classes=["sad", "angry"]',), ("sad", "angry"), ("sad", "angry")),
        (('labels.drop=["calm", "disgust", "excited"]',), ("neutral", "happy", "sad", "angry", "fearful"),
         ("angry", "fearful", "happy", "neutral", "sad")),
        (('labels.map={"Calm": "ruhig", "exc": "happy"}', 'labels.classes=["happy", "ruhig"]'),
         ("ruhig", "happy"), ("happy", "ruhig")),
        (('labels.map={"fearful": "sad"}', "labels.set=four"), ("neutral", "happy", "sad", "angry"),
         ("angry", "happy", "neutral", "sad")),
    ],
)  # fmt: skip
def test_settings(settings, labels, classes):
    assert chosen(corpus(*EIGHT), *settings) == (list(labels), classes)


def test_any_script():
    labels, classes = chosen(corpus("生气", "Фрейд", "Freude"), 'labels.map={"Freude": "快乐"}')
    assert (set(labels), classes) == ({"生气", "Фрейд", "快乐"}, ("Фрейд", "快乐", "生气"))


def test_default_set_of_the_corpus():
    made = corpus(*EIGHT, label_sets={"four": FOUR_SET, "two": {"calm": "calm", "sad": "sad"}}, default_labels="two")
    assert chosen(made)[1] == ("calm", "sad")
    assert chosen(made, "labels.set=all")[1] == tuple(sorted(EIGHT))
    # Who names classes is not bound to the default.
    assert chosen(made, 'labels.classes=["fearful", "angry"]')[1] == ("fearful", "angry")


def test_what_is_left_out_is_counted_and_said(caplog):
    with caplog.at_level(logging.INFO):
        chosen(corpus(*EIGHT), "labels.set=four")
    assert caplog.messages == [
        "labels: 10 of 16 utterances in 4 classes (2 angry, 4 happy, 2 neutral, 2 sad); "
        "left out: 2 calm, 2 disgust, 2 fearful"
    ]


def test_spellings_of_one_label(caplog):
    made = corpus("Sad", "sad ", "sad", "happy")
    more = Corpus("made", "", "", False, (*made.utterances, Utterance("c", None, 0.0, None, "x", "sad", "s")))
    assert chosen(more)[1] == ("happy", "sad")
    assert caplog.messages[0] == (
        "one label is spelled in several ways and counts as 'sad': 'Sad' in 2 rows, 'sad' in 3 rows, 'sad ' in 2 rows"
    )


def test_chosen_twice_is_chosen_once():
    config = Config().override('labels.map={"exc": "happy"}', "labels.set=four")
    once, resolved = choose_labels(corpus(*EIGHT), config)
    assert choose_labels(once, resolved) == (once, resolved)
    # The settings as a run keeps them choose the same from the corpus as it is read.
    assert choose_labels(corpus(*EIGHT), Config.from_dict(resolved.as_dict())) == (once, resolved)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (("labels.set=nine",), r"the corpus made has no label set 'nine'; expected one of four, all"),
        (
            ('labels.classes=["bored", "sad"]',),
            r"labels\.classes names 'bored', which none of the 16 utterances of made",
        ),
        (('labels.drop=["bored"]',), r"labels\.drop names 'bored', .* expected one of angry, calm"),
        (('labels.map={"bored": "sad"}',), r"labels\.map names 'bored', which none of the 16 utterances"),
        (('labels.map={"sad": " "}',), r"labels\.map maps 'sad', the label of 2 utterances, onto nothing"),
        (('labels.classes=["sad", "sad"]',), r"labels\.classes names a class twice; received sad, sad"),
        (
            ('labels.classes=["sad"]',),
            r"the corpus made leaves 1 class to learn; expected at least 2, received .* 2 sad",
        ),
        (('labels.map={"sad": 1}',), r"labels\.map\.sad does not fit; expected str"),
        (('labels.map=["sad"]',), r"labels\.map does not fit; expected an object"),
    ],
)
def test_mistakes(settings, message):
    with pytest.raises(EmotionTFError, match=message):
        chosen(corpus(*EIGHT), *settings)


def test_nothing_labelled():
    with pytest.raises(EmotionTFError, match=r"leaves 0 classes to learn; .* received the labels 2 without a label"):
        chosen(corpus(""))


def test_class_names_without_a_choice():
    assert class_names(Config(), corpus("b", "a", "").utterances) == ("a", "b")


def rated(*ratings):
    utterances = tuple(
        Utterance(str(number), None, 0.0, None, "x", "ab"[number % 2], "s", ratings=(rating,))
        for number, rating in enumerate(ratings)
    )
    return Corpus("made", "", "", False, utterances, dimensions={"arousal": (1.0, 5.0)})


def test_ratings_that_are_missing_or_impossible(caplog):
    learned = Config().override("labels.dimensions=arousal")
    choose_labels(rated(1, math.nan, 5, 2), learned)
    assert "1 of 4 utterances have no rating of arousal" in caplog.messages
    message = r"2 of 4 ratings of arousal are outside their range; expected 1 to 5, received 5\.5 for 1"
    with pytest.raises(EmotionTFError, match=message):
        choose_labels(rated(1, 5.5, 0, 2), learned)
    choose_labels(rated(1, 5.5, 0, 2), Config())
    wider = learned.override('labels.ranges={"arousal": [0, 6]}')
    corpus, config = choose_labels(rated(1, 5.5, 0, 2), wider)
    assert corpus.dimensions == config.labels.ranges == config.labels.scales == {"arousal": (0, 6)}
    with pytest.raises(EmotionTFError, match="names 'valence', which the corpus made does not rate; .* one of arousal"):
        choose_labels(rated(1, 2), Config().override("labels.dimensions=valence"))
    with pytest.raises(EmotionTFError, match="none of the 2 utterances of made has a rating of arousal"):
        choose_labels(rated(math.nan, math.nan), learned)


def test_ratings_that_are_learned_are_kept_in_their_order(caplog):
    caplog.set_level("INFO")
    made = rated(1, 2)
    utterances = tuple(dataclasses.replace(one, ratings=(*one.ratings, 7.0, math.nan)) for one in made.utterances)
    made = dataclasses.replace(made, utterances=utterances, dimensions={"arousal": (1, 5), "b": None, "c": None})
    corpus, config = choose_labels(made, Config().override('labels.dimensions=["b", "arousal"]'))
    assert [utterance.ratings for utterance in corpus.utterances] == [(7, 1), (7, 2)]
    assert corpus.dimensions == {"b": None, "arousal": (1, 5)} and config.labels.scales == {"arousal": (1, 5)}
    assert "dimension b: 2 of 2 utterances are rated; its range is that of the training part" in caplog.messages
    assert choose_labels(corpus, config) == (corpus, config)
