"""The loop, on a network so small that an epoch takes no time."""

import csv

import keras
import numpy as np
import pytest
import tensorflow as tf
from sklearn.metrics import balanced_accuracy_score

from emotion_tf.config import Config
from emotion_tf.training import compile_network, train_network

STEPS = 5
CONFIG = Config().override("training.epochs=6", "training.patience=null", "training.learning_rate=0.3")
STANDING = CONFIG.override("training.learning_rate=1e-12")

LABELS = np.random.default_rng(0).permutation(np.repeat(range(4), [4, 8, 12, 16]))
INPUTS = (np.random.default_rng(1).normal(0, 2, (40, 6)) + LABELS[:, None]).astype("float32")


def network():
    """The same small network each time."""
    keras.utils.set_random_seed(0)
    return keras.Sequential([keras.Input((6,)), keras.layers.Dense(4, activation="softmax")])


def batches(labels=LABELS, size=8):
    return tf.data.Dataset.from_tensor_slices((INPUTS, np.eye(4, dtype="float32")[labels])).batch(size)


def trained(folder, config=CONFIG, labels=LABELS):
    """A network after training in a folder."""
    model = network()
    folder.mkdir(exist_ok=True)
    # Which part is called dev makes no difference to the loop.
    train_network(model, batches(labels), batches(labels, size=40), config, labels, folder)
    return model


def history(folder):
    with (folder / "history.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def unweighted_accuracy(model):
    return balanced_accuracy_score(LABELS, model.predict(INPUTS, verbose=0).argmax(axis=1))


def assert_same_weights(model, other):
    for found, expected in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(found, expected)


def stop_before_epoch(monkeypatch, number):
    def stop(self, epoch, logs=None):
        if epoch == number:
            raise KeyboardInterrupt

    monkeypatch.setattr(keras.callbacks.CSVLogger, "on_epoch_begin", stop)


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
    assert {path.name for path in folder.iterdir()} == {"history.csv", "tensorboard"}
    assert [row["epoch"] for row in history(folder)] == list("012345")
    assert {"loss", "wa", "ua", "val_loss", "val_wa", "val_ua"} <= history(folder)[0].keys()
    assert list((folder / "tensorboard").rglob("events.*"))


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


@pytest.mark.parametrize("epoch", [0, 5])
def test_stopped_training_goes_on_to_the_same_end(whole, tmp_path, monkeypatch, epoch):
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        stop_before_epoch(patch, epoch)
        trained(tmp_path)
    assert len(history(tmp_path)) == epoch
    resumed = trained(tmp_path)
    assert history(tmp_path) == history(whole[1])
    assert_same_weights(resumed, whole[0])


def test_best_weights_from_before_an_interruption_are_kept(tmp_path, monkeypatch):
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        stop_before_epoch(patch, 4)
        trained(tmp_path)
    best = max(float(row["val_ua"]) for row in history(tmp_path))
    # What comes after the interruption scores worse, since the labels are others.
    model = trained(tmp_path, labels=(LABELS + 1) % 4)
    assert all(float(row["val_ua"]) < best for row in history(tmp_path)[4:])
    assert unweighted_accuracy(model) == pytest.approx(best, abs=1e-6)


def test_training_that_was_stopped_after_its_last_epoch_begins_anew(whole, tmp_path):
    """The fold is not finished before its predictions are written, of which the loop knows nothing."""
    trained(tmp_path)
    again = trained(tmp_path)
    assert history(tmp_path) == history(whole[1])
    assert_same_weights(again, whole[0])
