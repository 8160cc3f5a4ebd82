import contextlib
from collections import Counter

import numpy as np
import pytest
import tensorflow as tf

from emotion_tf.config import Config
from emotion_tf.corpora.utterance import Utterance
from emotion_tf.dataset import Records, evaluation_dataset, pipeline, training_dataset
from emotion_tf.dataset.records import serialize
from emotion_tf.labels import FOUR
from emotion_tf.text.vocabulary import Vocabulary

CONFIG = Config().override(
    "features.mel_bands=3",
    "features.mfcc_coefficients=3",
    "features.deltas=0",
    "model.modality=audio",
    "training.batch_size=4",
)
READS = CONFIG.override("model.modality=text")
WORDS = Vocabulary(("", "[UNK]", "so", "sad"))


def make_records(folder, lengths, texts=None, variants=1, shards=1):
    """Records whose frames all hold 1, 2 and so on, by which utterances are known again, and 1000 more a variant."""
    texts = texts or [""] * len(lengths)
    utterances = [
        Utterance(f"u{number}", None, 0.0, None, text, FOUR[number % 4], "Ann") for number, text in enumerate(texts)
    ]
    paths = [tuple(folder / f"{variant}-{shard}" for shard in range(shards)) for variant in range(variants)]
    for variant, of_variant in enumerate(paths):
        for path, numbers in zip(of_variant, np.array_split(range(len(utterances)), shards), strict=True):
            with tf.io.TFRecordWriter(str(path)) as writer:
                for number in numbers:
                    frames = np.full((lengths[number], 3), 1000 * variant + number + 1)
                    writer.write(serialize(utterances[number], frames))
    return Records(paths[0], tuple(paths[1:]), tuple(utterances))


def epoch(dataset):
    """The batches of an epoch, each as the numbers of its utterances, as far as audio tells them."""
    return [tuple(batch["features"][:, 0, 0].astype(int).tolist()) for batch, _ in dataset.as_numpy_iterator()]


def drawn(dataset):
    """How often each utterance comes in an epoch."""
    return Counter(number for batch in epoch(dataset) for number in batch)


def test_evaluation_keeps_the_order_and_pads_with_zeros(tmp_path):
    records = make_records(tmp_path, [5, 1, 3, 2, 4, 6])
    dataset = evaluation_dataset(records, CONFIG, records.utterances)
    batches = list(dataset.as_numpy_iterator())
    assert len(batches) == dataset.cardinality() == 2
    numbers = iter(range(6))
    for (inputs, labels), lengths in zip(batches, [[5, 1, 3, 2], [4, 6]], strict=True):
        assert inputs.keys() == {"features"}
        expected = np.zeros((len(lengths), max(lengths), 3))
        one_hot = np.zeros((len(lengths), 4))
        for row, (length, number) in enumerate(zip(lengths, numbers, strict=False)):
            expected[row, :length] = number + 1
            one_hot[row, number % 4] = 1
        assert inputs["features"].dtype == labels.dtype == np.float32
        np.testing.assert_array_equal(inputs["features"], expected)
        np.testing.assert_array_equal(labels, one_hot)


def test_only_the_utterances_asked_for(tmp_path):
    records = make_records(tmp_path, [2] * 9, variants=2)
    wanted = [records.utterances[place] for place in (7, 1, 2, 4)]
    assert epoch(evaluation_dataset(records, CONFIG, wanted)) == [(2, 3, 5, 8)]
    assert drawn(training_dataset(records, CONFIG, wanted)) == Counter([2, 3, 5, 8, 1002, 1003, 1005, 1008])


def test_shards_are_read_in_their_order(tmp_path):
    records = make_records(tmp_path, [2] * 7, variants=2, shards=3)
    assert epoch(evaluation_dataset(records, CONFIG, records.utterances)) == [(1, 2, 3, 4), (5, 6, 7)]
    assert len(drawn(training_dataset(records, CONFIG.override("training.batch_size=14"), records.utterances))) == 14


@pytest.mark.parametrize("make", [evaluation_dataset, training_dataset])
def test_words_are_looked_up_and_padded(tmp_path, make):
    records = make_records(tmp_path, [0] * 4, ["So sad!", "", "so very, very sad", "Sad"])
    ((inputs, labels),) = make(records, READS.override("words.max_words=3"), records.utterances, WORDS)
    assert inputs.keys() == {"word_ids"}
    assert inputs["word_ids"].dtype == tf.int32
    found = {
        tuple(label): tuple(words) for label, words in zip(labels.numpy(), inputs["word_ids"].numpy(), strict=True)
    }
    rows = [(2, 3, 1), (0, 0, 0), (2, 1, 1), (3, 0, 0)]
    assert found == {tuple(label): row for label, row in zip(np.eye(4), rows, strict=True)}


def test_transcripts_that_are_all_empty(tmp_path):
    records = make_records(tmp_path, [0] * 4)
    for make in (evaluation_dataset, training_dataset):
        ((inputs, _),) = make(records, READS, records.utterances, WORDS)
        np.testing.assert_array_equal(inputs["word_ids"], np.zeros((4, 1)))


def test_audio_and_words_and_labels_stay_together(tmp_path):
    texts = ["so", "sad", "so so", "sad so", "sad sad", "so so so", "sad so so", "so sad so"]
    rows = {number: [WORDS.ids[word] for word in text.split()] for number, text in enumerate(texts, start=1)}
    records = make_records(tmp_path, [3, 1, 4, 1, 5, 9, 2, 6], texts)
    config = CONFIG.override("model.modality=both")
    for make in (evaluation_dataset, training_dataset):
        seen = set()
        for inputs, labels in make(records, config, records.utterances, WORDS).as_numpy_iterator():
            for audio, words, label in zip(inputs["features"], inputs["word_ids"], labels, strict=True):
                number = int(audio[0, 0])
                seen.add(number)
                assert np.trim_zeros(words).tolist() == rows[number]
                assert label.argmax() == (number - 1) % 4
        assert seen == set(rows)


@pytest.mark.parametrize(
    ("utterances", "variants", "steps"),
    [(12, 1, 3), (10, 1, 2), (10, 3, 7), (3, 1, 1), (1, 1, 1), (1, 2, 1), (70, 1, 17)],
)
def test_each_utterance_comes_once_an_epoch_and_variant(tmp_path, utterances, variants, steps):
    records = make_records(tmp_path, range(1, utterances + 1), variants=variants)
    dataset = training_dataset(records, CONFIG, records.utterances)
    expected = {1000 * variant + number for variant in range(variants) for number in range(1, utterances + 1)}
    for _ in range(2):
        batches = epoch(dataset)
        assert len(batches) == dataset.cardinality() == steps
        assert {len(batch) for batch in batches} == {min(4, utterances * variants)}
        numbers = [number for batch in batches for number in batch]
        assert len(numbers) == len(set(numbers))
        assert set(numbers) <= expected


def test_no_utterance_is_left_out_for_ever(tmp_path):
    """Each epoch has room for four of seven, and they are not always the shortest."""
    records = make_records(tmp_path, range(1, 8))
    dataset = training_dataset(records, CONFIG, records.utterances)
    assert set().union(*(drawn(dataset) for _ in range(6))) == set(range(1, 8))


def test_order_and_augmentation_depend_on_seed_and_epoch(tmp_path):
    records = make_records(tmp_path, range(1, 41))
    config = CONFIG.override("augmentation.gain_db=3")

    def epochs(seed):
        dataset = training_dataset(records, config, records.utterances, seed=seed)
        return [[batch["features"] for batch, _ in dataset.as_numpy_iterator()] for _ in range(2)]

    def gains(batches):
        """What the level adds to the first coefficient; the second one knows no level."""
        return np.sort(np.concatenate([batch[:, 0, 0] - batch[:, 0, 1] for batch in batches]))

    first, again, other = epochs(0), epochs(0), epochs(1)
    for one, two in zip(first, again, strict=True):
        for batch, twin in zip(one, two, strict=True):
            np.testing.assert_array_equal(batch, twin)
    for one, two in ((first[0], first[1]), (first[0], other[0])):
        assert [batch.shape for batch in one] != [batch.shape for batch in two]
        assert np.abs(gains(one) - gains(two)).max() > 0.1


@pytest.mark.parametrize(("seed", "in_memory"), [(0, 4096), (1, 4096), (0, 16)])
def test_an_epoch_depends_on_seed_and_number_alone(tmp_path, monkeypatch, seed, in_memory):
    """Whatever TensorFlow's own seed is, an epoch is the same whether others came before it or not."""
    monkeypatch.setattr(pipeline, "IN_MEMORY", in_memory)
    records = make_records(tmp_path, range(1, 41), variants=2, shards=5)
    config = CONFIG.override("augmentation.gain_db=3", "augmentation.time_masks=1")

    def epochs(first, count):
        dataset = training_dataset(records, config, records.utterances, seed=seed, first_epoch=first)
        return [[inputs["features"] for inputs, _ in dataset.as_numpy_iterator()] for _ in range(count)]

    tf.random.set_seed(5)
    expected = epochs(0, 5)
    tf.random.set_seed(0)
    for one, two in zip(epochs(3, 2), expected[3:], strict=True):
        for batch, twin in zip(one, two, strict=True):
            np.testing.assert_array_equal(batch, twin)
    # Otherwise all epochs might be the same.
    assert [batch.shape for batch in expected[3]] != [batch.shape for batch in expected[4]]


@pytest.mark.parametrize(("room", "kept"), [(2 * 40 * 30 * 12, True), (40 * 30 * 12, False)])
def test_features_are_kept_while_their_bytes_find_room(tmp_path, monkeypatch, room, kept):
    """40 utterances of 30 frames of 12 bytes, with a little around them; what is kept needs no file any more."""
    monkeypatch.setattr(pipeline, "IN_MEMORY_BYTES", room)
    records = make_records(tmp_path, [30] * 40)
    dataset = training_dataset(records, CONFIG, records.utterances)
    assert sum(drawn(dataset).values()) == 40
    records.clean[0].unlink()
    with contextlib.nullcontext() if kept else pytest.raises(tf.errors.NotFoundError):
        assert sum(drawn(dataset).values()) == 40


@pytest.mark.parametrize("modality", ["audio", "text"])
def test_a_batch_holds_utterances_of_like_length(tmp_path, modality):
    """Lengths from 1 to 96, four of which lie 58 apart on average when drawn blindly."""
    lengths = np.random.default_rng(0).permutation(np.arange(1, 97))
    records = make_records(tmp_path, lengths, [" ".join(["so"] * length) for length in lengths])
    dataset = training_dataset(records, CONFIG.override(f"model.modality={modality}"), records.utterances, WORDS)
    batches = [next(iter(inputs.values())) for inputs, _ in dataset.as_numpy_iterator()]
    ranges = [np.ptp(np.count_nonzero(batch.reshape(4, batch.shape[1], -1)[:, :, 0], axis=1)) for batch in batches]
    assert len(batches) == 24
    # Windows of 16 utterances, of which four neighbours lie 3 / 17 of the whole apart on average: 17.
    assert np.mean(ranges) < 22
    # Short batches do not all come first.
    longest = [batch.shape[1] for batch in batches]
    assert longest[:8] != sorted(longest[:8])


def test_the_same_utterances_do_not_meet_in_every_epoch(tmp_path):
    """Were all 16 sorted as one, the four shortest would be one batch for ever."""
    records = make_records(tmp_path, range(1, 17))
    dataset = training_dataset(records, CONFIG, records.utterances)
    assert len({frozenset(map(frozenset, epoch(dataset))) for _ in range(4)}) == 4


def test_utterances_of_a_large_corpus_meet_those_of_far_away(tmp_path, monkeypatch):
    """Read in their order, the first 16 of 200 through a buffer of 8 would be among the first 24."""
    for name, value in (("IN_MEMORY", 199), ("SHARDS_AT_ONCE", 10), ("SHUFFLE_BUFFER", 8), ("SHARD_SIZE", 8)):
        monkeypatch.setattr(pipeline, name, value)
    records = make_records(tmp_path, [2] * 200, shards=25)
    dataset = training_dataset(records, CONFIG, records.utterances)
    epochs = [epoch(dataset) for _ in range(3)]
    for batches in epochs:
        assert Counter(number for batch in batches for number in batch) == Counter(range(1, 201))
    firsts = [[number - 1 for batch in batches[:4] for number in batch] for batches in epochs]
    shards = [{number // 8 for number in first} for first in firsts]
    assert min(map(len, shards)) > 6 and max(map(max, shards)) > 15
    assert shards[0] != shards[1] != shards[2]
    # Nor do the shards all begin with their first utterances.
    assert min(len({number % 8 for number in first}) for first in firsts) > 4


def test_few_utterances_are_read_once(tmp_path):
    records = make_records(tmp_path, range(1, 10), shards=2)
    dataset = training_dataset(records, CONFIG.override("training.batch_size=3"), records.utterances)
    assert drawn(dataset).keys() == set(range(1, 10))
    for shard in records.clean:
        shard.unlink()
    assert drawn(dataset).keys() == set(range(1, 10))


def test_evaluation_is_never_augmented(tmp_path):
    changes = ("augmentation.gain_db=9", "augmentation.time_masks=3", "augmentation.word_dropout=0.9")
    config = CONFIG.override("model.modality=both", *changes)
    records = make_records(tmp_path, [3] * 4, ["so sad so"] * 4, variants=2)
    ((inputs, _),) = evaluation_dataset(records, config, records.utterances, WORDS)
    np.testing.assert_array_equal(inputs["features"], np.arange(1, 5)[:, None, None] * np.ones((4, 3, 3)))
    np.testing.assert_array_equal(inputs["word_ids"], [[2, 3, 2]] * 4)
    ((inputs, _), *_) = training_dataset(records, config, records.utterances, WORDS)
    assert np.any(inputs["features"].numpy() % 1) and np.any(inputs["word_ids"] == 1)
