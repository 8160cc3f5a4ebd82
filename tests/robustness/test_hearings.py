"""A corpus as it might be understood, and as recognisers understood it."""

import jiwer
import pytest
from made_corpus import make_corpus

from emotion_tf.asr import TranscriptCache, normalize
from emotion_tf.dataset.transcribe import audio_key
from emotion_tf.robustness.words import ERROR_RATES, recognized_hearings, simulated_hearings


@pytest.fixture(scope="module")
def utterances(tmp_path_factory):
    return make_corpus(tmp_path_factory.mktemp("corpus"), speakers=12).utterances


def test_simulated_errors_grow_and_are_measured(utterances):
    hearings = simulated_hearings(utterances)
    assert list(hearings) == [f"simulated-{rate}" for rate in (0, 10, 20, 30, 40, 50, 60)]
    said = [normalize(utterance.text) for utterance in utterances]
    for hearing in hearings.values():
        heard = [normalize(hearing.texts[utterance.id]) for utterance in utterances]
        assert hearing.word_error_rate == pytest.approx(jiwer.wer(said, heard))
    rates = [hearing.word_error_rate for hearing in hearings.values()]
    assert rates == sorted(rates) and rates[0] == 0
    assert rates == pytest.approx(ERROR_RATES, abs=0.15) and rates[-1] > 0.4
    assert hearings["simulated-0"].texts == {utterance.id: utterance.text for utterance in utterances}
    words = {word for text in said for word in text.split()}
    assert {word for text in hearings["simulated-60"].texts.values() for word in normalize(text).split()} <= words


def test_errors_depend_on_the_utterance_and_not_on_its_place(utterances):
    texts = simulated_hearings(utterances)["simulated-40"].texts
    assert simulated_hearings(utterances[::-1])["simulated-40"].texts == texts
    # Twelve speakers say the same words, and are not misheard in the same way.
    assert len({texts[utterance.id] for utterance in utterances if utterance.label == "happy"}) > 6


def test_recognisers_that_tried_every_utterance(utterances, tmp_path):
    keys = [audio_key(utterance) for utterance in utterances]
    parrot, deaf, lazy = (TranscriptCache.of(tmp_path, name, "1") for name in ("parrot", "tone-deaf", "lazy"))
    for key, utterance in zip(keys, utterances, strict=True):
        parrot.add(key, text=utterance.text.upper())
        deaf.add(key, error="nothing but noise")
    for key in keys[1:]:
        lazy.add(key, text="mañana")
    hearings = recognized_hearings(utterances, tmp_path)
    names = [f"parrot-{parrot.path.stem[7:11]}", f"tone-deaf-{deaf.path.stem[10:14]}"]
    assert sorted(hearings) == names
    assert [hearings[name].word_error_rate for name in names] == [0, 1]
    assert set(hearings[names[1]].texts.values()) == {""}


def test_no_recogniser(utterances, tmp_path):
    assert recognized_hearings(utterances, tmp_path / "nowhere") == {}
