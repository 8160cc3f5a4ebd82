"""What TFLite files say of themselves; test_mediapipe.py reads it with MediaPipe's own classes."""

import hashlib
import zipfile

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter
from ai_edge_litert.schema_py_generated import Model

from emotion_tf.exporting.tflite_metadata import with_metadata
from emotion_tf.inference.bundle import ModelBundle

pytest_plugins = ["exported_runs"]


@pytest.fixture
def path(any_export):
    return any_export.folder / "tflite" / "float32.tflite"


def test_settings_labels_and_vocabulary_are_packed_as_they_lie_beside_the_export(any_export, path):
    names = ["config.json", "labels.txt", *["vocabulary.txt", "tokenizer.json"] * any_export.config.model.reads]
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == names
        for entry in archive.infolist():
            assert entry.compress_type == zipfile.ZIP_STORED
            assert archive.read(entry) == (any_export.folder / entry.filename).read_bytes()


def test_file_ends_in_the_digest_of_the_rest(path):
    content = path.read_bytes()
    assert content[-64:].decode() == hashlib.sha256(content[:-64]).hexdigest()


def test_flatbuffer_holds_one_description(path):
    model = Model.GetRootAs(path.read_bytes())
    entries = [model.Metadata(number) for number in range(model.MetadataLength())]
    described = [model.Buffers(entry.Buffer()) for entry in entries if entry.Name() == b"TFLITE_METADATA"]
    assert len(described) == 1
    # The identifier of the schema of descriptions.
    assert described[0].DataAsNumpy()[4:8].tobytes() == b"M001"


def test_the_same_model_gives_the_same_bytes(text_export):
    content = (text_export.folder / "tflite" / "float32.tflite").read_bytes()
    bundle = ModelBundle.read(text_export.folder / "model.keras")
    assert with_metadata(content, bundle) == with_metadata(content, bundle)


def test_model_still_runs(any_export, path):
    run = Interpreter(str(path)).get_signature_runner("serving_default")
    inputs = {name: np.ones(detail["shape"], detail["dtype"]) for name, detail in run.get_input_details().items()}
    assert run(**inputs)["probabilities"].sum() == pytest.approx(1, abs=1e-5)
