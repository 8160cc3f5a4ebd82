"""Several corpora on the command line, with a training that stands in."""

import pytest

from emotion_tf import training
from emotion_tf.cli import main, run_file
from emotion_tf.evaluation import RunResult


@pytest.fixture
def places(tmp_path):
    """Two tables of four speakers each."""
    rows = [f"w {label},{label},s{n}" for n in range(4) for label in ("sad", "angry")]
    for name in ("x", "y"):
        (tmp_path / f"{name}.csv").write_text("\n".join(["text,label,speaker", *rows]) + "\n")
    return [f"{name}={tmp_path / name}.csv" for name in ("x", "y")]


@pytest.fixture
def calls(monkeypatch, tmp_path):
    found = []

    def train(corpus, config, protocol, *others, **more):
        found.append((corpus, protocol))
        return RunResult("", [], 0, 0, None, 0, None, 0, 0, {}, [], [], None, None)

    monkeypatch.setattr(training, "train", train)
    return found


def command(tmp_path, *flags):
    return ["train", "--modality", "text", "--workdir", str(tmp_path / "run"), *flags]


def test_corpora_to_test_on_are_a_protocol(tmp_path, places, calls):
    one, other = places
    assert main(command(tmp_path, "--corpus", one, "--test-corpus", other)) == 0
    ((corpus, protocol),) = calls
    assert (corpus.name, protocol, len({u.speaker for u in corpus.utterances})) == ("x+y", "cross-corpus:y", 8)
    # What reads the run's corpus again finds both.
    assert run_file.corpora_of(tmp_path / "run") == places
    assert (
        main(["train", "--config", str(tmp_path / "run"), "--modality", "text", "--workdir", str(tmp_path / "b")]) == 0
    )
    assert [protocol for _, protocol in calls] == ["cross-corpus:y"] * 2


def test_several_are_trained_together(tmp_path, places, calls):
    assert main(command(tmp_path, "--corpus", *places, "--protocol", "speaker-kfold:8")) == 0
    ((corpus, protocol),) = calls
    assert (corpus.name, protocol, len(corpus.utterances)) == ("x+y", "speaker-kfold:8", 16)


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (
            ["--corpus", "{0}", "--test-corpus", "{1}", "--protocol", "random:2"],
            "--test-corpus is a protocol of its own",
        ),
        (["--corpus", "{0}", "--test-corpus", "{0}"], "two corpora have one name"),
        (["--corpus", "{0}", "{1}", "--data-dir", "z", "--protocol", "random:2"], "is named twice"),
        (
            ["--corpus", "manifest", "ravdess", "--data-dir", "z", "--protocol", "random:2"],
            "--data-dir is for one corpus",
        ),
        (["--corpus", "a+b={0}", "--protocol", "random:2"], "no corpus can be called 'a+b'"),
        (["--corpus", "{0}", "--groups", "sex", "--protocol", "random:2"], "says nothing of the group 'sex'"),
        (["--corpus", "{0}", "--protocol", "speaker-kfold:2", "--folds", "emobox:nowhere"], "holds no folds of EmoBox"),
    ],
)
def test_what_does_not_go_together(tmp_path, places, calls, capsys, flags, message):
    files = [place.partition("=")[2] for place in places]
    filled = [flag.format(*(files if "a+b" in flag else places)) for flag in flags]
    assert main(command(tmp_path, *filled)) == 1
    assert message in capsys.readouterr().err and not calls


def test_protocol_is_needed_without_a_corpus_to_test_on(tmp_path, places, capsys):
    with pytest.raises(SystemExit):
        main(command(tmp_path, "--corpus", places[0]))
    assert "required: --protocol" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(command(tmp_path, "--corpus", "=x", "--protocol", "random:2"))
    assert "expected such as nemo=FOLDER" in capsys.readouterr().err


def test_seeds_are_runs_of_their_own(tmp_path, places, monkeypatch, capsys):
    found = []

    def train(corpus, config, protocol, workdir, *others, **more):
        found.append((workdir.name, config.training.seed))
        return RunResult("", [], 0, 0, None, 0, None, 0, 0, {}, [], [], None, None)

    monkeypatch.setattr(training, "train", train)
    monkeypatch.setattr("emotion_tf.evaluation.collate", lambda folders: list(folders))
    monkeypatch.setattr("emotion_tf.evaluation.render", lambda rows, form: f"table of {rows[0].name}\n")
    flags = ["--corpus", places[0], "--protocol", "speaker-kfold:2"]
    assert main(command(tmp_path, *flags, "--seeds", "3", "11")) == 0
    assert found == [("seed-3", 3), ("seed-11", 11)]
    assert (tmp_path / "run" / "seeds.md").read_text() == "table of run\n"
    assert (tmp_path / "run" / "seed-3" / "config.toml").exists()
    assert main(command(tmp_path, *flags, "--seeds", "3", "3")) == 1
    assert "names a seed twice" in capsys.readouterr().err
