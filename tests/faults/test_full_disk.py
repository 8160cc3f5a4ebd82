"""Commands on a full disk and in folders where nothing can be written: one clear line, and the next call goes on."""

import contextlib
import csv

import pytest
from made_corpus import make_corpus

from emotion_tf.cli import main

resource = pytest.importorskip("resource")

SETTINGS = (
    "features.mel_bands=8",
    "features.mfcc_coefficients=5",
    "model.modality=audio",
    "model.audio_kernel_sizes=3",
    "model.filters=4",
    "model.dense_units=8",
    "training.epochs=2",
    "training.batch_size=16",
    "training.dev_splits=2",
)


@contextlib.contextmanager
def room_for(size):
    """A limit on the size of files stands for the disk: writing ends in an OSError, as it does there."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """The flags of a corpus."""
    path = tmp_path_factory.mktemp("corpus") / "manifest.csv"
    with path.open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["id", "audio", "label", "speaker"])
        for item in make_corpus(path.parent, speakers=4, takes=2).utterances:
            table.writerow([item.id, item.audio.name, item.label, item.speaker])
    flags = ["--corpus", "manifest", "--data_dir", str(path)]
    return [*flags, *(word for setting in SETTINGS for word in ("--set", setting))]


@pytest.fixture
def call(corpus, capsys):
    """Calls a command, and returns its exit code and its lines on the standard error."""

    def call(name, *flags):
        code = main([name, "--quiet", *corpus, *map(str, flags)])
        return code, capsys.readouterr().err.splitlines()

    return call


def train(call, folder):
    flags = ("--protocol", "speaker-kfold:2", "--workdir", folder / "run", "--records_dir", folder / "records")
    return call("train", *flags)


def test_full_disk(call, tmp_path):
    # Ever more files find room, until the whole run does.
    with room_for(5_000):
        code, lines = train(call, tmp_path)
        assert code == 1 and len(lines) == 1 and "00000.tfrecord" in lines[0]
    assert call("prepare", "--records_dir", tmp_path / "records") == (0, [])
    for size, name in ((1_000, "config.json"), (5_000, "checkpoint.npz"), (20_000, "model")):
        with room_for(size):
            code, lines = train(call, tmp_path)
        assert code == 1 and len(lines) == 1
        assert lines[0].startswith("emotion-tf: File too large: ") and lines[0].endswith(name)
    assert not list(tmp_path.rglob("*.partial-*"))
    assert train(call, tmp_path) == (0, [])
    assert train(call, tmp_path / "undisturbed") == (0, [])
    once_more, undisturbed = (folder / "run" / "predictions.csv" for folder in (tmp_path, tmp_path / "undisturbed"))
    assert once_more.read_bytes() == undisturbed.read_bytes()


def test_export_on_a_full_disk(call, capsys, tmp_path):
    assert train(call, tmp_path) == (0, [])

    def export():
        code = main(["export", "--workdir", str(tmp_path / "run"), "--out", str(tmp_path / "out" / "export")])
        return code, [line for line in capsys.readouterr().err.splitlines() if line.startswith("emotion-tf")]

    for size in (1_000, 30_000):
        with room_for(size):
            code, lines = export()
        assert code == 1 and len(lines) == 1
        assert "File too large" in lines[0] and str(tmp_path / "out" / ".export.partial-") in lines[0]
        assert "{{" not in lines[0]
        assert not [path for path in (tmp_path / "out").iterdir() if path.suffix != ".lock"]
    assert export() == (0, [])
    assert (tmp_path / "out" / "export" / "SHA256SUMS").exists()


@pytest.mark.parametrize("where", ["run", "records"])
def test_folder_where_nothing_can_be_written(call, tmp_path, where):
    """It lies below a file, which not even the superuser can write into."""
    (tmp_path / where).write_text("a file")
    flags = {name: tmp_path / name / "inside" for name in ("run", "records")}
    code, lines = call(
        "train", "--protocol", "speaker-kfold:2", "--workdir", flags["run"], "--records_dir", flags["records"]
    )
    assert code == 1 and len(lines) == 1
    assert lines[0].startswith("emotion-tf: ") and str(tmp_path / where) in lines[0]
