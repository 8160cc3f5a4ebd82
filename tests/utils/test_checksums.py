"""Sums of an export: in the format of sha256sum, and checked before anything of it is loaded."""

import shutil
import subprocess

import pytest

from emotion_tf.errors import EmotionTFError
from emotion_tf.inference import load
from emotion_tf.utils.checksums import CHECKSUMS, write_checksums

pytest_plugins = ["exported_runs"]

SUMS = "SHA256SUMS"
LOADED = {
    "saved_model/1": ["saved_model.pb", "variables/variables.index", "assets/vocabulary.txt"],
    "tflite/float32.tflite": [""],
    "model.keras": [""],
}


@pytest.fixture
def copy(text_export, tmp_path):
    """An export with its sums, which a test may damage."""
    folder = tmp_path / "export"
    shutil.copytree(text_export.folder, folder)
    (folder / SUMS).unlink(missing_ok=True)
    write_checksums(folder)
    return folder


def flip(path):
    """Changes a bit in the middle of a file."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def test_sha256sum_agrees(copy):
    assert CHECKSUMS == SUMS
    done = subprocess.run(["sha256sum", "--check", "--strict", SUMS], cwd=copy, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    names = {path.relative_to(copy).as_posix() for path in copy.rglob("*") if path.is_file()}
    assert {line.removesuffix(": OK") for line in done.stdout.splitlines()} == names - {SUMS}


@pytest.mark.parametrize("artefact", LOADED)
def test_whole_export_is_loaded(copy, artefact):
    assert load(copy / artefact).predict(transcript="never sad")


@pytest.mark.parametrize("name", ["config.json", "labels.txt", "vocabulary.txt"])
def test_changed_settings(copy, name):
    flip(copy / "saved_model" / "1" / "assets" / name)
    with pytest.raises(EmotionTFError, match=rf"{name} is not the file whose sum SHA256SUMS holds\. To fix: copy"):
        load(copy)


@pytest.mark.parametrize(("artefact", "name"), [(artefact, name) for artefact, of in LOADED.items() for name in of])
def test_changed_and_missing_artefact(copy, artefact, name):
    path = copy / artefact / name if name else copy / artefact
    flip(path)
    with pytest.raises(EmotionTFError, match=rf"{path.name} is not the file whose sum SHA256SUMS holds"):
        load(copy / artefact)
    if path.name != "saved_model.pb" and path != copy / artefact:  # Without these, there is nothing to load at all.
        path.unlink()
        with pytest.raises(EmotionTFError, match=rf"{path.name} is missing"):
            load(copy / artefact)


def test_strange_file(copy):
    stranger = copy / "saved_model" / "1" / "assets" / "stranger.txt"
    stranger.write_text("hello")
    with pytest.raises(EmotionTFError, match=r"stranger\.txt is not among the files of the export that SHA256SUMS"):
        load(copy)


def test_what_is_not_loaded_is_not_checked(copy):
    for name in ("MODEL_CARD.md", "config.json", "labels.txt", "vocabulary.txt", "saved_model/1/saved_model.pb"):
        flip(copy / name)
    assert load(copy / "model.keras").predict(transcript="sad")
    (copy / "model.keras").unlink()
    assert load(copy / "tflite" / "float32.tflite").predict(transcript="sad")


@pytest.mark.parametrize("line", ["\n", "0123  config.json\n", f"{'0' * 64} config.json\n", f"{'0' * 64}  config.json"])
def test_damaged_sums(copy, line):
    (copy / SUMS).write_text(line)
    with pytest.raises(EmotionTFError, match=r"SHA256SUMS, line 1 is no sum; expected 64 hexadecimal digits"):
        load(copy)


def test_artefact_without_sums(copy, tmp_path):
    (copy / SUMS).unlink()
    flip(copy / "MODEL_CARD.md")
    assert load(copy / "model.keras").predict(transcript="sad")
