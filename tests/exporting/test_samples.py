"""The samples for devices give the golden vectors of an export, each built as its language is.

The one in JavaScript is asked in `tests/webdemo`, which has the browser.
"""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import ai_edge_litert
import numpy as np
import pytest
import soundfile
from ai_edge_litert.interpreter import Interpreter
from golden_vectors import FILE, check_answer, golden
from made_waves import RATE, babble

from emotion_tf.text.tokenizer import tokenize

pytest_plugins = ["exported_runs"]

SAMPLES = Path(__file__).parents[2] / "examples" / "device"
LITERT = Path(ai_edge_litert.__file__).parent
JVM = Path(__file__).with_name("jvm")
JSON_JAR = Path("/usr/share/java/com.android.json.jar")
"""Android's own `org.json`, as Debian packages it."""


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


def test_cpp_cuts_and_pads_as_python_does(recognize, both_export, tmp_path):
    """A recording and words that are longer than the model takes, and a chunk of odd size before the samples."""
    export, wave = both_export.folder, babble(9 * RATE)
    soundfile.write(tmp_path / "long.wav", wave, RATE, subtype="PCM_16")
    content = (tmp_path / "long.wav").read_bytes()
    at = content.index(b"data")
    (tmp_path / "long.wav").write_bytes(content[:at] + b"LIST\3\0\0\0abc\0" + content[at:])
    word_ids = [2, 3, 4, 6, 7, 1, 8, 9, 10, 5, 5]
    _, found = answer(ask(recognize, export, tmp_path / "long.wav", word_ids))

    runner = Interpreter(str(export / "tflite" / f"{FILE}.tflite")).get_signature_runner()
    lengths = {name: detail["shape"][-1] for name, detail in runner.get_input_details().items()}
    samples = soundfile.read(tmp_path / "long.wav", dtype="float32", frames=lengths["waveform"])[0]
    assert len(samples) < len(wave) and lengths["word_ids"] < len(word_ids)
    expected = runner(
        waveform=samples[np.newaxis],
        num_samples=np.array([len(samples)], np.int32),
        word_ids=np.array([word_ids[: lengths["word_ids"]]], np.int32),
    )
    np.testing.assert_allclose(list(found.values()), expected["probabilities"][0], rtol=0, atol=1e-4)


@pytest.mark.parametrize(
    ("rate", "channels", "subtype"), [(8000, 1, "PCM_16"), (RATE, 2, "PCM_16"), (RATE, 1, "PCM_24")]
)
def test_cpp_refuses_other_recordings(recognize, audio_export, tmp_path, rate, channels, subtype):
    soundfile.write(tmp_path / "clip.wav", np.zeros((800, channels)), rate, subtype=subtype)
    done = ask(recognize, audio_export.folder, tmp_path / "clip.wav", [])
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.endswith("is no 16-bit mono WAV file of 16 kHz\n")


@pytest.mark.parametrize("words", ["6,x", "6x", "6,,7", "-1"])
def test_cpp_refuses_what_is_no_word_id(recognize, both_export, words):
    export = both_export.folder
    command = [
        recognize,
        export / "tflite" / f"{FILE}.tflite",
        export / "labels.txt",
        export / "golden" / "0.wav",
        words,
    ]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.endswith("is no word id\n") and done.stderr.count("\n") == 1


def test_cpp_says_that_the_model_cannot_be_read(recognize, audio_export):
    done = ask(recognize, audio_export.folder / "golden", audio_export.folder / "golden" / "0.wav", [])
    assert (done.returncode, done.stdout) == (1, "")
    assert "error: LiteRT fails with status" in done.stderr


@pytest.fixture(scope="session")
def recognizer_jar(tmp_path_factory) -> Path:
    """The sample for Android, compiled for the JVM, with what takes the place of LiteRT's library there."""
    for program in ("kotlinc", "java"):
        if shutil.which(program) is None:
            pytest.skip(f"SKIPPED FOR WANT OF {program}: apt-get install kotlin")
    if not JSON_JAR.is_file():
        pytest.skip(f"SKIPPED FOR WANT OF {JSON_JAR}: apt-get install libandroid-json-java")
    jar = tmp_path_factory.mktemp("recognizer") / "recognizer.jar"
    sources = [SAMPLES / "Recognizer.kt", *sorted(JVM.glob("*.kt"))]
    subprocess.run(["kotlinc", "-cp", JSON_JAR, *sources, "-include-runtime", "-d", jar], check=True)
    return jar


@pytest.mark.parametrize("name", ["both_export", "audio_export"])
def test_kotlin_gives_every_golden_vector(recognizer_jar, request, name):
    """The interpreter is Python's; all before and behind it is the sample's: words, lengths, names, shapes, labels."""
    export = request.getfixturevalue(name).folder
    content = golden(export)
    utterances, transcripts = content["utterances"], content.get("transcripts", [])
    if transcripts:
        # Regular expressions of the JVM take the accent for part of the word, those of the steps do not.
        transcripts.append({"transcript": "Il n'té cécan't", "words": tokenize("Il n'té cécan't")})
    asked = {
        "utterances": [{**each, "wav": str(export / "golden" / each["wav"])} for each in utterances],
        "transcripts": transcripts,
    }
    java = [
        "java",
        "-cp",
        f"{recognizer_jar}:{JSON_JAR}",
        "-Dfile.encoding=UTF-8",
        "-Dstdout.encoding=UTF-8",
        f"-Dpython={sys.executable}",
    ]
    command = [*java, f"-Dinterpreter={JVM / 'interpreter.py'}", "MainKt", export]
    done = subprocess.run(command, input=json.dumps(asked), capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    given = json.loads(done.stdout)
    assert len(utterances) > 2
    for utterance, answer in zip(utterances, given["answers"], strict=True):
        probabilities = dict(answer)
        in_order = [probabilities[label] for label in content["labels"]]
        check_answer(export, utterance, answer[0][0], in_order)
    assert given["words"] == [each["words"] for each in transcripts]
