"""The page on TensorFlow Serving: its requests are sent as they stand there, and its answers are what comes back."""

import json
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest
import soundfile
from doc_blocks import ROOT, blocks
from made_waves import RATE, noise

from emotion_tf.cli import main
from emotion_tf.labels import FOUR

pytest.importorskip("tensorflow_serving.apis", reason="SKIPPED FOR WANT OF tensorflow-serving-api")

pytest_plugins = ["exported_runs"]

PAGE = ROOT / "docs" / "guide" / "serving.md"


def texts(language, containing=""):
    found = [block.text for block in blocks(PAGE) if block.language == language and containing in block.text]
    assert found, f"{PAGE} has no {language} with {containing!r}"
    return found


@pytest.fixture(scope="module")
def served(both_export):
    from serving_stand_in import Served, serving

    model = Served(both_export.folder / "saved_model" / "1")
    with serving(model) as ports:
        yield both_export, model, ports


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with the clip of which the page speaks."""
    soundfile.write(tmp_path / "clip.wav", noise(2 * RATE), RATE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def at(ports, text):
    return text.replace("localhost:8500", ports.address("grpc")).replace("http://localhost:8501", ports.address("rest"))


def expected(run, model):
    """What the network says to the last request; of the page's sentence it knows the first two words."""
    (transcript,) = model.requests[-1].inputs["transcript"].string_val
    assert transcript in (b"", b"I am furious about the old house.")
    return run.expected(noise(2 * RATE), [2, 3, 1, 1, 1, 1, 1] if transcript else [0])


def form(content):
    """JSON with its types in place of its values."""
    if isinstance(content, dict):
        return {key: form(value) for key, value in content.items()}
    return [form(item) for item in content] if isinstance(content, list) else type(content).__name__


@pytest.mark.parametrize("key", ["instances", "inputs"])
def test_rest_requests(served, here, key):
    if shutil.which("curl") is None:
        pytest.skip("SKIPPED FOR WANT OF curl, which the page uses")
    run, model, ports = served
    (command,) = texts("bash", f'"{key}"')
    done = subprocess.run(["bash", "-c", at(ports, command)], capture_output=True, text=True, check=True)
    answer = json.loads(done.stdout)
    (shown,) = texts("json", "predictions" if key == "instances" else "outputs")
    assert form(answer) == form(json.loads(shown))
    row = (
        answer["predictions"][0] if key == "instances" else {name: rows[0] for name, rows in answer["outputs"].items()}
    )
    np.testing.assert_allclose(row["probabilities"], expected(run, model), atol=1e-5)
    assert row["label"] == FOUR[expected(run, model).argmax()]
    assert row["error"] == ""


def test_grpc_request(served, here):
    run, model, ports = served
    (program,) = texts("python", "grpc")
    done = subprocess.run([sys.executable, "-c", at(ports, program)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    *numbers, label = done.stdout.replace("[", " ").replace("]", " ").split()
    np.testing.assert_allclose(np.array(numbers, float), expected(run, model), atol=1e-5)
    assert label == FOUR[expected(run, model).argmax()]


def test_command_line(served, here, capsys):
    run, model, ports = served
    (commands,) = texts("bash", "--server")
    for command in at(ports, commands).splitlines():
        program, *arguments = re.findall(r'"([^"]*)"|(\S+)', command)
        assert program == ("", "emotion-tf")
        # The clip was made by code and is no speech.
        assert main([*(quoted or plain for quoted, plain in arguments), "--any-sound"]) == 0
        file, label, *_ = capsys.readouterr().out.split()
        assert (file, label) == ("clip.wav", FOUR[expected(run, model).argmax()])


def test_server_is_started_with_what_an_export_holds():
    (command,) = texts("bash", "tensorflow_model_server")
    assert re.findall(r"\$PWD/export/demo/(\w+)", command) == ["saved_model", "batching_parameters"]
    assert "--model_name=emotion " in command and "--port=8500 --rest_api_port=8501" in command
