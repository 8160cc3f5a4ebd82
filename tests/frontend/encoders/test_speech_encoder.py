"""The mask contract, saving and conversion of whole encoders, from wave to frames."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter
from small_encoders import ARCHITECTURES, make

from emotion_tf.frontend.encoders.speech_encoder import SpeechEncoder

RNG = np.random.default_rng(0)
TOLERANCE = 1e-5


def wave(samples):
    return (RNG.normal(0, 0.1, samples) * np.linspace(1, 0.1, samples)).astype("float32")


WAVES = [wave(samples) for samples in (16_000, 9_321, 4_000, 401, 90)]


def batch_of(waves, behind=0.0, extra=0):
    lengths = np.array([len(wave) for wave in waves], "int32")
    batch = np.full((len(waves), lengths.max() + extra), behind, "float32")
    for row, wave in zip(batch, waves, strict=True):
        row[: len(wave)] = wave
    return batch, lengths


@pytest.fixture(scope="module", params=ARCHITECTURES)
def encoder(request):
    return make(request.param)


def test_frames_are_the_same_alone_in_a_batch_and_under_any_padding(encoder):
    alone = [encoder(*batch_of([wave]))[0].numpy() for wave in WAVES]
    assert all(np.ptp(frames) > 100 * TOLERANCE and frames.any(axis=-1).all() for frames in alone)
    for behind, extra in ((0.0, 0), (0.0, 1), (0.9, 321), (np.nan, 8_000)):
        found, mask = encoder.encode(*batch_of([*WAVES, np.zeros(0, "float32")], behind, extra))
        assert found.shape[1] == mask.shape[1]
        for row, row_mask, expected in zip(found.numpy(), mask.numpy(), alone, strict=False):
            frames = len(expected)
            np.testing.assert_array_equal(row_mask, np.arange(len(row)) < frames)
            np.testing.assert_allclose(row[:frames], expected, rtol=TOLERANCE, atol=TOLERANCE)
            assert not row[frames:].any()
        assert not found[-1].numpy().any() and not mask[-1].numpy().any()


def test_frame_count_is_that_of_the_frames(encoder):
    for samples in (0, 1, 160, 320, 321, 401, 4_000, 16_000):
        frames, mask = encoder.encode(np.ones((1, 16_000), "float32") * 0.1, np.array([samples], "int32"))
        count = int(encoder.frame_count(np.array([samples]))[0])
        assert int(mask.numpy().sum()) == count == int(frames.numpy()[0].any(axis=-1).sum())


def test_a_wave_of_zeros_is_no_recording_where_that_is_asked(encoder):
    twin = SpeechEncoder.from_config({**encoder.get_config(), "silence_is_absence": True})
    waves = np.stack([np.zeros(4_000, "float32"), wave(4_000)])
    lengths = np.array([4_000, 4_000], "int32")
    mask = twin.encode(waves, lengths)[1].numpy()
    assert not mask[0].any() and mask[1].all()
    assert encoder.encode(waves, lengths)[1].numpy().all()


def model_of(encoder):
    waveform = keras.Input((None,), name="waveform")
    num_samples = keras.Input((), dtype="int32", name="num_samples")
    return keras.Model([waveform, num_samples], encoder(waveform, num_samples))


def test_saved_and_loaded_it_is_the_same(encoder, tmp_path):
    model = model_of(encoder)
    assert model.output.shape == (None, None, encoder.width)
    batch = batch_of(WAVES)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(loaded(list(batch)), model(list(batch)), rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_low_precision_stays_near(encoder, policy):
    low = SpeechEncoder.from_config({**encoder.get_config(), "dtype": policy})
    low.build()
    low.set_weights(encoder.get_weights())
    batch = batch_of([wave(48_000), *WAVES])
    expected, found = encoder(*batch).numpy(), keras.ops.cast(low(*batch), "float32").numpy()
    share = {"mixed_float16": 0.02, "mixed_bfloat16": 0.15}[policy]
    assert np.isfinite(found).all()
    assert np.abs(found - expected).max() < share * np.abs(expected).max()


def test_weighted_sum_of_the_layers():
    encoder, merged = make("whisper"), make("whisper", merge="weighted_sum")
    merged.encoder.set_weights(encoder.encoder.get_weights())
    batch = batch_of(WAVES)
    layers = np.stack(np.split(encoder(*batch).numpy(), 3, axis=-1))
    np.testing.assert_allclose(merged(*batch), layers.mean(axis=0), rtol=0, atol=1e-5)
    merged.mixture.logits.assign([0.0, 50.0, 0.0])
    np.testing.assert_allclose(merged(*batch), layers[1], rtol=0, atol=1e-5)
    assert merged.width == 48 and [variable.name for variable in merged.trainable_variables] == ["logits"]


def interpreter_of(encoder, samples, folder, bits=32):
    archive = keras.export.ExportArchive()
    archive.track(encoder)
    signature = [tf.TensorSpec((1, samples), name="waveform"), tf.TensorSpec((1,), tf.int32, name="num_samples")]
    archive.add_endpoint("serve", encoder, signature)
    archive.write_out(folder, verbose=False)
    converter = tf.lite.TFLiteConverter.from_saved_model(str(folder))
    converter.optimizations = [] if bits == 32 else [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_types = [tf.float16] if bits == 16 else []
    # Built-in ops alone is the converter's own setting; an op that needs Flex stops it.
    interpreter = Interpreter(model_content=converter.convert(), num_threads=1)
    inputs = {np.dtype(detail["dtype"]).kind: detail["index"] for detail in interpreter.get_input_details()}
    return interpreter, {"waveform": inputs["f"], "num_samples": inputs["i"]}


def run(interpreter, names, waveform, num_samples):
    for name, values in (("waveform", waveform), ("num_samples", num_samples)):
        interpreter.set_tensor(names[name], values)
    interpreter.invoke()
    return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])


@pytest.mark.parametrize("samples", [16_000, None], ids=["fixed length", "open length"])
def test_tflite_with_built_in_ops_gives_the_same_frames(encoder, samples, tmp_path):
    interpreter, names = interpreter_of(encoder, samples, tmp_path / "saved")
    for recording in WAVES[:4]:
        batch, lengths = batch_of([recording, np.zeros(16_000, "float32")])
        if samples is None:
            interpreter.resize_tensor_input(names["waveform"], (1, batch.shape[1]))
        interpreter.allocate_tensors()
        found = run(interpreter, names, batch[:1], lengths[:1])
        expected = encoder(batch[:1], lengths[:1]).numpy()
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("bits", "share"), [(16, 2e-3), (8, 0.1)])
def test_tflite_with_small_weights_stays_near(encoder, bits, share, tmp_path):
    interpreter, names = interpreter_of(encoder, 16_000, tmp_path / "saved", bits)
    interpreter.allocate_tensors()
    batch, lengths = batch_of([WAVES[1], WAVES[0]])
    found = run(interpreter, names, batch[:1], lengths[:1])
    expected = encoder(batch[:1], lengths[:1]).numpy()
    assert 0 < np.linalg.norm(found - expected) < share * np.linalg.norm(expected)
