"""The command line: what goes wrong is one line, and the rest is handed on."""

import json
import re
import shlex
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile
from made_corpus import make_corpus
from small_models import fitted_for, small

from emotion_tf import __version__, asr, exporting, models, training
from emotion_tf.cli import main
from emotion_tf.cli.parser import COMMANDS, Parser, parse
from emotion_tf.config import Config, LabelConfig, settings
from emotion_tf.corpora.folds import NOTICES
from emotion_tf.evaluation.predictions import Predictions
from emotion_tf.labels import FOUR
from emotion_tf.recipes import PRESETS, preset


def write_manifest(path):
    """A corpus of words: four speakers with every emotion each."""
    rows = [f"{speaker}-{label},so {label},{label},{speaker}\n" for speaker in "abcd" for label in FOUR]
    path.write_text("id,text,label,speaker\n" + "".join(rows))
    return path


@pytest.fixture
def manifest(tmp_path):
    return write_manifest(tmp_path / "corpus.csv")


def training_flags(manifest, workdir):
    """The flags of a training on words."""
    return [
        *("train", "--corpus", "manifest", "--data_dir", str(manifest), "--modality", "text"),
        *("--protocol", "speaker-kfold:2", "--workdir", str(workdir)),
    ]


@pytest.fixture
def train_flags(manifest, tmp_path):
    return training_flags(manifest, tmp_path / "runs" / "one")


@pytest.fixture
def workdir(tmp_path):
    """What `evaluate` reads of a run: two utterances of three right."""
    folder = tmp_path / "run"
    probabilities = np.array([[0.7, 0.1, 0.1, 0.1], [0.7, 0.1, 0.1, 0.1], [0.1, 0.1, 0.7, 0.1]])
    Predictions(["x", "y", "z"], np.zeros(3), ["Ann", "Bob", "Bob"], np.array([0, 0, 1]), probabilities).write(
        folder / "predictions.csv"
    )
    run = {"protocol": "random:2", "corpus": "made", "notes": [NOTICES["random"]], "settings": {}}
    (folder / "config.json").write_text(json.dumps(run))
    return folder


def flags_only(value):
    """What a case is called."""
    return " ".join(value) if isinstance(value, list) else ""


def the_line(capsys) -> str:
    """The last line on the standard error, and the only error there, without what stands before each."""
    lines = capsys.readouterr().err.splitlines()
    assert [line for line in lines if line.startswith("emotion-tf: ")] == lines[-1:], lines
    return lines[-1].removeprefix("emotion-tf: ")


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

    def train(*arguments, init):
        assert init is None
        calls.append(arguments)
        return SimpleNamespace(
            notes=["a note"], protocol="speaker-kfold:2", n=16, wa=0.5, ua=0.25, dimensions=None, has_classes=True
        )

    monkeypatch.setattr(training, "train", train)
    monkeypatch.chdir(tmp_path)
    for name in ("a b.txt", "folds.json"):
        (tmp_path / name).touch()
    flags = ["--preset", "strong", "--word_vectors", "a b.txt", "--set", "training.epochs=7", "--records_dir", "kept"]
    assert main([*train_flags, *flags, "--set", "model.filters=9", "--skip_bad", "--folds", "folds.json"]) == 0
    ((corpus, config, protocol, workdir, records_dir, skip_bad, folds),) = calls
    assert (len(corpus.utterances), corpus.transcripts, str(folds)) == (16, "reference", "folds.json")
    assert replace(config, labels=LabelConfig()) == preset("strong").override(
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

    def train(corpus, config, *others, init):
        configs.append(replace(config, labels=LabelConfig()))
        return SimpleNamespace(notes=[], protocol="", n=0, wa=0, ua=0, dimensions=None, has_classes=True)

    monkeypatch.setattr(training, "train", train)
    assert main(train_flags) == 0
    assert configs == [Config().override("model.modality=text")]


def test_prepare_makes_the_records(manifest, tmp_path, capsys):
    flags = ["prepare", "--corpus", "manifest", "--data_dir", str(manifest), "--modality", "text"]
    assert main([*flags, "--records_dir", str(tmp_path / "records")]) == 0
    assert capsys.readouterr().err.splitlines()[-1].startswith("features of utterances: 16 done in ")
    assert list((tmp_path / "records").glob("*/00000.tfrecord"))


@pytest.fixture
def heard(tmp_path):
    """Flags of a corpus of two speakers with every emotion each, and the corpus."""
    corpus = make_corpus(tmp_path / "corpus", speakers=2)
    rows = [f"{u.id},{u.audio},{u.text},{u.label},{u.speaker}\n" for u in corpus.utterances]
    (tmp_path / "heard.csv").write_text("id,audio,text,label,speaker\n" + "".join(rows))
    return ["--corpus", "manifest", "--data_dir", str(tmp_path / "heard.csv")], corpus


def test_recognised_transcripts_take_the_place_of_the_reference(heard, tmp_path, monkeypatch, capsys):
    flags, corpus = heard
    records = ["--records_dir", str(tmp_path / "records")]
    train_flags = ["train", *flags, "--protocol", "random:2", "--workdir", str(tmp_path / "runs" / "one"), *records]
    assert main([*train_flags, "--transcripts", "pocketsphinx"]) == 1
    assert "run emotion-tf prepare --transcribe pocketsphinx" in the_line(capsys)

    assert main(["prepare", *flags, "--transcribe", "pocketsphinx", *records]) == 0
    printed = capsys.readouterr()
    (rate,) = printed.out.splitlines()
    assert printed.err.splitlines()[-1].startswith("transcripts of pocketsphinx: 8 done in ")
    words = sum(len(utterance.text.split()) for utterance in corpus.utterances)
    assert rate.startswith("word error rate ") and f"over {words} words" in rate

    calls = []

    def train(*arguments, init):
        assert init is None
        calls.append(arguments[0])
        return SimpleNamespace(notes=[], protocol="", n=0, wa=0, ua=0, dimensions=None, has_classes=True)

    monkeypatch.setattr(training, "train", train)
    assert main([*train_flags, "--transcripts", "pocketsphinx"]) == 0
    assert calls[0].transcripts == "pocketsphinx"
    recognizer = asr.load("pocketsphinx")
    expected = [recognizer.transcribe(soundfile.read(u.audio, dtype="float32")[0]) for u in corpus.utterances]
    assert [utterance.text for utterance in calls[0].utterances] == expected


def test_failed_transcripts_are_listed_and_the_others_kept(heard, tmp_path, capsys):
    flags, corpus = heard
    corpus.utterances[3].audio.write_bytes(b"no sound")
    records = ["--records_dir", str(tmp_path / "records")]
    assert main(["prepare", *flags, "--transcribe", "pocketsphinx", *records]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert lines[-2] == "1 of 8 utterances have no transcript:" and str(corpus.utterances[3].audio) in lines[-1]


def test_evaluate_says_what_it_needs(workdir, capsys):
    assert main(["evaluate", "--workdir", str(workdir), "--transcripts", "whisper"]) == 1
    assert the_line(capsys).startswith("--transcripts needs a folder for the new figures")


def test_stress_does_not_write_into_the_run(workdir, capsys):
    assert main(["stress", "--workdir", str(workdir), "--out", str(workdir)]) == 1
    assert the_line(capsys) == "--out is the run itself; expected a folder for the new figures"


@pytest.mark.parametrize(
    ("flags", "line"),
    [
        ([], "a.wav is empty; expected an audio file, received 0 bytes"),
        (["b.wav", "--model", "studnet"], "studnet does not exist; expected a ready model, an export, a run's folder"),
        (["b.wav", "--server", "s", "--out", "a.csv"], "a server's answers are printed. To fix: leave out --out"),
        (["none.wav", "--model", "."], "none.wav does not exist; expected an audio file, a folder or a manifest"),
        (
            ["b.wav", "--model", ".", "--out", "a.csv", "--text", "one", "--text", "two", "--text", "three"],
            "files and texts do not pair; expected no text, one for all files or one a file",
        ),
        (["-", "--model", ".", "--text", "-"], "the standard input is a recording or a text"),
        (["--server", "localhost:1"], "no answer from localhost:1 ("),
        (["--server", "http://localhost:1"], "no answer from http://localhost:1 ([Errno 111] Connection refused)"),
    ],
    ids=flags_only,
)
def test_predict_says_what_it_needs(flags, line, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for name in ("a.wav", "b.wav"):
        (tmp_path / name).touch()
    assert main(["predict", "a.wav", *flags]) == 1
    assert the_line(capsys).startswith(line)


def test_export_takes_a_file_and_a_corpus(tmp_path, monkeypatch, capsys):
    """The corpus has the classes of the model; labels that it does not know are left out."""
    config = small("modality=text").override('labels.classes=["angry", "sad"]')
    network = models.build(config, fitted_for(config))
    network.save(tmp_path / "mine.keras")
    rows = "".join(f"{n},so {label},{label},{n}\n" for n, label in enumerate(["sad", "calm", "angry", "sad"]))
    (tmp_path / "corpus.csv").write_text("id,text,label,speaker\n" + rows)
    calls = []
    monkeypatch.setattr(exporting, "export", lambda *arguments: calls.append(arguments))
    flags = ["export", "--model", str(tmp_path / "mine.keras"), "--out", str(tmp_path / "out")]
    assert main(flags) == 0
    assert main([*flags, "--corpus", "manifest", "--data-dir", str(tmp_path / "corpus.csv")]) == 0
    (alone, with_corpus) = calls
    assert alone == (tmp_path / "mine.keras", tmp_path / "out", None)
    assert [utterance.id for utterance in with_corpus[2].utterances] == ["0", "2", "3"]


@pytest.mark.parametrize(
    ("flags", "line"),
    [
        (["--workdir", "run", "--corpus", "demo"], "a run knows its corpus. To fix: leave out --corpus"),
        (["--model", "run"], "run cannot be exported; expected a .keras file. To fix: name the folder of a run"),
        (
            ["--model", "a.keras", "--data-dir", "x"],
            "nobody knows which corpus lies there. To fix: name",
        ),
        (["--model", "a.keras", "--out", "full"], "full is there already and is not an export"),
    ],
    ids=flags_only,
)
def test_export_says_what_it_needs(flags, line, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.keras").touch()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").touch()
    assert main(["export", "--out", "new", *flags]) == 1
    assert the_line(capsys).startswith(line)


@pytest.mark.parametrize(
    ("flags", "line"),
    [
        (["timeline", "a.wav"], "a.wav does not exist"),
        (["timeline", "none.wav", "--model", "."], "none.wav does not exist"),
        (["explain", "none.wav", "--model", "."], "none.wav does not exist"),
        (["explain", "none.wav", "--model", "no/model"], "no/model does not exist"),
    ],
    ids=flags_only,
)
def test_timeline_and_explain_say_what_they_need(flags, line, capsys):
    assert main(flags) == 1
    assert the_line(capsys).startswith(line)


@pytest.mark.parametrize(
    ("flags", "problem"),
    [
        (["explain", "a.wav"], "the following arguments are required: --model"),
        (["explain", "a.wav", "b.wav", "--model", "m"], "unrecognized arguments: b.wav"),
        (["timeline", "a.wav", "b.wav", "--model", "m"], "unrecognized arguments: b.wav"),
        (["explain", "a.wav", "--model", "m", "--server", "s"], "unrecognized arguments: --server"),
        (["export", "--out", "o"], "one of the arguments --workdir --model is required"),
        (["export", "--out", "o", "--workdir", "w", "--model", "m"], "--model: not allowed with argument --workdir"),
        (["stress", "--workdir", "w"], "the following arguments are required: --out"),
        (["train", "--workdirs", "w", "--corpus", "demo"], "required: --protocol, --workdir"),
        (["presets", "--qiet"], "unrecognized arguments: --qiet; did you mean '--quiet'?"),
        (["trian"], "invalid choice: 'trian' (choose from"),
        (["trian"], "did you mean 'train'?"),
        (["train", "--corpus", "t.CSV"], "; a table has a name before it, such as mine=t.CSV"),
        (
            ["presets", "papr"],
            "invalid choice: 'papr' (choose from what `emotion-tf presets` lists); did you mean 'paper'",
        ),
    ],
    ids=flags_only,
)
def test_wrong_usage_is_one_line(flags, problem, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(flags)
    assert stopped.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("emotion-tf") and problem in line


def test_evaluate_prints_the_figures(workdir, capsys):
    assert main(["evaluate", "--workdir", str(workdir)]) == 0
    # One of the two emotions that occur is always right, the other never.
    assert capsys.readouterr().out.splitlines() == [
        f"Note: {NOTICES['random']}",
        "random:2, 3 utterances: WA 0.667, UA 0.500",
        f"report: {workdir / 'report.html'}",
    ]


def test_evaluate_of_no_run(tmp_path, capsys):
    assert main(["evaluate", "--workdir", str(tmp_path / "none")]) == 1
    assert the_line(capsys).startswith(f"{tmp_path / 'none'} is no finished run; expected a folder with config.json")


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
        (["--preset", "strnog"], "did you mean 'strong'?"),
        (["--corpus", "iemocup"], "'iemocup'"),
        (["--corpus", "iemocup"], "did you mean 'iemocap'?"),
        (["--modality", "video"], "'video'"),
    ],
    ids=flags_only,
)
def test_argparse_refuses_unknown_choices(train_flags, capsys, flags, problem):
    with pytest.raises(SystemExit) as stopped:
        main([*train_flags, *flags])
    assert stopped.value.code == 2
    assert problem in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize("module", COMMANDS, ids=lambda module: module.__name__.rpartition(".")[2])
def test_help_of_every_command(module, capsys):
    """Every flag has a text, and the example is a call that the command takes."""
    name = module.__name__.rpartition(".")[2]
    with pytest.raises(SystemExit) as stopped:
        main([name, "--help"])
    assert stopped.value.code == 0
    assert "_" not in re.sub(r"[A-Z.|]+_[A-Z]+", "", " ".join(re.findall(r"--[\w-]+", capsys.readouterr().out)))
    parser = Parser()
    module.add_flags(parser)
    assert all(action.help and action.help != "==SUPPRESS==" for action in parser._actions)
    assert parse([name, *shlex.split(module.EXAMPLE)]).run is module.run


def test_help_says_where_values_are_listed(capsys):
    with pytest.raises(SystemExit):
        main(["train", "--help"])
    text = " ".join(capsys.readouterr().out.split())
    for words in ("`emotion-tf presets` lists them", "`emotion-tf settings` lists them", "leave-one-speaker-out"):
        assert words in text


def test_encoders_are_listed(capsys):
    assert main(["encoders"]) == 0
    printed = capsys.readouterr().out
    for name in ("whisper-base", "whisper-tiny.en", "wavlm-large"):
        assert name in printed
    assert "MIT" in printed and "6 blocks of 512" in printed


def test_presets_are_described(capsys):
    assert main(["presets"]) == 0
    text = capsys.readouterr().out
    for name, described in PRESETS.items():
        assert re.search(rf"^{name}\t{re.escape(described.description)}\t", text, re.MULTILINE)
    assert main(["presets", "robust"]) == 0
    lines = capsys.readouterr().out
    assert "augmentation.disturbed_copies=2" in lines and "experts" not in lines


def test_settings_are_explained(capsys):
    assert main(["settings"]) == 0
    rows = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert [row[0] for row in rows] == list(settings()) and {len(row) for row in rows} == {5}
    assert ["training.epochs", "int", "more than zero", "40", "Number of passes over the training part."] in rows
    assert main(["settings", "speaker", "training.seed"]) == 0
    assert [line.split("\t")[0] for line in capsys.readouterr().out.splitlines()] == [
        "speaker.embeddings",
        "training.seed",
    ]
    assert main(["settings", "traning"]) == 1
    assert the_line(capsys).startswith("no setting traning; expected a setting such as training.epochs")


@pytest.mark.parametrize("flag", ["--data_dir", "--data-dir"])
@pytest.mark.parametrize("equals", [True, False])
def test_flags_may_be_written_with_underscores(flag, equals):
    given = [f"{flag}=a_b"] if equals else [flag, "a_b"]
    found = parse(["prepare", "--corpus", "ravdess", *given, "--records_dir", "r_s", "--skip_bad"])
    assert (str(found.data_dir), str(found.records_dir), found.skip_bad) == ("a_b", "r_s", True)


def test_version(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["--version"])
    assert stopped.value.code == 0
    assert capsys.readouterr().out == f"emotion-tf {__version__}\n"


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A folder with two short runs that differ in one setting, and with other things."""
    folder = tmp_path_factory.mktemp("compared")
    words = write_manifest(folder / "corpus.csv")
    flags = ["--protocol", "random:2", "--set=model.filters=2", "--set=model.text_kernel_sizes=[2]"]
    flags += [f"--set=training.{setting}" for setting in ("epochs=1", "patience=null")]
    for name, swem in (("with", "true"), ("without", "false")):
        assert main([*training_flags(words, folder / "runs" / name), *flags, f"--set=model.swem={swem}"]) == 0
    return folder / "runs"


def test_table_of_runs(runs, tmp_path, capsys):
    capsys.readouterr()
    several = sorted(map(str, runs.iterdir()))
    assert main(["table", *several]) == 0
    printed = capsys.readouterr()
    assert printed.err == f"emotion-tf: {runs / 'records'} is passed over, since it has no config.json\n"
    rows = [line for line in printed.out.splitlines() if line.startswith("| MSCNN")]
    assert [row.split(" | ")[0] for row in rows] == ["| MSCNN-SPU (text) + SWEM", "| MSCNN-SPU (text)"]
    assert "speakers leak" in printed.out

    assert main(["table", *several, "--form", "csv", "--out", str(tmp_path / "table.csv")]) == 0
    assert capsys.readouterr().out == ""
    assert (tmp_path / "table.csv").read_text().startswith("variant,corpus,protocol,transcripts,seeds,wa_mean")


def test_comparison_of_two_runs(runs, capsys):
    capsys.readouterr()
    one, other = (str(runs / name) for name in ("with", "without"))
    assert main(["table", "--compare", one, other]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[2].split(" | ")[1:3] == [one, other] and [line[:6] for line in lines[4:]] == ["| WA |", "| UA |"]
    assert main(["table", "--compare", one, other, "--form", "csv"]) == 0
    assert capsys.readouterr().out.startswith(f",{one},{other},difference,")
    assert main(["table", "--compare", one, other, "--form", "json"]) == 0
    compared = json.loads(capsys.readouterr().out)
    assert compared["n"] == 16 and 0 < compared["ua"]["p"] <= 1
    assert main(["table", "--compare", one]) == 1
    assert the_line(capsys) == "--compare compares two runs; received 1"


def test_corpus_of_a_run_is_where_it_was(runs, tmp_path, monkeypatch):
    calls = []
    monkeypatch.setattr(exporting, "export", lambda *arguments: calls.append(arguments))
    command = ["export", "--workdir", str(runs / "with"), "--out", str(tmp_path / "out")]
    assert main(command) == 0
    manifest = runs.parent / "corpus.csv"
    moved = manifest.rename(runs.parent / "moved.csv")
    try:
        assert main(command) == 0
        assert main([*command, "--data-dir", str(moved)]) == 0
    finally:
        moved.rename(manifest)
    assert [None if corpus is None else len(corpus.utterances) for _, _, corpus in calls] == [16, None, 16]


def test_table_of_no_run(tmp_path, capsys):
    assert main(["table", str(tmp_path)]) == 1
    assert (
        capsys.readouterr().err.splitlines()[-1] == "emotion-tf: there is no run; expected folders that training wrote"
    )
