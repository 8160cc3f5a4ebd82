"""Files that a newer Keras wrote; tests/test_versions.py opens real ones where both are installed."""

import json
import zipfile

import keras
import numpy as np
import pytest

from emotion_tf.inference import newer_keras
from emotion_tf.inference.newer_keras import for_installed_keras

OF_THE_FUTURE = "argument_of_the_future"


@pytest.fixture
def newer(tmp_path, monkeypatch):
    """Writes a `.keras` file whose layer bears an argument that no Keras knows yet, with the value."""
    monkeypatch.setattr(newer_keras, "NEWER", (OF_THE_FUTURE,))

    def write(value):
        inputs = keras.Input((3,))
        keras.Model(inputs, keras.layers.Dense(2)(inputs)).save(tmp_path / "plain.keras")
        with zipfile.ZipFile(tmp_path / "plain.keras") as plain, zipfile.ZipFile(tmp_path / "new.keras", "w") as new:
            for entry in plain.infolist():
                content = plain.read(entry)
                if entry.filename == "config.json":
                    config = json.loads(content)
                    dense = next(one for one in config["config"]["layers"] if one["class_name"] == "Dense")
                    dense["config"][OF_THE_FUTURE] = value
                    content = json.dumps(config)
                new.writestr(entry, content)
        return tmp_path / "new.keras"

    return write


def test_null_argument_is_left_out(newer, tmp_path):
    path = newer(None)
    with pytest.raises(TypeError, match=OF_THE_FUTURE):
        keras.saving.load_model(path)
    with for_installed_keras(path) as file:
        said = keras.saving.load_model(file)(np.ones((1, 3)))
    np.testing.assert_array_equal(said, keras.saving.load_model(tmp_path / "plain.keras")(np.ones((1, 3))))
    assert not file.exists()


def test_argument_that_says_something_stays(newer):
    with for_installed_keras(newer(8)) as file, pytest.raises(TypeError, match=OF_THE_FUTURE):
        keras.saving.load_model(file)


def test_known_arguments_need_no_copy(newer, monkeypatch):
    path = newer(None)
    monkeypatch.setattr(newer_keras, "NEWER", ("units",))
    with for_installed_keras(path) as file:
        assert file == path
