"""Commands as people run them: in a process of their own, where nothing but our lines is on the standard error."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import soundfile
from made_waves import RATE, babble

from emotion_tf.labels import FOUR

pytest_plugins = ["exported_runs"]

ROOT = Path(__file__).parent.parent

OURS = (
    r"labels: \d+ of \d+ utterances in \d+ classes .*",
    r"(features of utterances|fold \d of \d, epochs|folds): \d+ (of \d+, about .* left|done in .*)",
    r"fold \d of \d: \d+ to train, \d+ dev, \d+ test",
    r"fold \d of \d, epoch \d+ of \d+: loss .*",
    r"Note: .*",
)
"""The lines of a training."""

TRAIN = [
    *("train", "--corpus", "manifest", "--data-dir", "corpus.csv", "--modality", "text", "--protocol", "random:2"),
    *(
        f"--set={setting}"
        for setting in (
            "model.text_kernel_sizes=[2]",
            "model.filters=2",
            "model.dense_units=2",
            "words.embedding_width=2",
        )
    ),
]


def environment() -> dict[str, str]:
    """The environment of somebody who has set nothing."""
    return {name: value for name, value in os.environ.items() if not name.startswith("TF_")} | {"PYTHONPATH": str(ROOT)}


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "emotion_tf", *arguments]


def run(folder: Path, *arguments: str, given: bytes = b"") -> subprocess.CompletedProcess:
    return subprocess.run(
        command(*arguments), cwd=folder, env=environment(), input=given, capture_output=True, check=False
    )


@pytest.fixture
def folder(tmp_path):
    """A folder with a corpus of words and a recording."""
    rows = [f"{speaker}-{label},so {label},{label},{speaker}\n" for speaker in "abcd" for label in FOUR]
    (tmp_path / "corpus.csv").write_text("id,text,label,speaker\n" + "".join(rows))
    soundfile.write(tmp_path / "clip.wav", babble(RATE), RATE)
    return tmp_path


def test_training_says_our_lines_alone(folder):
    done = run(folder, *TRAIN, "--set=training.epochs=1", "--workdir", "run")
    assert done.returncode == 0
    lines = done.stderr.decode().splitlines()
    assert lines and [line for line in lines if not any(re.fullmatch(ours, line) for ours in OURS)] == []
    assert done.stdout.decode().splitlines()[-1] == f"report: {Path('run', 'report.html')}"


def test_quiet_training_says_nothing_and_its_file_repeats_it(folder):
    flags = ["--quiet", "--set=training.epochs=1", "--set=training.patience=null", "--skip-bad"]
    first = run(folder, *TRAIN, *flags, "--preset", "strong", "--workdir", "one")
    assert (first.returncode, first.stderr) == (0, b"")
    again = run(folder, "train", "--config", "one", "--workdir", "two", "--quiet")
    assert (again.returncode, again.stderr) == (0, b"")
    one, two = (folder / name for name in ("one", "two"))
    assert (one / "predictions.csv").read_bytes() == (two / "predictions.csv").read_bytes()
    text = (one / "config.toml").read_text(encoding="utf-8")
    assert (two / "config.toml").read_text(encoding="utf-8") == text
    # It names the preset, and beside it only what differs.
    assert 'preset = "strong"' in text and f'data_dir = "{folder / "corpus.csv"}"' in text
    assert "[training]\nepochs = 1\n" in text and "learning_rate" not in text


def test_interrupted_training_says_how_to_go_on(folder):
    flags = [*TRAIN, "--set=training.epochs=30000", "--set=training.patience=null", "--workdir", "run"]
    process = subprocess.Popen(
        command(*flags), cwd=folder, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    for line in process.stderr:
        if ", epoch 2 of 30000:" in line:
            process.send_signal(signal.SIGINT)
            break
    lines = process.stderr.read().splitlines()
    assert process.wait() == 130
    assert lines[-1] == "emotion-tf: stopped; the same command goes on where this one was"
    assert not [line for line in lines[:-1] if not any(re.fullmatch(ours, line) for ours in OURS)]
    assert (folder / "run" / "config.toml").exists() and not (folder / "run" / "metrics.json").exists()


@pytest.mark.parametrize("artefact", [".", "model.keras", "tflite/float32.tflite", "tflite/float32-fixed.tflite"])
def test_answers_come_alone(audio_export, folder, artefact):
    done = run(folder, "predict", "clip.wav", "--model", str(audio_export.folder / artefact), "--any-sound")
    assert (done.returncode, done.stderr) == (0, b"")
    name, label, scores = done.stdout.decode().rstrip("\n").split("\t")
    assert name == "clip.wav" and label in FOUR and scores.startswith("angry 0.")


def test_no_command_shows_the_commands(folder):
    done = run(folder)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.startswith(b"usage: emotion-tf") and b"\n    predict " in done.stdout


def test_recording_may_come_from_the_standard_input(audio_export, folder):
    model = ["--model", str(audio_export.folder / "tflite" / "float32.tflite"), "--json"]
    named = json.loads(run(folder, "predict", "clip.wav", *model).stdout)
    piped = json.loads(run(folder, "predict", "-", *model, given=(folder / "clip.wav").read_bytes()).stdout)
    assert piped == {**named, "file": "-"}


def test_texts_may_come_from_the_standard_input(text_export, folder):
    done = run(folder, "predict", "--text", "-", "--model", str(text_export.folder), given=b"so sad\n\nhow nice\n")
    assert (done.returncode, done.stderr, done.stdout.count(b"\n")) == (0, b"", 2)


def test_who_reads_no_further_is_no_mistake(folder):
    pipeline = " ".join([*command("settings"), "| head -n 1"])
    done = subprocess.run(pipeline, shell=True, cwd=folder, env=environment(), capture_output=True, check=False)
    assert done.stdout.startswith(b"features.encoder\t") and done.stderr == b""


def test_line_comes_once_where_a_library_sets_logging_up():
    code = (
        "import logging; from emotion_tf.cli.quiet import quiet_tensorflow; quiet_tensorflow(); "
        "from emotion_tf.utils.progress import log_to_stderr; log_to_stderr(); "
        "logging.info('another says'); logging.getLogger('emotion_tf.room').info('we say')"
    )
    done = subprocess.run([sys.executable, "-c", code], env=environment(), capture_output=True, check=True)
    assert done.stderr.splitlines() == [b"we say"]
