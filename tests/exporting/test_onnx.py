"""The ONNX files say what Keras says, in ONNX Runtime and in OpenVINO."""

import numpy as np
import pytest
import soundfile
import tensorflow as tf
from made_waves import RATE, babble, noise

from emotion_tf.exporting.onnx import OPSET, OnnxFile
from emotion_tf.frontend.front_end import front_end_layer
from emotion_tf.frontend.high_pass import high_pass
from emotion_tf.inference.bundle import CONFIG_FILE, LABELS_FILE, ModelBundle

onnx = pytest.importorskip("onnx", reason="SKIPPED FOR WANT OF onnx: pip install 'emotion-tf[onnx]'")
tf2onnx = pytest.importorskip("tf2onnx", reason="SKIPPED FOR WANT OF tf2onnx: pip install 'emotion-tf[onnx]'")
onnxruntime = pytest.importorskip("onnxruntime", reason="SKIPPED FOR WANT OF onnxruntime: pip install onnxruntime")

pytest_plugins = ["exported_runs"]

ASKED = [(noise(2 * RATE), [2, 3, 4, 5]), (noise(300, 1), [4, 6, 0, 0]), (babble(RATE), [0, 0, 0, 0])]


def batch(run, padding=0.7):
    """Utterances in one batch, with loud padding."""
    longest = max(len(wave) for wave, _ in ASKED)
    inputs = {"word_ids": np.array([ids for _, ids in ASKED], np.int32)} if run.config.model.reads else {}
    if run.config.model.hears:
        waves = [np.pad(wave, (0, longest - len(wave)), constant_values=padding) for wave, _ in ASKED]
        counts = np.array([len(wave) for wave, _ in ASKED], np.int32)
        inputs |= {"waveform": np.stack(waves), "num_samples": counts}
    if run.voice is not None:
        inputs["speaker"] = np.stack([run.voice] * len(ASKED))
    return inputs


def expected(run):
    return np.stack([run.expected(wave, ids) for wave, ids in ASKED])


def features_of(run, inputs):
    """The same with features in place of waves."""
    inputs = dict(inputs)
    if run.config.model.hears:
        layer = front_end_layer(run.config.features)
        inputs["features"] = layer(inputs.pop("waveform"), inputs.pop("num_samples")).numpy()
    return inputs


def test_answers_are_those_of_the_network(any_export):
    folder, inputs = any_export.folder / "onnx", batch(any_export)
    np.testing.assert_allclose(
        OnnxFile(folder / "network.onnx")(features_of(any_export, inputs)), expected(any_export), atol=1e-5
    )
    assert (folder / "speech.onnx").is_file() == any_export.config.model.hears
    if any_export.config.model.hears:
        np.testing.assert_allclose(OnnxFile(folder / "speech.onnx")(inputs), expected(any_export), atol=1e-5)


def test_real_speech(both_export, ravdess_clips):
    run = OnnxFile(both_export.folder / "onnx" / "speech.onnx", num_threads=1)
    for clip in ravdess_clips[::100]:
        wave, _ = soundfile.read(clip, dtype="float32")
        given = {"waveform": wave[np.newaxis], "num_samples": np.array([len(wave)], np.int32)}
        found = run(given | {"word_ids": np.array([[9, 10]], np.int32)})
        np.testing.assert_allclose(found[0], both_export.expected(wave, [9, 10]), atol=1e-5)


@pytest.mark.parametrize("name", ["speech", "network"])
def test_openvino_says_the_same(both_export, name):
    openvino = pytest.importorskip("openvino", reason="SKIPPED FOR WANT OF openvino: pip install openvino")
    inputs = batch(both_export) if name == "speech" else features_of(both_export, batch(both_export))
    precision = {"INFERENCE_PRECISION_HINT": "f32"}
    model = openvino.Core().compile_model(both_export.folder / "onnx" / f"{name}.onnx", "CPU", precision)
    np.testing.assert_allclose(model(inputs)["probabilities"], expected(both_export), atol=1e-5)


def test_files_say_what_they_take_and_of_what_they_are(both_export):
    model = onnx.load(both_export.folder / "onnx" / "speech.onnx")
    onnx.checker.check_model(model, full_check=True)
    assert {item.name for item in model.graph.input} == {"waveform", "num_samples", "word_ids"}
    assert [item.name for item in model.graph.output] == ["probabilities"]
    assert {entry.domain for entry in model.opset_import} <= {"", "ai.onnx.ml"}
    told = {entry.key: entry.value for entry in model.metadata_props}
    files = ModelBundle.read(both_export.folder / "model.keras").files()
    assert {CONFIG_FILE, LABELS_FILE} <= told.keys()
    assert told == {name: content.decode() for name, content in files.items()}


def test_parity_lists_them(both_export):
    listed = {(item["artefact"], item["signature"]): item for item in both_export.parity["results"]}
    for key in (("onnx/speech.onnx", "waveform"), ("onnx/network.onnx", "features")):
        assert listed[key]["largest_difference"] < 1e-5


def test_high_pass_of_any_length():
    """ONNX rounds quotients below zero towards zero, and TensorFlow downwards."""

    @tf.function(input_signature=[tf.TensorSpec((None, None)), tf.TensorSpec((None,), tf.int32)])
    def filtered(waveform, num_samples):
        return high_pass(waveform, num_samples, 90.0, RATE)

    made, _ = tf2onnx.convert.from_function(filtered, filtered.input_signature, opset=OPSET)
    session = onnxruntime.InferenceSession(made.SerializeToString(), providers=["CPUExecutionProvider"])
    for length in (1, 2, 39, 75, 160, 161, 1000, RATE):
        inputs = [np.stack([noise(length), 0.5 * noise(length, 1)]), np.array([length, max(1, length - 7)], np.int32)]
        (received,) = session.run(None, dict(zip([item.name for item in session.get_inputs()], inputs, strict=True)))
        np.testing.assert_allclose(received, filtered(*inputs), atol=1e-6)
