"""The samples for devices give the golden vectors of an export, each built as its language is.

The one in JavaScript is asked in `tests/webdemo`, which has the browser.
"""

import re
import shutil
import subprocess
from pathlib import Path

import ai_edge_litert
import pytest
from golden_vectors import FILE, check_answer, golden

pytest_plugins = ["exported_runs"]

SAMPLES = Path(__file__).parents[2] / "examples" / "device"
LITERT = Path(ai_edge_litert.__file__).parent


@pytest.fixture(scope="session")
def recognize(tmp_path_factory) -> Path:
    """The C++ sample, compiled and linked with the library of ai-edge-litert."""
    if shutil.which("g++") is None:
        pytest.skip("SKIPPED FOR WANT OF g++: the C++ sample for devices cannot be built")
    if not (LITERT / "libLiteRt.so").is_file():
        pytest.skip("SKIPPED FOR WANT OF libLiteRt.so: this ai-edge-litert comes without LiteRT's C library")
    folder = tmp_path_factory.mktemp("recognize")
    source = SAMPLES / "recognize.cpp"
    # The wheel has no headers; the sample includes what a user's own LiteRT has.
    for header in re.findall(r'^#include "(litert/.+)"$', source.read_text(encoding="utf-8"), flags=re.MULTILINE):
        (folder / header).parent.mkdir(parents=True, exist_ok=True)
        (folder / header).write_text(f'#include "{Path(__file__).with_name("litert_c.h")}"\n', encoding="utf-8")
    command = ["g++", "-std=c++17", "-Wall", "-Wextra", "-Werror", f"-I{folder}", source, "-o", folder / "recognize"]
    subprocess.run([*command, f"-L{LITERT}", f"-Wl,-rpath,{LITERT}", "-lLiteRt"], check=True)
    return folder / "recognize"


def ask(program: Path, export: Path, wav: Path, word_ids: list[int]) -> subprocess.CompletedProcess:
    words = [",".join(map(str, word_ids))] if word_ids else []
    command = [program, export / "tflite" / f"{FILE}.tflite", export / "labels.txt", wav, *words]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8")


def answer(done: subprocess.CompletedProcess) -> tuple[str, dict[str, float]]:
    """The label and the probabilities that a sample prints."""
    assert done.returncode == 0, done.stderr
    label, *lines = done.stdout.splitlines()
    return label, {name: float(value) for name, value in (line.split("\t") for line in lines)}


@pytest.mark.parametrize("name", ["both_export", "audio_export"])
def test_cpp_gives_every_golden_vector(recognize, request, name):
    export = request.getfixturevalue(name).folder
    content = golden(export)
    assert len(content["utterances"]) > 2
    for utterance in content["utterances"]:
        done = ask(recognize, export, export / "golden" / utterance["wav"], utterance.get("word_ids", []))
        label, probabilities = answer(done)
        assert list(probabilities) == content["labels"]
        check_answer(export, utterance, label, list(probabilities.values()))


def test_cpp_hears_no_more_than_the_model_takes(recognize, audio_export, tmp_path):
    """What is cut off is told from nothing by an interpreter of Python's."""


def test_cpp_refuses_other_recordings(recognize, audio_export, tmp_path):
    export = audio_export.folder
