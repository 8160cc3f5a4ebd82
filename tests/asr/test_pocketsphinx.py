import importlib.metadata

import numpy as np
import pytest
import soundfile
from made_waves import noise

from emotion_tf import asr
from emotion_tf.errors import EmotionTFError


@pytest.fixture(scope="module")
def recognizer():
    return asr.load("pocketsphinx")


def test_version_is_the_package(recognizer):
    assert (recognizer.name, recognizer.sample_rate) == ("pocketsphinx", 16_000)
    assert recognizer.version == asr.version("pocketsphinx") == importlib.metadata.version("pocketsphinx")


def test_understands_speech(recognizer, ravdess_clips):
    """The sentences are "Kids are talking by the door" and "Dogs are sitting by the door"; half the words will do."""
    clips = [clip for clip in ravdess_clips if clip.name.startswith("03-01-01")][:3]
    said = ["kids are talking by the door", "dogs are sitting by the door"]
    references = [said[int(clip.stem.split("-")[4]) - 1] for clip in clips]
    heard = [recognizer.transcribe(soundfile.read(clip, dtype="float32")[0]) for clip in clips]
    assert asr.word_error_rate(references, heard)["wer"] < 0.5


def test_answer_depends_on_the_wave_alone(recognizer, ravdess_clips):
    """Noise before a clip changes its words unless the front end forgets what it has learnt of the noise."""
    wave = soundfile.read(ravdess_clips[0], dtype="float32")[0]
    alone = asr.load("pocketsphinx").transcribe(wave)
    recognizer.transcribe(4 * noise(48_000))
    assert recognizer.transcribe(wave) == alone != ""


@pytest.mark.parametrize("samples", [1, 100, 409, 411])
def test_wave_of_about_a_frame(recognizer, samples):
    assert recognizer.transcribe(noise(samples)) == ""


def test_goes_on_after_a_failure(recognizer):
    """PocketSphinx refuses a wave without samples, and would then refuse every other."""
    with pytest.raises(IndexError):
        recognizer.recognize(np.zeros(0, np.float32))
    assert recognizer.transcribe(noise(100)) == ""


@pytest.mark.parametrize("call", [asr.load, asr.version])
def test_has_one_model(call):
    with pytest.raises(EmotionTFError, match="one model only.* received 'en-us'"):
        call("pocketsphinx", "en-us")
