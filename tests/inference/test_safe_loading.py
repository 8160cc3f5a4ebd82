"""Models that would run code when they are loaded, or take more memory than there is."""

import shutil
import zipfile

import keras
import numpy as np
import pytest

from emotion_tf.errors import EmotionTFError
from emotion_tf.inference import load

pytest_plugins = ["exported_runs"]


@pytest.fixture
def beside_settings(text_export, tmp_path):
    """The path of a `.keras` file beside the settings that a model needs."""
    for name in ("config.json", "labels.txt", "vocabulary.txt"):
        shutil.copy(text_export.folder / name, tmp_path / name)
    return tmp_path / "model.keras"


def test_lambda_layer_is_refused(beside_settings, tmp_path):
    trap = tmp_path / "sprung"
    folder = str(trap)
    words = keras.Input((None,), dtype="int32", name="word_ids")
    layer = keras.layers.Lambda(lambda words: __import__("os").makedirs(folder) or words, output_shape=(None,))
    keras.Model(words, layer(words)).save(beside_settings)
    assert not trap.exists()
    with pytest.raises(EmotionTFError, match=r"^[^\n]*model\.keras cannot be loaded \([^\n]*[Ll]ambda[^\n]*\)$"):
        load(beside_settings)
    assert not trap.exists()
    keras.saving.load_model(beside_settings, safe_mode=False)(np.ones((1, 3), np.int32))
    assert trap.exists(), "the trap does not work"


def test_class_that_is_not_ours_is_not_imported(text_export, beside_settings, tmp_path, monkeypatch):
    """Old versions of Keras imported whatever module the file named."""
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "trap_module.py").write_text(f"import os\nos.mkdir({str(tmp_path / 'sprung')!r})\nclass Dense: pass\n")
    with zipfile.ZipFile(text_export.folder / "model.keras") as whole, zipfile.ZipFile(beside_settings, "w") as changed:
        for entry in whole.infolist():
            content = whole.read(entry)
            if entry.filename == "config.json":
                assert b'"module": "keras.layers"' in content
                content = content.replace(b'"module": "keras.layers"', b'"module": "trap_module"')
            changed.writestr(entry, content)
    with pytest.raises(EmotionTFError, match=r"^[^\n]*model\.keras cannot be loaded \([^\n]*\)$"):
        load(beside_settings)
    assert not (tmp_path / "sprung").exists()


def test_archive_that_claims_more_than_any_model(beside_settings):
    with zipfile.ZipFile(beside_settings, "w") as archive:
        archive.writestr("config.json", "{}")
    content = bytearray(beside_settings.read_bytes())
    directory = content.rindex(b"PK\1\2")
    content[directory + 24 : directory + 28] = (2**31).to_bytes(4, "little")  # The size once it is unpacked.
    beside_settings.write_bytes(content)
    with pytest.raises(
        EmotionTFError, match=r"model\.keras is too large; expected at most \d+ bytes, received 21474836"
    ):
        load(beside_settings)
