"""MediaPipe's own reader and AudioClassifier, in the environment that EMOTION_TF_MEDIAPIPE names the Python of."""

import json
import os
import subprocess

import numpy as np
import pytest
from made_waves import RATE, babble
from other_classes import CLASSES, write_export

from emotion_tf.audio.reader import read_waveform
from emotion_tf.inference import load

pytest_plugins = ["exported_runs"]

CLASSIFY = """
import json, sys
import numpy as np
from mediapipe.tasks.python.audio import AudioClassifier
from mediapipe.tasks.python.components.containers import AudioData

with AudioClassifier.create_from_model_path(sys.argv[1]) as classifier:
    for path in sys.argv[2:]:
        windows = classifier.classify(AudioData.create_from_array(np.load(path), 16_000))
        heads = [window.classifications for window in windows]
        print(json.dumps([{item.category_name: item.score for item in head[0].categories} for head in heads]))
"""

DESCRIBE = """
import json, sys
from mediapipe.tasks.metadata import metadata_schema_py_generated as metadata, schema_py_generated as schema

content = open(sys.argv[1], "rb").read()
model = schema.Model.GetRootAs(content)
entries = [model.Metadata(number) for number in range(model.MetadataLength())]
place = next(entry.Buffer() for entry in entries if entry.Name() == b"TFLITE_METADATA")
described = model.Buffers(place).DataAsNumpy().tobytes()
assert metadata.ModelMetadata.ModelMetadataBufferHasIdentifier(described, 0)
described = metadata.ModelMetadataT.InitFromObj(metadata.ModelMetadata.GetRootAs(described))
print(json.dumps(described, default=lambda value: value.decode() if isinstance(value, bytes) else vars(value)))
"""


@pytest.fixture(scope="module")
def in_mediapipe():
    """Runs a script in the environment that has MediaPipe and gives its lines as JSON."""
    python = os.environ.get("EMOTION_TF_MEDIAPIPE")
    if not python:
        pytest.skip("SKIPPED FOR WANT OF MEDIAPIPE: set EMOTION_TF_MEDIAPIPE to the python of an environment with it")

    def run(script, *arguments):
        command = [python, "-c", script, *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    return run


@pytest.mark.parametrize("name", ["float32", "float32-fixed"])
def test_description_is_read(in_mediapipe, any_export, name):
    (described,) = in_mediapipe(DESCRIBE, any_export.folder / "tflite" / f"{name}.tflite")
    assert described["name"] == "Speech emotion recognition"
    assert "angry, happy, neutral, sad" in described["description"]
    assert described["author"] == "emotion-tf"
    assert "Apache-2.0" in described["license"]
    assert described["minParserVersion"] == "1.3.0"
    (subgraph,) = described["subgraphMetadata"]
    inputs = {tensor["name"]: tensor for tensor in subgraph["inputTensorMetadata"]}
    model = any_export.config.model
    heard = ["waveform", *["num_samples"] * (name != "float32")] * model.hears
    assert sorted(inputs) == sorted([*heard, *["word_ids"] * model.reads, *any_export.voices])
    assert all(tensor["description"] for tensor in inputs.values())
    if model.hears:
        audio = inputs["waveform"]["content"]
        assert audio["contentPropertiesType"] == 4
        assert audio["contentProperties"] == {"sampleRate": RATE, "channels": 1}
    if model.reads:
        (vocabulary,) = inputs["word_ids"]["associatedFiles"]
        assert (vocabulary["name"], vocabulary["type"]) == ("vocabulary.txt", 5)
    (output,) = subgraph["outputTensorMetadata"]
    assert output["name"] == "probabilities"
    (labels,) = output["associatedFiles"]
    assert (labels["name"], labels["type"]) == ("labels.txt", 2)


def classify(in_mediapipe, exported, waves, folder):
    """The probabilities of each window of each wave."""
    paths = [folder / f"{number}.npy" for number in range(len(waves))]
    for path, wave in zip(paths, waves, strict=True):
        np.save(path, wave)
    answers = in_mediapipe(CLASSIFY, exported.folder / "tflite" / "mediapipe.tflite", *paths)
    labels = (exported.folder / "labels.txt").read_text().split()
    return [[[window[label] for label in labels] for window in windows] for windows in answers]


def test_classifier_answers_as_keras_does(in_mediapipe, audio_export, tmp_path):
    """Also for a wave that fills the window, one of silence alone, and the first window of a longer one."""
    longest = audio_export.config.features.max_samples
    waves = [babble(RATE), babble(longest), np.zeros(RATE, np.float32), babble(longest + RATE)]
    received = classify(in_mediapipe, audio_export, waves, tmp_path)
    expected = [audio_export.expected(wave, []) for wave in [*waves[:2], waves[2][:1], waves[3]]]
    np.testing.assert_allclose([windows[0] for windows in received], expected, atol=1e-4)
    assert [len(windows) for windows in received] == [1, 1, 1, 2]


def test_classifier_answers_as_keras_does_on_real_speech(in_mediapipe, audio_export, ravdess_clips, tmp_path):
    waves = [read_waveform(clip, RATE) for clip in ravdess_clips[::60]]
    received = classify(in_mediapipe, audio_export, waves, tmp_path)
    expected = [audio_export.expected(wave, []) for wave in waves]
    np.testing.assert_allclose([windows for (windows,) in received], expected, atol=1e-4)


@pytest.mark.parametrize("count", CLASSES)
def test_other_classes(in_mediapipe, tmp_path, count):
    export = write_export(tmp_path / "export", count)
    np.save(tmp_path / "wave.npy", babble(RATE))
    ((answer,),) = in_mediapipe(CLASSIFY, export / "tflite" / "mediapipe.tflite", tmp_path / "wave.npy")
    expected = load(export / "model.keras").predict(babble(RATE)).probabilities
    assert answer == pytest.approx(expected, abs=1e-4)


def test_only_a_model_of_audio_alone_is_made_for_the_classifier(both_export, text_export):
    for exported in (both_export, text_export):
        assert not (exported.folder / "tflite" / "mediapipe.tflite").exists()
