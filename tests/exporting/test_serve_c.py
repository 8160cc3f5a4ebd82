"""The contract of the SavedModel, proved without Python: a C program loads it as a server does and runs each signature.

`serve.c` is built against the headers and libraries of the installed TensorFlow. It knows nothing of this package.
"""

import io
import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile
import tensorflow as tf
from made_waves import RATE, noise
from tensorflow.core.protobuf import saved_model_pb2

from emotion_tf.labels import FOUR

pytest_plugins = ["exported_runs"]

TRANSCRIPT, WORD_IDS = "I am so sad, today!", [2, 3, 4, 6, 7, 1]
"""Their ids were looked up by hand in the vocabulary of `exported_runs`."""


@pytest.fixture(scope="session")
def program(tmp_path_factory) -> Path:
    """The compiled program."""
    libraries = Path(tf.sysconfig.get_lib())
    if shutil.which("gcc") is None:
        pytest.skip("SKIPPED FOR WANT OF gcc: the C program that proves the SavedModel cannot be built")
    if not (libraries / "libtensorflow_cc.so.2").is_file():
        pytest.skip("SKIPPED FOR WANT OF libtensorflow_cc.so.2: this TensorFlow comes without its C interface")
    path = tmp_path_factory.mktemp("serve") / "serve"
    command = ["gcc", "-std=c11", "-Wall", "-Wextra", "-Werror", Path(__file__).with_name("serve.c"), "-o", path]
    command += ["-isystem", tf.sysconfig.get_include(), f"-L{libraries}", f"-Wl,-rpath,{libraries}"]
    subprocess.run([*command, "-l:libtensorflow_cc.so.2", "-l:libtensorflow_framework.so.2"], check=True)
    return path


class Requests:
    """The command line of the program, request by request, with the tensors' names looked up in the signatures."""

    def __init__(self, run, folder: Path):
        self.saved_model, self._folder = run.folder / "saved_model" / "1", folder
        file = saved_model_pb2.SavedModel.FromString((self.saved_model / "saved_model.pb").read_bytes())
        self._signatures = file.meta_graphs[0].signature_def
        self._arguments: list[str] = []
        self._outputs: list[dict[str, str]] = []

    def add(self, signature: str, **inputs) -> None:
        """One request: bytes are a batch of one string, anything else is an array."""
        arguments = ["--"] * bool(self._outputs)
        for name, value in inputs.items():
            path = self._folder / f"{len(self._outputs)}-{name}"
            tensor = self._signatures[signature].inputs[name].name
            if isinstance(value, bytes):
                path.write_bytes(value)
                arguments += ["string", tensor, str(path)]
            else:
                path.write_bytes(value.tobytes())
                kind = {"float32": "float", "int32": "int"}[value.dtype.name]
                arguments += [kind, tensor, str(path), ",".join(map(str, value.shape))]
        outputs = {name: info.name for name, info in self._signatures[signature].outputs.items()}
        for tensor in outputs.values():
            arguments += ["fetch", tensor]
        self._arguments += arguments
        self._outputs.append(outputs)

    def run(self, program: Path) -> list[dict[str, str]]:
        """The outputs of each request as text, or what stands behind `error: ` alone."""
        done = start(program, self.saved_model, *self._arguments)
        assert done.returncode == 0, done.stderr
        *blocks, rest = done.stdout.split("--\n")
        assert not rest
        answers = []
        for block, outputs in zip(blocks, self._outputs, strict=True):
            lines = dict(line.split(" ", 1) for line in block.splitlines())
            answers.append(lines if "error:" in lines else {name: lines[outputs[name]] for name in outputs})
        return answers


def start(program, *arguments):
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    return subprocess.run([program, *arguments], capture_output=True, text=True, env=environment)


def wav(waveform, rate=RATE):
    file = io.BytesIO()
    soundfile.write(file, waveform, rate, format="WAV", subtype="PCM_16")
    return file.getvalue()


def check_every_signature(run, waveform, program, folder):
    config, requests = run.config, Requests(run, folder)
    text = {"transcript": TRANSCRIPT.encode()} if config.model.reads else {}
    words = {"word_ids": np.array([WORD_IDS], np.int32)} if config.model.reads else {}
    num_samples, audio, wave, frames = np.array([len(waveform)], np.int32), {}, {}, {}
    if config.model.hears:
        audio = {"audio": wav(waveform)}
        wave = {"waveform": waveform[np.newaxis], "num_samples": num_samples}
        front_end = run.speech_model.get_layer("front_end")
        frames = {"features": front_end(waveform[np.newaxis], num_samples).numpy()}
        requests.add("waveform", **wave, **text, **run.voices)
    requests.add("serving_default", **audio, **text, **run.voices)
    requests.add("features", **frames, **words, **run.voices)
    expected = run.expected(waveform, WORD_IDS)
    for answer in requests.run(program):
        assert answer["error"] == ""
        assert answer["label"] == FOUR[expected.argmax()]
        np.testing.assert_allclose(np.array(answer["probabilities"].split(), float), expected, atol=1e-5)


def test_every_signature(any_export, program, tmp_path):
    check_every_signature(any_export, noise(2 * RATE), program, tmp_path)


def test_every_signature_on_real_speech(both_export, ravdess_clips, program, tmp_path):
    waveform, _ = soundfile.read(ravdess_clips[len(ravdess_clips) // 2], dtype="float32")
    check_every_signature(both_export, waveform, program, tmp_path)


def test_bad_input_ends_nothing(both_export, program, tmp_path):
    requests, good = Requests(both_export, tmp_path), wav(noise(RATE))
    bad = [b"", b"RIFF", good[:300], wav(noise(800), rate=8000), os.urandom(5000)]
    for content in bad:
        requests.add("serving_default", audio=content, transcript=b"so sad")
    requests.add("serving_default", audio=good, transcript=b"so sad " * 10_000 + b"\xff\x00")
    requests.add("serving_default", audio=good)
    requests.add("serving_default", audio=np.ones([1, 3], np.float32), transcript=b"so sad")
    requests.add("waveform", waveform=noise(9)[np.newaxis], num_samples=np.array([-5], np.int32), transcript=b"so sad")
    requests.add("features", features=np.zeros([1, 3, 7], np.float32), word_ids=np.array([[1]], np.int32))
    requests.add("serving_default", audio=good, transcript=b"so sad")
    *refused, long, missing, mistyped, negative, narrow, last = requests.run(program)
    beginnings = ["is empty", "is not a WAV file", "is cut short", "has another rate", "is not a WAV file"]
    for answer, beginning in zip(refused, beginnings, strict=True):
        assert answer["error"].startswith(f"audio {beginning}; expected the bytes of a 16-bit PCM WAV file at 16000 Hz")
        assert (answer["label"], answer["probabilities"]) == ("", "0 0 0 0")
    assert negative["error"].startswith("num_samples is out of range; expected 1")
    assert "must feed a value" in missing["error:"]
    assert "to be string but float is" in mistyped["error:"]
    assert narrow.keys() == {"error:"}
    for answer, ids in [(long, [4, 6] * 4 + [4]), (last, [4, 6])]:
        expected = both_export.expected(noise(RATE), ids)
        np.testing.assert_allclose(np.array(answer["probabilities"].split(), float), expected, atol=1e-5)


def test_saved_model_that_is_damaged(text_export, program, tmp_path):
    shutil.copytree(text_export.folder / "saved_model" / "1", tmp_path / "1")
    (tmp_path / "1" / "assets" / "vocabulary.txt").unlink()
    done = start(program, tmp_path / "1")
    assert done.returncode == 1
    # TensorFlow may say something of its own before.
    (error,) = (line for line in done.stderr.splitlines() if line.startswith("error: "))
    assert "vocabulary.txt" in error
