"""Where the tests find real speech, and one way to skip loudly without it."""

import ctypes
import os
import shutil
import subprocess
import sys
from pathlib import Path

import keras
import pytest
import tensorflow as tf

from emotion_tf.audio.decode import wav
from emotion_tf.utils.tf_private import forgetting_graphs

# The tests ask for the digits of float32, of which GPUs keep three where TensorFlow lets them.
tf.config.experimental.enable_tensor_float_32_execution(False)

pytest.register_assert_rewrite("checks")


@pytest.fixture(scope="module", autouse=True)
def memory_given_back():
    """Frees what the tests of a file leave in TensorFlow and in the heap; two processes came to fill 20 GB with it."""
    with forgetting_graphs():
        yield
    keras.backend.clear_session()
    if sys.platform == "linux":
        ctypes.CDLL(None).malloc_trim(0)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real corpora; a test that asks for it is skipped where there is none."""
    folder = os.environ.get("EMOTION_TF_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("SKIPPED FOR WANT OF DATA: set EMOTION_TF_DATA to the folder with ravdess/, paired/ and vectors")
    return Path(folder)


@pytest.fixture(scope="session")
def ravdess_clips(real_data) -> list[Path]:
    """Real clips of the four emotions, by several actors."""
    clips = sorted((real_data / "ravdess").glob("Actor_*/03-01-0[1345]-*.flac"))
    if not clips:
        pytest.skip(f"SKIPPED FOR WANT OF DATA: no RAVDESS clip under {real_data}")
    return clips


@pytest.fixture(scope="session")
def cases(tmp_path_factory) -> Path:
    """The folder of recordings as people have them, which cases/make_cases.sh makes."""
    folder = os.environ.get("EMOTION_TF_CASES")
    if folder and (Path(folder) / "v.wav").is_file():
        return Path(folder)
    missing = [tool for tool in ("bash", "espeak-ng", "sox", "ffmpeg", "opusenc", "flac") if not shutil.which(tool)]
    if missing:
        pytest.skip(f"SKIPPED FOR WANT OF {', '.join(missing)}: apt-get install espeak-ng sox ffmpeg opus-tools flac")
    made = tmp_path_factory.mktemp("cases")
    subprocess.run(["bash", Path(__file__).parent / "cases" / "make_cases.sh", made], check=True)
    return made


@pytest.fixture(scope="session")
def sentences(real_data) -> list[str]:
    """The sentences of GoEmotions."""
    lines = (real_data / "goemotions4.tsv").read_text(encoding="utf-8").split("\n")
    return [line.split("\t")[2] for line in lines[1:] if line]


@pytest.fixture(params=[True, False], ids=["tensorflow-io", "soundfile"])
def back_end(request, monkeypatch):
    """Every decoding test runs with tensorflow-io, where it loads, and as if it were not there."""
    if not request.param:
        monkeypatch.setattr(wav, "tensorflow_io_audio", lambda: None)
    elif wav.tensorflow_io_audio() is None:
        pytest.skip("tensorflow-io does not load with this TensorFlow")


EXPORTS = {"any_export", "both_export", "stand_ins_export", "audio_export", "text_export"}
"""Fixtures of exported_runs.py, which many files ask for and which take long."""


def export_of(item: pytest.Item) -> str | None:
    """The export that a test asks for; those that ask for the same one share a process, which makes it once."""
    fixtures = sorted(EXPORTS & set(getattr(item, "fixturenames", ())))
    parameters = item.callspec.params if hasattr(item, "callspec") else {}
    return f"export {parameters.get(fixtures[0], fixtures[0].removesuffix('_export'))}" if fixtures else None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Marks every test that asks for real data, so that `-m data` picks them, and says which share a process."""
    for item in items:
        if {"real_data", "ravdess_clips"} & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.data)
        item.add_marker(pytest.mark.xdist_group(export_of(item) or str(item.path)))
