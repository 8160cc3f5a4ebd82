import numpy as np
import pytest
import scipy.signal
import soundfile
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter
from ai_edge_litert.schema_py_generated import BuiltinOperator
from made_waves import babble

from emotion_tf.frontend.high_pass import high_pass

RATE = 16_000
TIME = np.arange(3 * RATE) / RATE
WAVES = [babble(3 * RATE), babble(RATE), babble(1234), babble(30), np.array([0.5], "float32"), np.zeros(500, "float32")]


def passed(wave: np.ndarray, rate: int = RATE, highpass_hz: float = 90.0) -> np.ndarray:
    """What passes of one wave."""
    waves, lengths = tf.constant(wave[np.newaxis], tf.float32), tf.constant([len(wave)])
    return high_pass(waves, lengths, highpass_hz, rate)[0].numpy()


def tone(hertz: float, rate: int = RATE, phase: float = 1.0) -> np.ndarray:
    return np.cos(2 * np.pi * hertz * np.arange(3 * rate) / rate + phase)


def decibels(wave: np.ndarray, reference: np.ndarray) -> float:
    """Power of a wave over that of another, half a second from its ends."""
    inner = slice(len(wave) // 6, -len(wave) // 6)
    return 10 * np.log10(np.square(wave[inner]).mean() / np.square(reference[inner]).mean() + 1e-30)


@pytest.mark.parametrize("rate", [8_000, 16_000, 22_050, 48_000])
def test_voice_passes_and_what_lies_below_does_not(rate):
    for hertz in (1, 10, 25, 40, 50, 57, 60):
        assert decibels(passed(tone(hertz, rate), rate), tone(hertz, rate)) < -60
    for hertz in (90, 100, 160, 310, 400, 440, 799, 3000, 0.45 * rate):
        assert decibels(passed(tone(hertz, rate), rate) - tone(hertz, rate), tone(hertz, rate)) < -70


@pytest.mark.parametrize("highpass_hz", [30.0, 60.0, 120.0, 300.0])
def test_other_frequencies(highpass_hz):
    below, above = tone(0.6 * highpass_hz), tone(1.05 * highpass_hz)
    assert decibels(passed(below, highpass_hz=highpass_hz), below) < -60
    assert decibels(passed(above, highpass_hz=highpass_hz) - above, above) < -70


def test_offset_and_steady_hum_are_gone_up_to_the_ends():
    for seconds in (0.3, 1.0, 3.0):
        voice = babble(round(seconds * RATE))
        clean = passed(voice)
        for offset in (0.001, 0.1, -0.9):
            assert np.abs(passed(voice + np.float32(offset)) - clean).max() < 1e-6
        for hertz in (50, 60, 49.95, 60.1):
            hum = 0.01 * np.sqrt(2) * tone(hertz)[: len(voice)]
            assert np.abs(passed(voice + hum) - clean).max() < (5e-5 if seconds >= 1 else 1e-3)


def test_clicks_at_the_ends_are_silenced():
    clicks = WAVES[0].copy()
    clicks[[0, 1, 40, -1, -40]] = [1, 1, -1, 1, -1]
    np.testing.assert_array_equal(passed(clicks), passed(WAVES[0]))
    # 5 ms are silent, and after 10 ms the voice is there as it was.
    assert not passed(WAVES[0])[:80].any() and not passed(WAVES[0])[-80:].any()
    low = scipy.signal.butter(8, 120, fs=RATE, output="sos", btype="highpass")
    voice = scipy.signal.sosfiltfilt(low, WAVES[0]).astype("float32")
    assert np.abs(passed(voice) - voice)[160:-160].max() < 0.02


@pytest.mark.parametrize("behind", [0.0, 0.9, -7.0])
def test_what_lies_behind_an_end_is_not_heard(behind):
    lengths = np.array([len(wave) for wave in WAVES], "int32")
    for room in (3 * RATE, 3 * RATE + 17, 4 * RATE):
        batch = np.full((len(WAVES), room), behind, "float32")
        for row, wave in zip(batch, WAVES, strict=True):
            row[: len(wave)] = wave
        for row, wave in zip(high_pass(batch, lengths, 90.0, RATE).numpy(), WAVES, strict=True):
            np.testing.assert_allclose(row[: len(wave)], passed(wave), atol=1e-6)
            assert not row[len(wave) :].any()


def test_no_recording_at_all():
    found = high_pass(tf.ones((2, 400)), tf.constant([0, 400]), 90.0, RATE)
    assert np.isfinite(found).all() and not np.any(found[0])


def converted(samples: int | None) -> bytes:
    signature = [tf.TensorSpec((1, samples), tf.float32), tf.TensorSpec((1,), tf.int32)]
    graph = tf.function(lambda waveform, num_samples: high_pass(waveform, num_samples, 90.0, RATE), signature)
    return tf.lite.TFLiteConverter.from_concrete_functions([graph.get_concrete_function()]).convert()


@pytest.mark.parametrize("samples", [None, 4 * RATE])
def test_tflite_has_it_with_its_own_operators_and_small(samples):
    content = converted(samples)
    # The numbers of the samples alone would take 256 kB.
    assert len(content) < 64_000
    interpreter = Interpreter(model_content=content)
    assert {op["op_name"] for op in interpreter._get_ops_details()} <= {*vars(BuiltinOperator), "DELEGATE"}
    for wave in WAVES[:4]:
        room = samples or len(wave)
        interpreter.resize_tensor_input(interpreter.get_input_details()[0]["index"], [1, room])
        interpreter.allocate_tensors()
        wanted = np.pad(wave, (0, room - len(wave)))[np.newaxis]
        for details in interpreter.get_input_details():
            value = wanted if details["dtype"] == np.float32 else np.array([len(wave)], "int32")
            interpreter.set_tensor(details["index"], value)
        interpreter.invoke()
        found = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])[0]
        np.testing.assert_allclose(found[: len(wave)], passed(wave), atol=1e-5)


def test_speech_keeps_its_sound(ravdess_clips):
    """What is taken away of the loud half of real speech is less than a hundredth of its power."""
    for clip in ravdess_clips[:: len(ravdess_clips) // 8]:
        wave, _ = soundfile.read(clip, dtype="float32")
        kept = passed(wave)
        assert np.square(wave - wave.mean() - kept).sum() < 0.01 * np.square(wave).sum() or np.abs(wave).max() < 0.05
