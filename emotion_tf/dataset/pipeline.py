"""From TFRecords to the batches that `model.fit` takes."""

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf

from emotion_tf.config import Config
from emotion_tf.corpora.utterance import Utterance
from emotion_tf.dataset.augment import augment
from emotion_tf.dataset.extract import SHARD_SIZE, Records
from emotion_tf.dataset.id_index import IdIndex
from emotion_tf.dataset.records import parse, parse_ids, stored_type
from emotion_tf.dataset.sampling import balanced_share
from emotion_tf.dataset.targets import targets
from emotion_tf.text.graph_vocabulary import GraphVocabulary
from emotion_tf.text.vocabulary import Vocabulary
from emotion_tf.utils.paths import RemotePath

IN_MEMORY = 4096
IN_MEMORY_BYTES = 3 * 2**30
"""Utterances, and bytes of their features, up to which all are read once, stay in memory and are shuffled as a whole.

Of a pretrained encoder's layers an utterance of 4 s has 0.6 MB, of other features 0.02 to 0.1 MB.
"""

SHARDS_AT_ONCE = 32
"""Shards that take turns where there are more, in an order that is drawn anew for every epoch."""

SHUFFLE_BUFFER = 512
"""Utterances in memory then, among which the next one is drawn."""

RECORDS_AT_ONCE = 16
"""Records that are in memory while it is found out which of them are wanted."""

READ_BYTES = 2**16
"""What is read of a shard at a time then; more for each of so many would be much."""

SORTING_WINDOW = 4
"""Batches whose utterances are sorted by length before they are dealt out, so that less padding is computed.

It is less where one window would hold a whole epoch: length goes with speaker and emotion, and the same utterances
would meet every time. Sorted as a whole, a fold of RAVDESS fell from an accuracy of 0.64 to 0.54.
"""


SAMPLING_ROUNDS = 4
"""Times that what balanced sampling has drawn is heard at most, until there is as much as in an epoch without it."""

OPTIONS = tf.data.Options()
# The tuner of tf.data looks at a pipeline at intervals that double, and now and then the end of an epoch waits for its
# next look: an epoch of 3 s takes 5.12 s then. There is nothing to tune in these pipelines.
OPTIONS.autotune.enabled = False


def read_examples(
    shards: Sequence[Path | RemotePath], config: Config, utterances: Sequence[Utterance]
) -> tf.data.Dataset:
    """The examples of some utterances, as `records.parse` gives them, in the order of the records.

    Args:
        shards: The shards, one after the other.
        config: Says how wide the features are.
        utterances: Those wanted.
    """
    return _reader(config, utterances)(tf.data.TFRecordDataset([str(shard) for shard in shards]))


def _reader(config: Config, utterances: Sequence[Utterance]) -> Callable[[tf.data.Dataset], tf.data.Dataset]:
    """A function from serialized examples to those of some utterances, parsed."""
    places = IdIndex([utterance.id for utterance in utterances])
    stored = stored_type(config.features)

    def read(serialized: tf.data.Dataset) -> tf.data.Dataset:
        # What is not wanted is left out before its features are parsed, and several are looked at in one step.
        several = serialized.batch(RECORDS_AT_ONCE)
        chosen = several.map(lambda records: tf.boolean_mask(records, places(parse_ids(records)) >= 0)).unbatch()
        return chosen.map(lambda record: parse(record, config.features.width, stored), tf.data.AUTOTUNE)

    return read


def evaluation_dataset(
    records: Records, config: Config, utterances: Sequence[Utterance], vocabulary: Vocabulary | None = None
) -> tf.data.Dataset:
    """Batches in the order of the records, without augmentation.

    Args:
        records: The records of the corpus.
        config: Modality, word limits and batch size.
        utterances: Those wanted.
        vocabulary: The words and their ids, needed if the model reads.

    Returns:
        Pairs of inputs and what `targets` says of them, such as one-hot labels (B, C) float32. Inputs are a dict of
        `audio` (B, T, D) float32, `words` (B, M) int32 and `speaker` (B, W) float32 as far as the settings have them,
        padded with zeros to the longest of the batch.
    """
    convert = _inputs(records, config, vocabulary)
    examples = read_examples(records.clean, config, utterances).map(convert, tf.data.AUTOTUNE)
    batches = examples.padded_batch(config.training.batch_size)
    steps = math.ceil(len(utterances) / config.training.batch_size)
    return _ready(batches, steps)


def training_dataset(
    records: Records,
    config: Config,
    utterances: Sequence[Utterance],
    vocabulary: Vocabulary | None = None,
    seed: int = 0,
    first_epoch: int = 0,
    drop_remainder: bool = True,
) -> tf.data.Dataset:
    """Batches in a new random order every epoch, augmented, of utterances of like length.

    Args:
        records: The records of the corpus, of which those of augmented waves are read too.
        config: As for `evaluation_dataset`, and the augmentation.
        utterances: Those wanted.
        vocabulary: The words and their ids, needed if the model reads.
        seed: Seed of order and augmentation.
        first_epoch: The epoch that the first iteration gives; each further one gives the next. What an epoch is
            depends on nothing but the seed and its number, so that a training that was stopped can go on.
        drop_remainder: Leave out a last batch that would be smaller than the others; other utterances fall into it in
            every epoch.

    Returns:
        As `evaluation_dataset`.
    """
    shards = [str(shard) for variant in (records.clean, *records.augmented) for shard in variant]
    count = len(utterances) * (1 + len(records.augmented))
    batch_size = min(config.training.batch_size, count)
    steps = count // batch_size if drop_remainder else math.ceil(count / batch_size)
    window = min(SORTING_WINDOW, math.ceil(steps / 2))
    read = _reader(config, utterances)
    kept = read(tf.data.TFRecordDataset(shards)).cache() if _fits_in_memory(records, count) else None
    convert, change = _inputs(records, config, vocabulary), augment(config, len(vocabulary or ()))

    training = config.training
    balanced = training.sampling == "balanced" or training.balance_corpora
    share = balanced_share(config, utterances, records.utterances) if balanced else None

    def shuffled(epoch: tf.Tensor) -> tf.data.Dataset:
        if kept is not None:
            if share is not None:
                # So many that those which come too many are left out at random.
                return share.draw(kept, epoch).shuffle(2 * count, epoch, reshuffle_each_iteration=False)
            return kept.shuffle(count, epoch, reshuffle_each_iteration=False)

        def from_anywhere(number: tf.Tensor, shard: tf.Tensor) -> tf.data.Dataset:
            # Read from their beginnings, the variants of an utterance would come together.
            start = tf.random.stateless_uniform([], [epoch, number], maxval=SHARD_SIZE, dtype=tf.int64)
            examples = tf.data.TFRecordDataset(shard, buffer_size=READ_BYTES)
            return examples.skip(start).concatenate(examples.take(start))

        order = tf.data.Dataset.from_tensor_slices(shards).enumerate()
        order = order.shuffle(len(shards), epoch, reshuffle_each_iteration=False)
        in_turn = read(order.interleave(from_anywhere, cycle_length=SHARDS_AT_ONCE))
        in_turn = in_turn if share is None else share.draw(in_turn, epoch)
        return in_turn.shuffle(SHUFFLE_BUFFER, epoch, reshuffle_each_iteration=False)

    def prepare(example: dict[str, tf.Tensor], seed: tf.Tensor) -> tuple[dict[str, tf.Tensor], Any]:
        return change(convert(example), seed)

    def one_epoch(epoch: tf.Tensor) -> tf.data.Dataset:
        # Order comes from two seeds: this one, of the graph that is traced here and of no other, and the number of the
        # epoch. TensorFlow cannot take the latter beside a first seed of zero.
        tf.random.set_seed(seed + 1)
        # What fills no batch is left out before the sorting, or it would be the longest utterances every time.
        examples = shuffled(epoch)
        if share is not None:
            # What is drawn is about as much as there is; where it is less, it is heard from the beginning again.
            examples = examples.repeat(SAMPLING_ROUNDS).take(count)
        examples = examples.take(steps * batch_size)
        examples = tf.data.Dataset.zip(examples, tf.data.Dataset.random(epoch)).map(prepare, tf.data.AUTOTUNE)
        windows = examples.ragged_batch(batch_size * window)
        batches = windows.flat_map(lambda inputs, labels: _deal(inputs, labels, batch_size))
        return batches.shuffle(window, epoch, reshuffle_each_iteration=False)

    next_epoch = tf.Variable(first_epoch, trainable=False, dtype=tf.int64)
    numbers = tf.data.Dataset.from_tensors(0).map(lambda _: next_epoch.assign_add(1) - 1)
    batches = numbers.flat_map(one_epoch)
    return _ready(batches, steps)


def _fits_in_memory(records: Records, count: int) -> bool:
    """Whether so many of the utterances of some records, or of their augmented ones, are few enough to be kept."""
    if count > IN_MEMORY:
        return False
    shards = [shard for variant in (records.clean, *records.augmented) for shard in variant]
    stored = len(records.utterances) * (1 + len(records.augmented))
    return sum(shard.stat().st_size for shard in shards) * count <= IN_MEMORY_BYTES * stored


def _ready(batches: tf.data.Dataset, steps: int) -> tf.data.Dataset:
    """Batches whose number is known, made while others are computed with."""
    counted = batches.apply(tf.data.experimental.assert_cardinality(steps))
    return counted.prefetch(tf.data.AUTOTUNE).with_options(OPTIONS)


def _inputs(records: Records, config: Config, vocabulary: Vocabulary | None):
    """A function from an example to the pair of the model's inputs and what it shall say."""
    lookup = GraphVocabulary(vocabulary) if config.model.reads and vocabulary is not None else None
    speaks = config.speaker.embeddings is not None
    places = IdIndex([utterance.id for utterance in records.utterances])
    answers = tf.nest.map_structure(tf.constant, targets(config, records.utterances))
    if speaks:
        speakers = tf.constant(records.speakers)
    taught = None if records.taught is None else tf.constant(records.taught)

    def convert(example: dict[str, tf.Tensor]) -> tuple[dict[str, tf.Tensor], Any]:
        inputs = {}
        place = places(example["id"][tf.newaxis])[0]
        if config.model.hears:
            # In memory they stay as they are stored, which is half as much for those of an encoder.
            inputs["features"] = tf.cast(example["features"], tf.float32)
        if lookup is not None:
            inputs["word_ids"] = lookup.encode(example["text"][tf.newaxis], config.words.max_words)[0]
        if speaks:
            inputs["speaker"] = tf.gather(speakers, place)
        if taught is not None:
            inputs["taught"] = tf.gather(taught, place)
        return inputs, tf.nest.map_structure(lambda rows: tf.gather(rows, place), answers)

    return convert


def _deal(inputs: dict[str, tf.RaggedTensor], labels: Any, batch_size: int) -> tf.data.Dataset:
    """Batches of a window of utterances, by the length of what is heard, or read where nothing is heard."""
    lengths = inputs["features" if "features" in inputs else "word_ids"].row_lengths()
    rows = tf.data.Dataset.from_tensor_slices(tf.argsort(lengths, stable=True)).batch(batch_size)

    def batch(rows: tf.Tensor) -> tuple[dict[str, tf.Tensor], Any]:
        chosen = {name: tf.gather(values, rows) for name, values in inputs.items()}
        dense = {
            name: values.to_tensor() if isinstance(values, tf.RaggedTensor) else values
            for name, values in chosen.items()
        }
        return dense, tf.nest.map_structure(lambda values: tf.gather(values, rows), labels)

    return rows.map(batch)
