import librosa
import numpy as np
import pytest
import soundfile
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter
from references_encoders import log_mel_of, transformers

from emotion_tf.frontend.encoders.log_mel import frame_count, whisper_log_mel
from emotion_tf.frontend.encoders.whisper_log_mel import WhisperLogMel

# librosa says so where a wave is as short as the window.
pytestmark = pytest.mark.filterwarnings("ignore:n_fft=.* is too large")

RATE = 16_000
RNG = np.random.default_rng(0)
SECOND = np.arange(RATE) / RATE
WAVES = {
    "noise": RNG.normal(0, 0.1, RATE).astype("float32"),
    "fade": (RNG.normal(0, 0.3, RATE) * np.exp(-12 * SECOND)).astype("float32"),
    "silence": np.zeros(RATE, "float32"),
    "faint noise": RNG.normal(0, 1e-6, RATE).astype("float32"),
    "offset": np.full(RATE, 0.5, "float32"),
    "an odd length": RNG.normal(0, 0.1, 4321).astype("float32"),
    "as short as reflection takes": RNG.normal(0, 0.1, 201).astype("float32"),
}


def spectrogram(wave, bands=80):
    return whisper_log_mel(wave[np.newaxis], np.array([len(wave)], "int32"), bands)[0][0].numpy()


@pytest.mark.parametrize("wave", WAVES.values(), ids=WAVES)
def test_equals_openai_s_formula(wave):
    found, expected = spectrogram(wave), log_mel_of(wave)
    assert found.dtype == np.float32 and found.shape == expected.shape == (len(wave) // 160, 80)
    np.testing.assert_allclose(found, expected, rtol=0, atol=2e-5)


def test_equals_openai_s_formula_on_speech(ravdess_clips):
    for clip in ravdess_clips[:: len(ravdess_clips) // 6]:
        wave, _ = soundfile.read(clip, dtype="float32")
        np.testing.assert_allclose(spectrogram(wave), log_mel_of(wave), rtol=0, atol=2e-5, err_msg=clip.name)


def test_128_bands_of_the_large_model():
    np.testing.assert_allclose(spectrogram(WAVES["noise"], 128), log_mel_of(WAVES["noise"], 128), atol=2e-5)


def test_padded_to_30_seconds_it_equals_transformers():
    extract = transformers().WhisperFeatureExtractor()
    expected = extract(WAVES["fade"], sampling_rate=RATE, return_tensors="np").input_features[0].T
    found = spectrogram(np.pad(WAVES["fade"], (0, 29 * RATE)))
    np.testing.assert_allclose(found, expected, rtol=0, atol=2e-5)


@pytest.mark.parametrize("behind", [0.0, 0.9, np.nan])
def test_batch_of_mixed_lengths_equals_one_by_one(behind):
    waves = [*WAVES.values(), RNG.normal(0, 0.1, 7).astype("float32")]
    lengths = np.array([len(wave) for wave in waves] + [0], "int32")
    batch = np.full((len(lengths), RATE + 1003), behind, "float32")
    for row, wave in zip(batch, waves, strict=False):
        row[: len(wave)] = wave
    found, mask = whisper_log_mel(batch, lengths)
    np.testing.assert_array_equal(mask.numpy().sum(axis=1), frame_count(tf.constant(lengths)))
    for row, row_mask, wave in zip(found.numpy(), mask.numpy(), waves, strict=False):
        frames = max(len(wave), 201) // 160
        np.testing.assert_array_equal(row_mask, np.arange(len(row)) < frames)
        np.testing.assert_allclose(row[:frames], spectrogram(wave), rtol=0, atol=1e-6)
        assert not row[frames:].any()
    assert not found[-1].numpy().any() and not mask[-1].numpy().any()


def test_a_recording_too_short_to_reflect_counts_as_followed_by_silence():
    wave = RNG.normal(0, 0.1, 50).astype("float32")
    np.testing.assert_allclose(spectrogram(wave), log_mel_of(np.pad(wave, (0, 151))), rtol=0, atol=2e-5)


def test_a_length_beyond_the_end_counts_as_the_end():
    wave = WAVES["an odd length"]
    found, _ = whisper_log_mel(wave[np.newaxis], np.array([10**6], "int32"))
    np.testing.assert_array_equal(found[0], spectrogram(wave))


def test_transform_is_that_of_numpy():
    frame = RNG.normal(size=400).astype("float32")
    window = librosa.filters.get_window("hann", 400)
    expected = np.abs(np.fft.rfft(frame * window)) ** 2
    from emotion_tf.frontend.encoders.log_mel import _power

    np.testing.assert_allclose(
        _power(tf.constant(frame)[None, None], tf.constant(0))[0, 0], expected, rtol=1e-4, atol=1e-3
    )


@pytest.mark.parametrize(("bits", "tolerance"), [(32, 1e-5), (16, 1e-3), (8, 1e-5)])
def test_in_tflite_it_keeps_its_digits_whatever_the_weights_have(bits, tolerance):
    signature = [tf.TensorSpec((1, RATE)), tf.TensorSpec((1,), tf.int32)]
    graph = tf.function(lambda wave, samples: whisper_log_mel(wave, samples)[0], signature, autograph=False)
    converter = tf.lite.TFLiteConverter.from_concrete_functions([graph.get_concrete_function()])
    converter.optimizations = [] if bits == 32 else [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_types = [tf.float16] if bits == 16 else []
    content = converter.convert()
    assert len(content) < 100_000
    interpreter = Interpreter(model_content=content)
    interpreter.allocate_tensors()
    inputs = {np.dtype(detail["dtype"]).kind: detail["index"] for detail in interpreter.get_input_details()}
    for wave in WAVES.values():
        interpreter.set_tensor(inputs["f"], np.pad(wave, (0, RATE - len(wave)))[np.newaxis])
        interpreter.set_tensor(inputs["i"], np.array([len(wave)], "int32"))
        interpreter.invoke()
        found = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])[0]
        np.testing.assert_allclose(found[: len(wave) // 160], log_mel_of(wave), rtol=0, atol=max(tolerance, 2e-5))


def test_layer_is_the_function():
    layer = WhisperLogMel()
    wave = WAVES["fade"][np.newaxis]
    np.testing.assert_array_equal(layer(wave, np.array([RATE], "int32"))[0], spectrogram(wave[0]))
    assert layer.compute_output_shape((None, RATE), (None,)) == (None, 100, 80)
    assert not layer.weights and WhisperLogMel.from_config(layer.get_config()).mel_bands == 80
