import dataclasses
import sys

import numpy as np
import pytest
import soundfile
from log_lines import untimed
from made_corpus import make_corpus, write_hum

from emotion_tf import asr
from emotion_tf.asr import Recognizer, RecognizerUnavailableError
from emotion_tf.dataset import transcribe, with_transcripts
from emotion_tf.errors import EmotionTFError

VERSION = asr.version("google")


@pytest.fixture
def utterances(tmp_path):
    return make_corpus(tmp_path / "corpus", speakers=1).utterances


class Ear:
    """A recogniser that says how many samples it heard; made to fail, it fails on waves of some length."""

    def __init__(self, folder, version=VERSION):
        self.folder = folder
        self.recognizer = Recognizer("google", version, self.recognize)
        self.heard = []
        self.refused = {}

    def recognize(self, waveform):
        if len(waveform) in self.refused:
            raise self.refused[len(waveform)]
        self.heard.append(waveform)
        return f"{len(waveform)} samples"

    def __call__(self, utterances):
        self.heard.clear()
        with untimed() as self.lines:
            return transcribe(utterances, self.recognizer, self.folder)


@pytest.fixture
def ear(tmp_path):
    return Ear(tmp_path / "transcripts")


def seconds(utterance):
    return soundfile.info(utterance.audio).duration


def said(utterance):
    return f"{round(seconds(utterance) * 16_000)} samples"


def test_every_utterance_is_heard_once(ear, utterances, tmp_path):
    done = ear(utterances)
    assert done.texts == {utterance.id: said(utterance) for utterance in utterances} and done.errors == {}
    assert ear.lines[-1] == "transcripts of google: 4 done"
    assert len(ear.heard) == 4
    assert ear(utterances) == done
    assert ear.heard == [] and ear.lines == []
    other = Ear(ear.folder, version="2")
    assert other(utterances) == done
    assert len(other.heard) == 4


def test_hears_the_stretch_at_the_rate_of_the_recogniser(ear, utterances, tmp_path):
    """Of a file at 16 kHz the very samples; another rate is resampled to 16 kHz."""
    wave = soundfile.read(utterances[0].audio, dtype="float32")[0]
    soundfile.write(tmp_path / "fast.wav", np.repeat(wave[:, np.newaxis], 2, axis=1), 32_000)
    part = dataclasses.replace(utterances[0], start=0.05, end=0.15)
    fast = dataclasses.replace(utterances[0], id="fast", file=tmp_path / "fast.wav")
    ear([part, fast])
    np.testing.assert_array_equal(ear.heard[0], wave[800:2400])
    assert len(ear.heard[1]) == len(wave) / 2


def test_only_changed_files_are_heard_again(ear, utterances):
    ear(utterances)
    write_hum(utterances[2].audio, "sad", 0.5, seed=7)
    assert ear(utterances).texts[utterances[2].id] == "8000 samples"
    assert len(ear.heard) == 1
    assert ear.lines == ["transcripts of google: 1 done"]


def test_same_sound_twice_is_heard_once(ear, utterances):
    twin = dataclasses.replace(utterances[0], id="twin")
    done = ear([*utterances, twin])
    assert done.texts["twin"] == said(utterances[0]) and len(done.texts) == 5
    assert len(ear.heard) == 4
    assert ear.lines[-1] == "transcripts of google: 4 done"


def test_failures_do_not_stop_the_rest(ear, utterances):
    broken, missing, refused, good = utterances
    silent = dataclasses.replace(good, id="silent", file=None)
    broken.audio.write_bytes(b"RIFF")
    missing.audio.unlink()
    ear.refused[round(seconds(refused) * 16_000)] = RuntimeError("bad beam")
    corpus = [*utterances, silent]
    done = ear(corpus)
    assert done.texts == {good.id: said(good)}
    assert list(done.errors) == [broken.id, missing.id, refused.id, "silent"]
    assert "cannot be decoded" in done.errors[broken.id] and "does not exist" in done.errors[missing.id]
    assert done.errors[refused.id].startswith("google failed (bad beam)")
    assert done.errors["silent"].startswith("there is no audio")
    progress = [line for line in ear.lines if line.startswith("transcripts of google")]
    assert progress[-1] == "transcripts of google: 5 done"
    assert ear.lines[len(progress) :] == [
        "4 of 5 utterances have no transcript:",
        *(f"  {id}: {reason}" for id, reason in done.errors.items()),
    ]
    changed = with_transcripts(corpus, "google", ear.folder)
    assert [utterance.text for utterance in changed] == ["", "", "", said(good), ""]


def test_failures_are_tried_again(ear, utterances):
    ear.refused[round(seconds(utterances[0]) * 16_000)] = EmotionTFError("too loud")
    assert list(ear(utterances).errors) == [utterances[0].id]
    ear.refused.clear()
    done = ear(utterances)
    assert done.texts[utterances[0].id] == said(utterances[0]) and done.errors == {}
    assert len(ear.heard) == 1
    assert with_transcripts(utterances, "google", ear.folder)[0].text == said(utterances[0])


def test_recogniser_out_of_service_stops_it_and_a_later_call_goes_on(ear, utterances):
    ear.refused[round(seconds(utterances[2]) * 16_000)] = RecognizerUnavailableError("out of reach")
    with pytest.raises(RecognizerUnavailableError, match="out of reach"):
        ear(utterances)
    assert len(ear.heard) == 2
    ear.refused.clear()
    assert len(ear(utterances).texts) == 4
    assert len(ear.heard) == 2


def test_progress(ear, utterances):
    """Utterances that differ in where they begin."""
    many = [dataclasses.replace(utterances[0], id=str(number), start=number / 1000) for number in range(150)]
    ear(many)
    tenths = [f"transcripts of google: {done} of 150" for done in range(15, 150, 15)]
    assert ear.lines == [*tenths, "transcripts of google: 150 done"]


def test_transcripts_take_the_place_of_the_reference(ear, utterances, monkeypatch):
    """Without the recogniser's package, too."""
    ear(utterances)
    monkeypatch.setitem(sys.modules, "google.cloud", None)
    changed = with_transcripts(utterances, "google", ear.folder)
    assert changed == tuple(dataclasses.replace(utterance, text=said(utterance)) for utterance in utterances)
    assert with_transcripts(utterances[1:], "google", ear.folder) == changed[1:]


@pytest.mark.parametrize("model", [None, "phone_call"])
def test_utterance_that_was_never_tried(ear, utterances, model):
    ear(utterances[:2] if model is None else utterances)
    count = "2 of 4" if model is None else "4 of 4"
    command = "prepare --transcribe google" + (" --engine-model phone_call" if model else "")
    with pytest.raises(EmotionTFError, match=f"^{count} utterances have no transcript of google .* run .*{command} on"):
        with_transcripts(utterances, "google", ear.folder, model)


def test_file_that_changed_since(ear, utterances):
    ear(utterances)
    write_hum(utterances[1].audio, "happy", 0.5, seed=7)
    with pytest.raises(EmotionTFError, match=f"1 of 4 utterances have no transcript .*{utterances[1].id} first of all"):
        with_transcripts(utterances, "google", ear.folder)
