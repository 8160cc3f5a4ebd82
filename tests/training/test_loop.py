"""The loop, on a network so small that an epoch takes no time."""

import csv
import importlib.util
import itertools
import os
import shutil

import keras
import numpy as np
import pytest
import tensorflow as tf
from sklearn.metrics import balanced_accuracy_score

from emotion_tf.config import Config
from emotion_tf.errors import EmotionTFError
from emotion_tf.training import compile_network, train_network
from emotion_tf.training.checkpoint import Checkpoint
from emotion_tf.training.loop import CHECKPOINT

STEPS = 5
CONFIG = Config().override(
    "training.epochs=6", "training.patience=null", "training.learning_rate=0.3", "model.dropout=0.4"
)
STANDING = CONFIG.override("training.learning_rate=1e-12", "model.dropout=0")

LABELS = np.random.default_rng(0).permutation(np.repeat(range(4), [4, 8, 12, 16]))
INPUTS = (np.random.default_rng(1).normal(0, 2, (40, 6)) + LABELS[:, None]).astype("float32")


def network(dropout=0.0):
    """The same small network each time."""
    keras.utils.set_random_seed(0)
    layers = [keras.Input((6,)), keras.layers.Dropout(dropout), keras.layers.Dense(4, activation="softmax")]
    return keras.Sequential(layers)


def batches(labels=LABELS, size=8):
    return tf.data.Dataset.from_tensor_slices((INPUTS, np.eye(4, dtype="float32")[labels])).batch(size)


def epochs(labels, first):
    """The batches in an order of its own in every epoch, from the first that is asked for on."""
    numbers = itertools.count(first)

    def order():
        yield np.random.default_rng(next(numbers)).permutation(40)

    pair = (INPUTS, np.eye(4, dtype="float32")[labels])
    orders = tf.data.Dataset.from_generator(order, output_signature=tf.TensorSpec((40,), tf.int64))
    shuffled = orders.flat_map(
        lambda rows: tf.data.Dataset.from_tensor_slices(tuple(tf.gather(part, rows) for part in pair))
    )
    return shuffled.batch(8).apply(tf.data.experimental.assert_cardinality(STEPS))


def trained(folder, config=CONFIG, labels=LABELS):
    """A network after training in a folder."""
    model = network(config.model.dropout)
    folder.mkdir(exist_ok=True)
    # Which part is called dev makes no difference to the loop.
    train_network(model, lambda first: epochs(labels, first), batches(labels, size=40), config, labels, folder)
    return model


def history(folder):
    with (folder / "history.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def unweighted_accuracy(model):
    return balanced_accuracy_score(LABELS, model.predict(INPUTS, verbose=0).argmax(axis=1))


def assert_same_weights(model, other):
    for found, expected in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(found, expected)


class Stopped(BaseException):
    """Ends a training as a kill would: nothing catches it."""


def stop(number):
    def at_epoch(self, epoch, *arguments):
        if epoch == number:
            raise Stopped

    return at_epoch


def before_epoch(patch, number):
    patch.setattr(Checkpoint, "on_epoch_begin", stop(number))


def within_epoch(patch, number):
    def at_batch(self, batch, logs=None):
        if self.next_epoch == number and batch == 2:
            raise Stopped

    patch.setattr(Checkpoint, "on_train_batch_begin", at_batch)


def between_epoch_and_history(patch, number):
    patch.setattr(keras.callbacks.TensorBoard, "on_epoch_end", stop(number))


def between_history_and_checkpoint(patch, number):
    patch.setattr(Checkpoint, "_write", lambda self: stop(number)(self, self.next_epoch - 1))


def within_write_of_checkpoint(patch, number):
    """Half of the file is there. Every epoch writes a history and a checkpoint."""
    writes = itertools.count()

    def half(file):
        if next(writes) == 2 * number + 1:
            os.ftruncate(file, os.fstat(file).st_size // 2)
            raise Stopped

    patch.setattr(os, "fsync", half)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A network after training without an interruption, and the folder where it was trained."""
    folder = tmp_path_factory.mktemp("whole")
    return trained(folder), folder


@pytest.mark.parametrize("optimizer", ["adam", "adamw"])
def test_optimizer(optimizer):
    model = network()
    config = CONFIG.override(
        f"training.optimizer={optimizer}", "training.weight_decay=0.02", "training.learning_rate=0.01"
    )
    compile_network(model, config.training, STEPS)
    assert type(model.optimizer) is {"adam": keras.optimizers.Adam, "adamw": keras.optimizers.AdamW}[optimizer]
    assert model.optimizer.weight_decay == (0.02 if optimizer == "adamw" else None)
    assert float(model.optimizer.learning_rate) == pytest.approx(0.01)


def test_cosine_falls_to_zero_at_the_last_step():
    model = network()
    compile_network(model, CONFIG.override("training.schedule=cosine").training, STEPS)
    rates = []
    for step in (0, 3 * STEPS, 6 * STEPS):
        model.optimizer.iterations.assign(step)
        rates.append(float(model.optimizer.learning_rate))
    assert rates == pytest.approx([0.3, 0.15, 0], abs=1e-7)


def test_loss_and_metrics_by_hand():
    model = network()
    compile_network(model, CONFIG.override("training.label_smoothing=0.2").training, STEPS)
    found = model.evaluate(batches(), return_dict=True, verbose=0)
    probabilities = model.predict(INPUTS, verbose=0).astype(float)
    smooth = 0.8 * np.eye(4)[LABELS] + 0.2 / 4
    assert found["loss"] == pytest.approx(-np.mean(np.sum(smooth * np.log(probabilities), axis=1)), rel=1e-5)
    assert found["wa"] == pytest.approx(np.mean(probabilities.argmax(axis=1) == LABELS))
    assert found["ua"] == pytest.approx(balanced_accuracy_score(LABELS, probabilities.argmax(axis=1)))


@pytest.mark.parametrize(
    "labels",
    [LABELS, np.repeat([0, 3], [10, 30])],
    ids=["four classes", "two classes"],
)
def test_class_weights_by_hand(tmp_path, labels):
    """Where nothing moves, the loss of the epoch is that of the first weights."""
    trained(tmp_path, STANDING.override("training.epochs=1", "training.class_weights=balanced"), labels)
    probabilities = network().predict(INPUTS, verbose=0).astype(float)
    weights = {4: [2.5, 1.25, 10 / 12, 0.625], 2: [2, 0, 0, 2 / 3]}[len(set(labels))]
    expected = np.mean(-np.array(weights)[labels] * np.log(probabilities[np.arange(40), labels]))
    assert float(history(tmp_path)[0]["loss"]) == pytest.approx(expected, rel=1e-5)


def test_what_training_leaves_behind(whole):
    _, folder = whole
    assert {path.name for path in folder.iterdir()} == {"history.csv", "tensorboard", CHECKPOINT}
    assert [row["epoch"] for row in history(folder)] == list("012345")
    assert {"loss", "wa", "ua", "val_loss", "val_wa", "val_ua"} <= history(folder)[0].keys()
    assert list((folder / "tensorboard").rglob("events.*"))


def test_training_does_without_tensorboard_where_there_is_none(tmp_path, monkeypatch):
    """TensorFlow no longer brings it."""
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "tensorboard" else find(name))
    monkeypatch.setattr(keras.callbacks, "TensorBoard", None)
    trained(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"history.csv", CHECKPOINT}


def test_best_weights_are_kept(whole):
    model, folder = whole
    scores = [float(row["val_ua"]) for row in history(folder)]
    # Otherwise the last weights would pass for the best.
    assert scores[-1] < max(scores)
    assert unweighted_accuracy(model) == pytest.approx(max(scores), abs=1e-6)


def test_last_weights_are_kept_where_asked_for(whole, tmp_path):
    model = trained(tmp_path, CONFIG.override("training.keep=last"))
    assert history(tmp_path) == history(whole[1])
    assert unweighted_accuracy(model) == pytest.approx(float(history(tmp_path)[-1]["val_ua"]), abs=1e-6)


def test_patience_ends_training(tmp_path):
    trained(tmp_path, STANDING.override("training.patience=2"))
    assert len(history(tmp_path)) == 3


@pytest.mark.parametrize(
    ("where", "epoch"),
    [
        (before_epoch, 0),
        (before_epoch, 5),
        (within_epoch, 1),
        (between_epoch_and_history, 1),
        (between_history_and_checkpoint, 0),
        (within_write_of_checkpoint, 5),
        (within_write_of_checkpoint, 1),
    ],
)
def test_stopped_training_goes_on_to_the_same_end(whole, tmp_path, monkeypatch, where, epoch):
    with monkeypatch.context() as patch, pytest.raises(Stopped):
        where(patch, epoch)
        trained(tmp_path)
    resumed = trained(tmp_path)
    assert history(tmp_path) == history(whole[1])
    assert_same_weights(resumed, whole[0])


def test_stopped_training_does_not_begin_anew(tmp_path, monkeypatch):
    with monkeypatch.context() as patch, pytest.raises(Stopped):
        before_epoch(patch, 3)
        trained(tmp_path)
    with monkeypatch.context() as patch, pytest.raises(Stopped):
        before_epoch(patch, 3)
        # Were there an epoch before it, another history would be the result.
        trained(tmp_path, labels=(LABELS + 1) % 4)
    assert [row["epoch"] for row in history(tmp_path)] == list("012")


def test_best_weights_from_before_an_interruption_are_kept(tmp_path, monkeypatch):
    with monkeypatch.context() as patch, pytest.raises(Stopped):
        before_epoch(patch, 4)
        trained(tmp_path)
    best = max(float(row["val_ua"]) for row in history(tmp_path))
    # What comes after the interruption scores worse, since the labels are others.
    model = trained(tmp_path, labels=(LABELS + 1) % 4)
    assert all(float(row["val_ua"]) < best for row in history(tmp_path)[4:])
    assert unweighted_accuracy(model) == pytest.approx(best, abs=1e-6)


def test_patience_goes_on_where_it_was(tmp_path, monkeypatch):
    config = STANDING.override("training.patience=3")
    with monkeypatch.context() as patch, pytest.raises(Stopped):
        before_epoch(patch, 2)
        trained(tmp_path, config)
    trained(tmp_path, config)
    assert len(history(tmp_path)) == 4


@pytest.mark.parametrize(
    "config", [CONFIG, CONFIG.override("training.keep=last"), STANDING.override("training.patience=2")]
)
def test_training_that_has_ended_is_not_trained_further(tmp_path, monkeypatch, config):
    """The weights may still be needed: the loop knows nothing of the predictions, which come after it."""
    first = trained(tmp_path, config)
    before = history(tmp_path)
    within_epoch(monkeypatch, len(before))
    assert_same_weights(trained(tmp_path, config), first)
    assert history(tmp_path) == before


def test_unusable_checkpoint_is_named(tmp_path, whole):
    shutil.copy(whole[1] / CHECKPOINT, tmp_path / CHECKPOINT)
    model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(5), keras.layers.Dense(4)])
    with pytest.raises(EmotionTFError, match=r"checkpoint\.npz is damaged, or is of another network .* To fix: delete"):
        train_network(model, lambda first: batches(), batches(), CONFIG, LABELS, tmp_path)
    content = (tmp_path / CHECKPOINT).read_bytes()
    for broken in (content[:-100], content[:50], b"", content.replace(b"PK", b"KP")):
        (tmp_path / CHECKPOINT).write_bytes(broken)
        with pytest.raises(EmotionTFError, match=r"checkpoint\.npz is damaged"):
            trained(tmp_path)
