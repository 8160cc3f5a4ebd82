import numpy as np
import pytest
import soundfile
from audio_files import tones

from emotion_tf.audio.reader import read_waveform
from emotion_tf.audio.resample import change_speed


@pytest.mark.parametrize("rate", [8_000, 11_025, 44_100, 48_000])
def test_reading_resamples(tmp_path, rate):
    path = tmp_path / "tone.wav"
    soundfile.write(path, tones(1, rate, 1.0), rate, subtype="FLOAT")
    samples = read_waveform(path, 16_000)
    assert samples.shape == (16_000,)
    assert samples.dtype == np.float32
    # The tone as it is at 16 kHz, away from the ends, where resampling hears silence around the file.
    np.testing.assert_allclose(samples[400:-400], tones(1, 16_000, 1.0)[400:-400, 0], atol=1e-3)


@pytest.mark.parametrize("factor", [0.9, 1.1, 2.0])
def test_change_speed_moves_length_and_pitch(factor):
    tone = tones(1, 16_000, 1.0)[:, 0].astype(np.float32)
    changed = change_speed(tone, factor)
    assert changed.dtype == np.float32
    assert len(changed) == pytest.approx(16_000 / factor, abs=1)
    spectrum = np.abs(np.fft.rfft(changed * np.hanning(len(changed))))
    assert np.argmax(spectrum) * 16_000 / len(changed) == pytest.approx(300 * factor, abs=1)
    assert np.abs(changed[1000:-1000]).max() == pytest.approx(0.6, abs=0.01)
