"""What one version of TensorFlow exports is loaded by another."""

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile
from ask_export import ask
from made_waves import RATE, babble

pytest_plugins = ["exported_runs"]

ROOT = Path(__file__).parent.parent
TRANSCRIPT = "I am so happy, never sad"


@pytest.fixture(scope="module")
def other_python() -> str:
    """The interpreter of another environment, which EMOTION_TF_OTHER_PYTHON names."""
    python = os.environ.get("EMOTION_TF_OTHER_PYTHON")
    if not python:
        pytest.skip("SKIPPED FOR WANT OF ANOTHER ENVIRONMENT: make test-edges")
    return os.path.abspath(ROOT / python)  # noqa: PTH100  # Links are not followed, since they tell its environment.


@pytest.mark.parametrize("artefact", ["model.keras", "saved_model/1", "tflite/float32.tflite"])
def test_other_versions_say_the_same(artefact, other_python, both_export, tmp_path):
    wave, file = babble(2 * RATE), both_export.folder / artefact
    soundfile.write(tmp_path / "a.wav", wave, RATE, subtype="FLOAT")
    search = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = subprocess.run(
        [other_python, ROOT / "tests" / "ask_export.py", file, tmp_path / "a.wav", TRANSCRIPT],
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONPATH": search},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout.splitlines()[-1])
    print(answer["versions"])
    np.testing.assert_allclose(answer["said"], ask(str(file), str(tmp_path / "a.wav"), TRANSCRIPT), atol=1e-5)
