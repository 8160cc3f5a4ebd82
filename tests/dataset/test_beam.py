"""Apache Beam makes what is made here; DirectRunner stands for the runners of other machines."""

import sys

import pytest
from log_lines import untimed
from made_corpus import TINY, make_corpus

from emotion_tf.cli import main
from emotion_tf.dataset import Beam, beam, extract
from emotion_tf.dataset.shard import Shard
from emotion_tf.errors import EmotionTFError

CONFIG = TINY.override("model.modality=audio", "augmentation.disturbed_copies=1")
DIRECT = ("--runner", "DirectRunner")
PROCESSES = (*DIRECT, "--direct_num_workers", "2", "--direct_running_mode", "multi_processing")


@pytest.fixture(autouse=True)
def shards_of_two(monkeypatch):
    # The package's name `extract` is the function.
    monkeypatch.setattr(sys.modules["emotion_tf.dataset.extract"], "SHARD_SIZE", 2)


@pytest.fixture
def has_beam():
    pytest.importorskip("apache_beam", reason="SKIPPED FOR WANT OF APACHE BEAM: pip install 'emotion-tf[beam]'")


@pytest.fixture
def utterances(tmp_path):
    return make_corpus(tmp_path / "corpus", speakers=1, takes=2).utterances[:5]


@pytest.fixture
def make(utterances, tmp_path):
    """Calls `extract` with a maker, and gives its records and what it reported."""

    def call(maker, folder="records", skip_bad=False):
        with untimed() as lines:
            return extract(utterances, CONFIG, tmp_path / folder, skip_bad, maker), lines

    return call


def contents(folder):
    """Every file below a folder, by its path from there, with its bytes."""
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def times(folder):
    """When every file below a folder was written."""
    return {path.relative_to(folder).name: path.stat().st_mtime_ns for path in folder.rglob("*.*") if path.is_file()}


@pytest.mark.parametrize("options", [DIRECT, pytest.param(PROCESSES, marks=pytest.mark.slow)], ids=["one", "two"])
def test_records_are_those_that_are_made_here(has_beam, make, tmp_path, options):
    _, said_here = make(None, "here")
    records, said = make(Beam(options), "there")
    here = contents(tmp_path / "here")
    assert len(records.clean) == 3 and len(here) == 2 * (1 + 2 * 3)  # a lock each, and a note a shard
    assert contents(tmp_path / "there") == here
    assert said == said_here
    assert make(Beam(options), "there") == (records, [])


@pytest.mark.parametrize("breaker", ["here", "beam"])
def test_missing_and_damaged_shard_alone_are_made_again(has_beam, make, tmp_path, breaker):
    maker = {"here": None, "beam": Beam(DIRECT)}[breaker]
    records, _ = make(None)
    whole, before = contents(tmp_path / "records"), times(records.clean[0].parent)
    content = bytearray(records.clean[0].read_bytes())
    content[len(content) // 2] ^= 1
    records.clean[0].write_bytes(content)
    records.clean[2].unlink()
    again, lines = make(maker)
    assert again == records and contents(tmp_path / "records") == whole
    after = times(records.clean[0].parent)
    assert {name for name in after if after[name] != before[name]} == {
        *("00000.tfrecord", "00000.json", "00002.tfrecord", "00002.json")
    }
    assert lines == [
        f"{records.clean[0]} is damaged, or was not finished, and is made again",
        "features of utterances: 2 of 3",
        "features of utterances: 3 done",
    ]


def test_bad_file(has_beam, make, utterances, tmp_path):
    utterances[3].audio.write_bytes(b"RIFF")
    with pytest.raises(EmotionTFError, match=rf"^\S*{utterances[3].id}.wav cannot be decoded"):
        make(Beam(DIRECT))
    # What could be made is kept for whoever goes on without the file.
    records, lines = make(Beam(DIRECT), skip_bad=True)
    assert records.utterances == (*utterances[:3], utterances[4])
    assert lines[0] == "1 of 5 utterances are skipped:" and f"{utterances[3].id}.wav" in lines[1]
    make(None, "here", skip_bad=True)
    assert contents(tmp_path / "records") == contents(tmp_path / "here")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--runner", "NoRunner"), "Beam refuses its options; received Unexpected pipeline runner: NoRunner"),
        ((*DIRECT, "--direct_num_wokers", "2"), "Beam knows no option --direct_num_wokers; expected"),
        ((*DIRECT, "--direct_num_workers", "two"), "Beam refuses its options; received .*invalid int value: 'two'"),
    ],
)
def test_options_that_beam_does_not_know(has_beam, capfd, options, message):
    with pytest.raises(EmotionTFError, match=message):
        Beam(options)
    assert "usage" not in capfd.readouterr().err


def test_failure_of_a_worker(has_beam, make, monkeypatch):
    def fail(self, skip_bad=False):
        raise OSError(28, "No space left", "/records/1")

    monkeypatch.setattr(Shard, "make", fail)
    with pytest.raises(EmotionTFError, match="the Beam pipeline failed; received OSError: .*No space left.*To fix"):
        make(Beam(DIRECT))


def test_worker_with_another_disk(has_beam, make, monkeypatch):
    monkeypatch.setattr(beam, "_make", lambda packed: None)
    with pytest.raises(
        EmotionTFError, match=r"is done, but .*00000\.tfrecord is not here.*keep the records on a shared"
    ):
        make(Beam(DIRECT))


def test_beam_that_is_not_installed(monkeypatch):
    monkeypatch.setitem(sys.modules, "apache_beam", None)
    with pytest.raises(EmotionTFError, match=r"Apache Beam, which is not installed. To fix: .*emotion-tf\[beam\]"):
        Beam(DIRECT)


@pytest.fixture
def flags(utterances, tmp_path):
    """The flags of `prepare` for the corpus in a manifest."""
    rows = [f"{u.id},{u.audio},{u.label},{u.speaker}\n" for u in utterances]
    (tmp_path / "corpus.csv").write_text("id,audio,label,speaker\n" + "".join(rows))
    corpus = ["prepare", "--corpus", "manifest", "--data_dir", str(tmp_path / "corpus.csv"), "--modality", "audio"]
    return [*corpus, "--records_dir", str(tmp_path / "records"), "--set", "augmentation.speeds=[1.0]"]


def test_command_hands_on_what_it_does_not_know(has_beam, flags, monkeypatch, tmp_path):
    made = []

    class Seen(Beam):
        def __call__(self, shards, skip_bad):
            made.append((self.options, len(shards)))
            return super().__call__(shards, skip_bad)

    monkeypatch.setattr(sys.modules["emotion_tf.dataset"], "Beam", Seen)
    # Wherever they stand.
    assert main([flags[0], *DIRECT, "--direct_num_workers", "1", *flags[1:], "--direct_runner_bundle_repeat=0"]) == 0
    assert made == [((*DIRECT, "--direct_num_workers", "1", "--direct_runner_bundle_repeat=0"), 3)]
    assert len(list((tmp_path / "records").glob("*/*.tfrecord"))) == 3


def test_command_refuses_what_nobody_knows(has_beam, flags, capsys):
    assert main([*flags, *DIRECT, "--skip_good"]) == 1
    assert "Beam knows no option --skip_good; expected" in capsys.readouterr().err


def test_without_a_runner_unknown_flags_are_errors(flags, capsys):
    with pytest.raises(SystemExit):
        main([*flags, "--direct_num_workers", "2"])
    assert capsys.readouterr().err.endswith("error: unrecognized arguments: --direct_num_workers 2\n")


def test_transcripts_are_made_here(flags, capsys):
    assert main([*flags, *DIRECT, "--transcribe", "pocketsphinx"]) == 1
    assert "--runner makes features" in capsys.readouterr().err
    assert main([*flags, "--transcribe", "pocketsphinx", "--records_dir", "ram://records"]) == 1
    assert "transcripts are not kept behind a URL" in capsys.readouterr().err


def test_everything_behind_urls(has_beam, utterances, make, tmp_path):
    """TensorFlow's filesystem in memory stands for object stores."""
    import tensorflow as tf

    place = f"ram://bucket/{tmp_path.name}"
    for utterance in utterances:
        tf.io.gfile.copy(str(utterance.audio), f"{place}/audio/{utterance.audio.name}")
    rows = [f"{u.id},../audio/{u.audio.name},{u.text},{u.label},{u.speaker}\n" for u in utterances]
    with tf.io.gfile.GFile(f"{place}/lists/corpus.csv", "w") as file:
        file.write("id,audio,text,label,speaker\n" + "".join(rows))
    from emotion_tf import corpora

    remote = corpora.load("manifest", f"{place}/lists/corpus.csv").utterances
    local, _ = make(None)
    for maker in (Beam(DIRECT), None):
        folder = f"{place}/records-{maker is None}"
        with untimed() as lines:
            records = extract(remote, CONFIG, folder, make=maker)
        assert len(lines) == 6
        for ours, theirs in zip((records.clean, *records.augmented), (local.clean, *local.augmented), strict=True):
            assert [path.read_bytes() for path in ours] == [path.read_bytes() for path in theirs]
        read = tf.data.TFRecordDataset([str(path) for path in records.clean])
        assert len(list(read)) == 5
        with tf.io.gfile.GFile(str(records.clean[1]), "wb") as file:
            file.write(b"damage")
        with untimed() as lines:
            assert extract(remote, CONFIG, folder, make=maker) == records
        assert lines == [
            f"{records.clean[1]} is damaged, or was not finished, and is made again",
            "features of utterances: 2 done",
        ]
        assert records.clean[1].read_bytes() == local.clean[1].read_bytes()
        names = tf.io.gfile.listdir(str(records.clean[0].parent))
        assert sorted(names) == sorted(f"{number:05}.{end}" for number in range(3) for end in ("json", "tfrecord"))


def test_computed_speaker_embeddings_are_not_kept_behind_a_url(utterances):
    with pytest.raises(EmotionTFError, match="but not behind a URL; expected a local or mounted folder"):
        extract(utterances, CONFIG.override('speaker.embeddings="ge2e"'), "ram://bucket/records")
