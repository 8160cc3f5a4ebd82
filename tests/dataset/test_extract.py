import dataclasses
import math
import os
import subprocess
import sys

import numpy as np
import pytest
import soundfile
import tensorflow as tf
from log_lines import listening, untimed
from made_corpus import make_corpus, write_hum

from emotion_tf.config import Config
from emotion_tf.dataset import FrontEnd, extract
from emotion_tf.dataset.records import cache_key, corpus_hash, parse
from emotion_tf.dataset.shard import Shard
from emotion_tf.dataset.variant import Variant
from emotion_tf.errors import EmotionTFError
from emotion_tf.frontend.spectral import acoustic_features
from emotion_tf.utils.files import digest

HEARS = Config().override("model.modality=audio")
READS = Config().override("model.modality=text")


@pytest.fixture
def utterances(tmp_path):
    return make_corpus(tmp_path / "corpus", speakers=1, emotions=("angry", "happy", "sad")).utterances


@pytest.fixture
def make(utterances, tmp_path):
    """Calls `extract` in the same folder each time, and gives its records and what it reported."""

    def call(changed=utterances, config=HEARS, skip_bad=False):
        with untimed() as lines:
            return extract(changed, config, tmp_path / "records", skip_bad), lines

    return call


def examples(shards, config=HEARS):
    """The records of some shards in their order, by id."""
    parsed = [parse(record, config.features.width) for record in tf.data.TFRecordDataset(list(map(str, shards)))]
    return {example["id"].numpy().decode(): example for example in parsed}


def features_of(path, config=HEARS):
    """Features (T, D) of a whole file, without the code that extracts."""
    wave, rate = soundfile.read(path, dtype="float32")
    assert rate == config.features.sample_rate
    features, mask = acoustic_features(wave[np.newaxis], np.array([len(wave)], np.int32), config.features)
    return features.numpy()[mask.numpy()]


def contents(folder):
    """Every file below a folder with its bytes and the time it was written."""
    return {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.rglob("*") if path.is_file()}


def test_records_hold_the_corpus_in_its_order(make, utterances):
    records, lines = make()
    found = examples(records.clean)
    assert records.utterances == utterances and records.augmented == ()
    assert list(found) == [utterance.id for utterance in utterances]
    assert lines == ["features of utterances: 3 done"]
    for utterance in utterances:
        example = found[utterance.id]
        assert example["text"].numpy().decode() == utterance.text
        np.testing.assert_allclose(example["features"], features_of(utterance.audio), rtol=0, atol=1e-4)


def test_frames_that_count_as_padding_are_left_out(tmp_path):
    """A hum between two silences."""
    config = HEARS.override("features.trim_db=40", "features.prosody=true")
    wave = np.zeros(16_000, np.float32)
    wave[6000:10_000] = 0.5 * np.sin(np.arange(4000) / 5)
    features = FrontEnd(config.features)(wave)
    # Frame t is centred at sample 160 t and 512 samples wide at most.
    assert (4000 - 512) / 160 <= len(features) <= 1 + (4000 + 512) / 160
    assert features.dtype == np.float32 and features.shape[1] == 3 * 35
    padded, mask = acoustic_features(wave[np.newaxis], np.array([len(wave)], np.int32), config.features)
    np.testing.assert_allclose(features, padded[0].numpy()[mask[0].numpy()], rtol=0, atol=1e-4)


def test_features_are_those_of_a_cpu_where_there_is_a_gpu():
    graph = FrontEnd(HEARS.features)._features.graph
    computed = {operation.type: operation.device for operation in graph.get_operations()}
    for name in ("RFFT", "MatMul", "DepthwiseConv2dNative"):
        assert computed[name] == "/device:CPU:*"


def test_part_of_a_file(make, utterances):
    """From 0.05 to 0.15 seconds: 1,600 samples, hence 11 frames."""
    part = dataclasses.replace(utterances[0], start=0.05, end=0.15)
    records, _ = make([part])
    wave, _ = soundfile.read(part.audio, dtype="float32", start=800, stop=2400)
    found = examples(records.clean)[part.id]["features"]
    assert found.shape == (11, 96)
    np.testing.assert_allclose(found, FrontEnd(HEARS.features)(wave), rtol=0, atol=1e-4)


def test_second_call_makes_nothing(make, tmp_path):
    first, _ = make()
    before = contents(tmp_path / "records")
    second, lines = make()
    assert second == first
    assert not lines
    assert contents(tmp_path / "records") == before


def test_folder_is_named_by_all_that_the_records_depend_on(make, utterances):
    """Spelt out here, so that records which users have are found again."""
    silent = dataclasses.replace(utterances[1], file=None, text="é", end=1.5)
    records, _ = make([utterances[0], silent], HEARS.override("model.modality=both"), skip_bad=True)
    status = utterances[0].audio.stat()
    rows: list = [[u.id, str(u.audio), "0.0", str(u.end), u.text] for u in (utterances[0], silent)]
    rows[0].append([status.st_size, status.st_mtime_ns])
    rows[1].append(None)
    settings = [dataclasses.asdict(HEARS.features), {"speed": 1.0, "disturbed_copy": None}, 256]
    assert records.clean[0].parent.name == digest([3, rows, settings])[:16]


@pytest.mark.parametrize("change", [{"text": "no"}, {"id": "other"}, {"start": 0.1}, {"end": 0.15}])
def test_changed_utterance_makes_new_records(make, utterances, change):
    old, _ = make(config=READS)
    new, lines = make([dataclasses.replace(utterances[0], **change), *utterances[1:]], READS)
    assert new.clean != old.clean and lines
    assert all(path.exists() for path in old.clean)


def test_other_labels_and_speakers_make_no_new_records(make, utterances):
    old, _ = make(config=READS)
    changed = [dataclasses.replace(utterances[0], label="bored", speaker="Bob"), *utterances[1:]]
    new, lines = make(changed, READS)
    assert new.clean == old.clean and not lines


def test_settings_of_the_front_end_make_new_records_and_no_others_do(make):
    old, _ = make()
    for setting in ("training.seed=5", "model.filters=7", "augmentation.gain_db=3", "model.modality=both"):
        assert make(config=HEARS.override(setting)) == (old, [])
    new, lines = make(config=HEARS.override("features.deltas=0"))
    assert new.clean != old.clean and lines


def test_changed_file_makes_new_records(make, utterances):
    old, _ = make()
    write_hum(utterances[0].audio, "sad", 0.2, seed=9)
    os.utime(utterances[0].audio, ns=(1, 1))  # another time, whatever the clock of the filesystem can tell apart
    new, lines = make()
    assert new.clean != old.clean and lines
    np.testing.assert_allclose(
        examples(new.clean)[utterances[0].id]["features"], features_of(utterances[0].audio), rtol=0, atol=1e-4
    )


def test_bad_file_is_named(make, utterances, tmp_path):
    utterances[1].audio.write_bytes(b"RIFF")
    with pytest.raises(EmotionTFError, match=f"{utterances[1].id}.wav"):
        make()
    assert not list((tmp_path / "records").rglob("*.*record*"))


def test_bad_file_is_skipped_only_where_the_user_said_so(make, utterances):
    utterances[1].audio.write_bytes(b"RIFF")
    utterances[2].audio.unlink()
    records, lines = make(skip_bad=True)
    assert records.utterances == utterances[:1]
    assert list(examples(records.clean)) == [utterances[0].id]
    assert lines[1] == "2 of 3 utterances are skipped:"
    assert f"{utterances[1].id}.wav" in lines[2] and f"{utterances[2].id}.wav" in lines[3]
    assert make(skip_bad=True) == (records, lines[1:])
    with pytest.raises(EmotionTFError, match=f"{utterances[1].id}.wav"):
        make()


def test_bad_file_is_skipped_in_every_variant(make, utterances):
    utterances[1].audio.write_bytes(b"RIFF")
    records, lines = make(config=HEARS.override("augmentation.speeds=[1.0, 0.9]"), skip_bad=True)
    for path in (records.clean, *records.augmented):
        assert list(examples(path)) == [utterances[0].id, utterances[2].id]
    assert lines[2] == "1 of 3 utterances are skipped:"
    assert len(lines) == 4


def test_nothing_left(make, utterances):
    for utterance in utterances:
        utterance.audio.unlink()
    with pytest.raises(EmotionTFError, match="no utterance is left; expected at least one readable"):
        make(skip_bad=True)


@pytest.fixture
def shards_of_one(monkeypatch):
    # The package's name `extract` is the function.
    monkeypatch.setattr(sys.modules["emotion_tf.dataset.extract"], "SHARD_SIZE", 1)


def test_stopped_extraction_goes_on_with_the_shard_where_it_stopped(shards_of_one, make, utterances, tmp_path):
    def stop(line):
        if "2 of 3" in line:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), listening("emotion_tf", stop):
        extract(utterances, HEARS, tmp_path / "records")
    done = contents(tmp_path / "records")
    records, lines = make()
    assert lines == ["features of utterances: 1 done"]
    assert done.items() <= contents(tmp_path / "records").items()
    assert list(examples(records.clean)) == [utterance.id for utterance in utterances]


def flip_a_bit(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def cut(path):
    path.write_bytes(path.read_bytes()[:-1])


def lose(path):
    path.unlink()


def lose_the_note(path):
    path.with_suffix(".json").unlink()


def damage_the_note(path):
    path.with_suffix(".json").write_text('{"sha256')


@pytest.mark.parametrize("damage", [flip_a_bit, cut, lose, lose_the_note, damage_the_note])
def test_damaged_shard_alone_is_made_again(shards_of_one, make, tmp_path, damage):
    records, _ = make()
    before = contents(tmp_path / "records")
    damage(records.clean[1])
    again, lines = make()
    assert again == records
    assert lines[-1] == "features of utterances: 1 done"
    assert len(lines) == (1 if damage is lose else 2) and all("00001" in line for line in lines[:-1])
    after = contents(tmp_path / "records")
    assert {path: content for path, (content, _) in after.items()} == {
        path: content for path, (content, _) in before.items()
    }
    made = {path.name for path in after if after[path] != before[path]}
    assert made == {"00001.tfrecord", "00001.json"}


def test_shard_is_the_same_whatever_stands_beside_it(utterances, tmp_path):
    config = HEARS.override("augmentation.disturbed_copies=1")

    def made(name, some):
        shard = Shard(tmp_path / name, 0, some, config, Variant(disturbed_copy=0))
        assert shard.make() == {}
        return shard.path.read_bytes()

    together = made("together", utterances)
    assert together == b"".join(made(utterance.id, (utterance,)) for utterance in utterances)


def test_what_was_left_half_written_is_cleared_away(make, tmp_path):
    records, _ = make()
    room = records.clean[0].parent / ".00001.tfrecord.partial-abcdefgh"
    room.mkdir()
    lose(records.clean[0])
    make()
    assert not room.exists()


def test_what_another_process_makes_is_waited_for(make):
    """The other one holds the lock until we say that we wait, and has made the records by then."""
    fcntl = pytest.importorskip("fcntl")
    records, _ = make()
    note = records.clean[0].with_suffix(".json")
    whole = note.read_bytes()
    note.unlink()
    said = []

    def wait(line):
        said.append(line)
        note.write_bytes(whole)
        other.close()

    with (note.parent / ".lock").open("ab") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with listening("emotion_tf.dataset.extract", wait):
            found = extract(records.utterances, HEARS, note.parent.parent)
    assert found == records
    assert said == [f"another process makes {note.parent}; waiting for it"]


def test_whole_records_need_no_lock(make, monkeypatch):
    """So that they can be read where nothing can be written."""
    records, _ = make()

    def refuse(*arguments):
        raise PermissionError

    monkeypatch.setattr(sys.modules["emotion_tf.dataset.extract"], "locked", refuse)
    assert make() == (records, [])


def test_file_that_vanishes_between_listing_and_reading(make, utterances, monkeypatch):
    """It is there when the corpus is looked at, and gone when it is to be heard."""
    key = cache_key(corpus_hash(utterances), None)
    assert key != cache_key(corpus_hash([dataclasses.replace(utterances[0], file=None), *utterances[1:]]), None)

    def vanish(*arguments, **options):
        found = corpus_hash(*arguments, **options)
        utterances[1].audio.unlink()
        return found

    monkeypatch.setattr(sys.modules["emotion_tf.dataset.extract"], "corpus_hash", vanish)
    with pytest.raises(EmotionTFError, match=f"{utterances[1].id}.wav"):
        make()


def test_speeds_and_disturbed_copies_are_further_records(make, utterances):
    config = HEARS.override("augmentation.speeds=[0.8, 1.0, 1.25]", "augmentation.disturbed_copies=2")
    records, lines = make(config=config)
    assert make()[0].clean == records.clean
    assert lines == [
        *(f"features of utterances: {done} of 15" for done in (3, 6, 9, 12)),
        "features of utterances: 15 done",
    ]
    slow, fast, *disturbed = map(examples, records.augmented)
    clean = examples(records.clean)
    for utterance in utterances:
        samples = soundfile.info(utterance.audio).frames
        for variant, speed in ((clean, 1), (slow, 0.8), (fast, 1.25), *((copy, 1) for copy in disturbed)):
            assert len(variant[utterance.id]["features"]) == 1 + math.ceil(samples / speed) // 160
        for copy in disturbed:
            assert np.abs(copy[utterance.id]["features"] - clean[utterance.id]["features"]).max() > 1
    # One utterance may come through the same telephone twice, but not all of them.
    first, second = (np.concatenate([example["features"] for example in copy.values()]) for copy in disturbed)
    assert np.abs(first - second).max() > 1
    for path in records.augmented:
        assert list(examples(path)) == [utterance.id for utterance in utterances]


def test_disturbances_are_the_same_each_time_and_differ_between_utterances(utterances, tmp_path):
    config = HEARS.override("augmentation.disturbed_copies=1")
    same_sound = [dataclasses.replace(utterances[0], id=id) for id in ("one", "two")]
    first, second = (
        examples(extract(same_sound, config, tmp_path / name).augmented[0]) for name in ("first", "second")
    )
    for id in ("one", "two"):
        np.testing.assert_array_equal(first[id]["features"], second[id]["features"])
    assert np.abs(first["one"]["features"] - first["two"]["features"]).max() > 1


def test_text_alone_needs_no_audio(make, utterances):
    silent = [dataclasses.replace(utterance, file=None) for utterance in utterances]
    silent.append(dataclasses.replace(utterances[0], id="gone", file=utterances[0].audio.with_name("gone.wav")))
    config = READS.override("augmentation.speeds=[0.9, 1.0]", "augmentation.disturbed_copies=1")
    records, _ = make(silent, config)
    assert records.utterances == tuple(silent) and records.augmented == ()
    for utterance, example in zip(silent, examples(records.clean).values(), strict=True):
        assert example["text"].numpy().decode() == utterance.text
        assert example["features"].shape == (0, 96)


def test_utterance_without_the_audio_that_the_model_needs(make, utterances):
    silent = dataclasses.replace(utterances[2], file=None)
    with pytest.raises(EmotionTFError, match=f"utterance {silent.id} has no audio.*To fix: use --modality text"):
        make([*utterances[:2], silent])


def test_shards_are_small_and_hold_the_corpus_in_its_order(shards_of_one, make, utterances):
    records, lines = make()
    for path, utterance in zip(records.clean, utterances, strict=True):
        assert list(examples([path])) == [utterance.id]
    assert lines == [*(f"features of utterances: {done} of 3" for done in (1, 2)), "features of utterances: 3 done"]


def test_empty_transcripts_are_counted(make, utterances):
    some = (dataclasses.replace(utterances[0], text=" "), *utterances[1:])
    assert make(some, READS)[1][0] == "1 of 3 transcripts are empty; the model reads no word there"
    assert not any("transcripts" in line for line in make(some)[1])


def test_corpus_without_a_transcript(make, utterances):
    none = [dataclasses.replace(utterance, text="") for utterance in utterances]
    with pytest.raises(EmotionTFError, match=r"no utterance has a transcript; .* To fix: use --modality audio"):
        make(none, READS)
    make(none)


def test_one_core_an_operation_unless_tensorflow_runs_already():
    program = """
import tensorflow as tf
from emotion_tf import dataset
dataset.share_cores_by_utterance()
assert tf.config.threading.get_intra_op_parallelism_threads() == 1
tf.zeros(1)
dataset.share_cores_by_utterance()
"""
    subprocess.run([sys.executable, "-c", program], check=True)
