"""The command line: what goes wrong is one line, and the rest is handed on."""

import json

import numpy as np
import pytest

from emotion_tf import __version__, training
from emotion_tf.cli import main
from emotion_tf.config import Config
from emotion_tf.corpora.folds import LEAK_NOTICE
from emotion_tf.evaluation.predictions import Predictions
from emotion_tf.labels import EMOTIONS
from emotion_tf.presets import PRESETS, preset


@pytest.fixture
def manifest(tmp_path):
    """A corpus of words: four speakers with every emotion each."""
    path = tmp_path / "corpus.csv"
    rows = [f"{speaker}-{label},so {label},{label},{speaker}\n" for speaker in "abcd" for label in EMOTIONS]
    path.write_text("id,text,label,speaker\n" + "".join(rows))
    return path


@pytest.fixture
def train_flags(manifest, tmp_path):
    return [
        *("train", "--corpus", "manifest", "--data_dir", str(manifest), "--modality", "text"),
        *("--protocol", "speaker-kfold:2", "--workdir", str(tmp_path / "runs" / "one")),
    ]


@pytest.fixture
def workdir(tmp_path):
    """What `evaluate` reads of a run: two utterances of three right."""
    folder = tmp_path / "run"
    probabilities = np.array([[0.7, 0.1, 0.1, 0.1], [0.7, 0.1, 0.1, 0.1], [0.1, 0.1, 0.7, 0.1]])
    Predictions(["x", "y", "z"], np.zeros(3), ["Ann", "Bob", "Bob"], np.array([0, 0, 1]), probabilities).write(
        folder / "predictions.csv"
    )
    run = {"protocol": "random:2", "corpus": "made", "notes": [LEAK_NOTICE]}
    (folder / "config.json").write_text(json.dumps(run))
    return folder


def flags_only(value):
    """What a case is called."""
    return " ".join(value) if isinstance(value, list) else ""


def the_line(capsys) -> str:
    """The only line on the standard error, without what stands before each."""
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1 and lines[0].startswith("emotion-tf: "), lines
    return lines[0].removeprefix("emotion-tf: ")


@pytest.mark.parametrize(
    ("flags", "problem"),
    [
        (["--corpus", "ravdess", "--data_dir", "no/such/folder"], "no/such/folder"),
        (["--corpus", "ravdess"], "ravdess"),
        (["--data_dir", "no/such/manifest.csv"], "there is no manifest no/such/manifest.csv"),
        (["--protocol", "speaker-fold:2"], "unknown protocol; expected one of speaker-kfold:K, "),
        (["--protocol", "speaker-kfold:5"], "the corpus is too small for speaker-kfold:5"),
        (["--protocol", "leave-one-session-out"], "leave-one-session-out needs a session"),
        (["--set", "training.epoch=5"], "no such setting; expected one of"),
        (["--set", "training.epochs"], "no such setting; expected one of"),
        (["--set", "training.epochs=many"], "setting training.epochs does not fit; expected int, received 'many'"),
        (["--set", "training.epochs=0"], "setting training.epochs is out of range; expected more than zero"),
        (["--modality", "both"], "has no audio; expected an audio file for every utterance"),
    ],
    ids=flags_only,
)
def test_mistakes_in_train_are_one_line_and_leave_nothing(train_flags, tmp_path, capsys, flags, problem):
    if flags[0] == "--corpus":
        train_flags = [flag for flag in train_flags if flag != "--data_dir" and not flag.endswith(".csv")]
    assert main([*train_flags, *flags]) == 1
    assert problem in the_line(capsys)
    assert not (tmp_path / "runs" / "one").exists()


def test_flags_arrive_as_settings(train_flags, tmp_path, monkeypatch, capsys):
    calls = []

    def train(*arguments):
        calls.append(arguments)
        return {"notes": ["a note"], "protocol": "speaker-kfold:2", "n": 16, "wa": 0.5, "ua": 0.25}

    monkeypatch.setattr(training, "train", train)
    flags = ["--preset", "strong", "--word_vectors", "a b.txt", "--set", "training.epochs=7", "--records_dir", "kept"]
    assert main([*train_flags, *flags, "--set", "model.filters=9", "--skip_bad"]) == 0
    ((corpus, config, protocol, workdir, records_dir, skip_bad),) = calls
    assert len(corpus.utterances) == 16
    assert config == preset("strong").override(
        "model.modality=text", "words.word_vectors=a b.txt", "training.epochs=7", "model.filters=9"
    )
    assert (protocol, workdir, str(records_dir), skip_bad) == (
        "speaker-kfold:2",
        tmp_path / "runs" / "one",
        "kept",
        True,
    )
    assert capsys.readouterr().out.splitlines() == [
        "Note: a note",
        "speaker-kfold:2, 16 utterances: WA 0.500, UA 0.250",
        f"report: {workdir / 'report.html'}",
    ]


def test_no_preset_is_the_recipe_of_the_paper(train_flags, monkeypatch):
    configs = []

    def train(corpus, config, *others):
        configs.append(config)
        return {"notes": [], "protocol": "", "n": 0, "wa": 0, "ua": 0}

    monkeypatch.setattr(training, "train", train)
    assert main(train_flags) == 0
    assert configs == [Config().override("model.modality=text")]


def test_prepare_makes_the_records(manifest, tmp_path, capsys):
    flags = ["prepare", "--corpus", "manifest", "--data_dir", str(manifest), "--modality", "text"]
    assert main([*flags, "--records_dir", str(tmp_path / "records")]) == 0
    assert capsys.readouterr().out == "features of 16 of 16 utterances (speed 1)\n"
    assert list((tmp_path / "records").glob("*/utterances.tfrecord"))


def test_evaluate_prints_the_figures(workdir, capsys):
    assert main(["evaluate", "--workdir", str(workdir)]) == 0
    # One of the two emotions that occur is always right, the other never.
    assert capsys.readouterr().out.splitlines() == [
        f"Note: {LEAK_NOTICE}",
        "random:2, 3 utterances: WA 0.667, UA 0.500",
        f"report: {workdir / 'report.html'}",
    ]


def test_evaluate_of_no_run(tmp_path, capsys):
    assert main(["evaluate", "--workdir", str(tmp_path / "none")]) == 1
    assert f"{tmp_path / 'none' / 'config.json'} does not exist" in the_line(capsys)


def test_predict_without_a_model(tmp_path, capsys):
    assert main(["predict", "a.wav", "--model", str(tmp_path / "none")]) == 1
    assert str(tmp_path / "none") in the_line(capsys)


def test_a_file_where_a_folder_should_be(train_flags, tmp_path, capsys):
    (tmp_path / "runs").write_text("")
    assert main(train_flags) == 1
    assert str(tmp_path / "runs") in the_line(capsys)
    assert (tmp_path / "runs").read_text() == ""


def test_a_folder_where_a_file_should_be(workdir, capsys):
    (workdir / "predictions.csv").unlink()
    (workdir / "predictions.csv").mkdir()
    assert main(["evaluate", "--workdir", str(workdir)]) == 1
    assert the_line(capsys) == f"Is a directory: {workdir / 'predictions.csv'}"


@pytest.mark.parametrize(
    ("flags", "problem"),
    [
        (["--preset", "best"], "'best' (choose from"),
        (["--corpus", "iemocup"], "'iemocup'"),
        (["--modality", "video"], "'video'"),
    ],
    ids=flags_only,
)
def test_argparse_refuses_unknown_choices(train_flags, capsys, flags, problem):
    with pytest.raises(SystemExit) as stopped:
        main([*train_flags, *flags])
    assert stopped.value.code == 2
    assert problem in capsys.readouterr().err.splitlines()[-1]


def test_help_describes_the_presets(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["train", "--help"])
    assert stopped.value.code == 0
    text = " ".join(capsys.readouterr().out.split())
    for name, described in PRESETS.items():
        assert f"{name}: {described.description}" in text.replace("- ", "-")


def test_version(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["--version"])
    assert stopped.value.code == 0
    assert capsys.readouterr().out == f"emotion-tf {__version__}\n"
