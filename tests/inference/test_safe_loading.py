"""Models that would run code when they are loaded, or take more memory than there is."""

import io
import json
import zipfile

import h5py
import keras
import numpy as np
import pytest

from emotion_tf.errors import EmotionTFError
from emotion_tf.inference import load

pytest_plugins = ["exported_runs"]


def test_lambda_layer_is_refused(tmp_path):
    trap = tmp_path / "sprung"
    folder = str(trap)
    words = keras.Input((None,), dtype="int32", name="word_ids")
    layer = keras.layers.Lambda(lambda words: __import__("os").makedirs(folder) or words, output_shape=(None,))
    keras.Model(words, layer(words)).save(tmp_path / "model.keras")
    assert not trap.exists()
    with pytest.raises(EmotionTFError, match=r"^[^\n]*model\.keras cannot be loaded \([^\n]*[Ll]ambda[^\n]*\)$"):
        load(tmp_path / "model.keras")
    assert not trap.exists()
    keras.saving.load_model(tmp_path / "model.keras", safe_mode=False)(np.ones((1, 3), np.int32))
    assert trap.exists(), "the trap does not work"


def test_class_that_is_not_ours_is_not_imported(text_export, tmp_path, monkeypatch):
    """Old versions of Keras imported whatever module the file named."""
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "trap_module.py").write_text(f"import os\nos.mkdir({str(tmp_path / 'sprung')!r})\nclass Dense: pass\n")
    path = tmp_path / "model.keras"
    with zipfile.ZipFile(text_export.folder / "model.keras") as whole, zipfile.ZipFile(path, "w") as changed:
        for entry in whole.infolist():
            content = whole.read(entry)
            if entry.filename == "config.json":
                assert b'"module": "keras.layers"' in content
                content = content.replace(b'"module": "keras.layers"', b'"module": "trap_module"')
            changed.writestr(entry, content)
    with pytest.raises(EmotionTFError, match=r"^[^\n]*model\.keras cannot be loaded \([^\n]*\)$"):
        load(tmp_path / "model.keras")
    assert not (tmp_path / "sprung").exists()


def test_archive_that_claims_more_than_any_model(tmp_path):
    path = tmp_path / "model.keras"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", "{}")
    content = bytearray(path.read_bytes())
    directory = content.rindex(b"PK\1\2")
    content[directory + 24 : directory + 28] = (2**31).to_bytes(4, "little")  # The size once it is unpacked.
    path.write_bytes(content)
    with pytest.raises(
        EmotionTFError, match=r"model\.keras is too large; expected at most \d+ bytes, received 21474836"
    ):
        load(path)


def rewritten(source, target, name, change):
    """Copies a `.keras` file with the content of one of its entries changed."""
    with zipfile.ZipFile(source) as whole, zipfile.ZipFile(target, "w") as changed:
        for entry in whole.infolist():
            content = whole.read(entry)
            changed.writestr(entry, change(content) if entry.filename == name else content)


def test_function_of_any_module_is_not_called(text_export, tmp_path):
    """Keras 3.5 runs the command, safe mode or not: a function in the place of a layer is called with its inputs."""
    command = {
        "module": "subprocess",
        "class_name": "function",
        "config": "Popen",
        "registered_name": "function",
        "name": "run",
        "inbound_nodes": [{"args": [["touch", str(tmp_path / "sprung")]], "kwargs": {}}],
    }

    def add(content):
        config = json.loads(content)
        config["config"]["layers"].append(command)
        return json.dumps(config).encode()

    path = tmp_path / "model.keras"
    rewritten(text_export.folder / "model.keras", path, "config.json", add)
    with pytest.raises(EmotionTFError, match=r"^[^\n]*model\.keras cannot be loaded \([^\n]*\)$"):
        load(path)
    with pytest.raises(Exception, match="deserial|locate|safe"):
        keras.saving.load_model(path)
    assert not (tmp_path / "sprung").exists()


def bomb(variables, kernel):
    variables.create_dataset("0", (2**24, 2**10), "float32", chunks=(1024, 1024), compression="gzip")


def virtual(variables, kernel):
    layout = h5py.VirtualLayout(kernel.shape, kernel.dtype)
    layout[...] = h5py.VirtualSource("elsewhere.h5", "kernel", kernel.shape)
    variables.create_virtual_dataset("0", layout)


def elsewhere(variables, kernel):
    variables.create_dataset("0", kernel.shape, kernel.dtype, external=[("elsewhere.bin", 0, kernel.nbytes)])


def linked(variables, kernel):
    variables["0"] = h5py.ExternalLink("elsewhere.h5", "kernel")


@pytest.mark.parametrize("trick", [bomb, virtual, elsewhere, linked], ids=lambda trick: trick.__name__)
def test_weights_that_lie_elsewhere_or_claim_gigabytes(trick, text_export, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def change(content):
        whole = io.BytesIO(content)
        with h5py.File(whole, "r+") as file:
            places = []
            file.visit(lambda name: places.append(name) if name.endswith("vars/0") else None)
            variables = file[places[0]].parent
            kernel = variables["0"][...]
            del variables["0"]
            (tmp_path / "elsewhere.bin").write_bytes(kernel.tobytes())
            with h5py.File(tmp_path / "elsewhere.h5", "w") as other:
                other["kernel"] = kernel
            trick(variables, kernel)
        return whole.getvalue()

    path = tmp_path / "model.keras"
    rewritten(text_export.folder / "model.keras", path, "model.weights.h5", change)
    with pytest.raises(EmotionTFError, match=r"^[^\n]*model\.keras cannot be loaded \([^\n]*\)$"):
        load(path)
    with pytest.raises(ValueError, match="Not allowed"):
        keras.saving.load_model(path)
