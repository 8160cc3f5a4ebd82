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
CONFIG = Config().override("training.epochs=4", "training.patience=null", "training.learning_rate=0.3")

RNG = np.random.default_rng(0)
LABELS = RNG.choice(4, 40, p=[0.1, 0.2, 0.3, 0.4])
INPUTS = (RNG.normal(0, 2, (40, 6)) + LABELS[:, None]).astype("float32")


def network():
    """The same small network each time."""
    keras.utils.set_random_seed(0)
    return keras.Sequential([keras.Input((6,)), keras.layers.Dense(4, activation="softmax")])


def batches(size=8):
    return tf.data.Dataset.from_tensor_slices((INPUTS, np.eye(4, dtype="float32")[LABELS])).batch(size)


def trained(folder, config=CONFIG):
    """A network after training in a folder."""
    model = network()
    folder.mkdir(exist_ok=True)
    # The dev part is the training part backwards, since the loop does not ask where it comes from.
    train_network(model, batches(), batches(40), config, LABELS, folder)
    return model


def history(folder):
    with (folder / "history.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def unweighted_accuracy(model):
    return balanced_accuracy_score(LABELS, model.predict(INPUTS, verbose=0).argmax(axis=1))


def stop_before_epoch(monkeypatch, number):
    def stop(self, epoch, logs=None):
        if epoch == number:
            raise KeyboardInterrupt

    monkeypatch.setattr(keras.callbacks.CSVLogger, "on_epoch_begin", stop)


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


def test_cosine_falls_to_zero_at_the_last_step(tmp_path):
    model = trained(tmp_path, CONFIG.override("training.schedule=cosine", "training.keep=last"))
    rate = model.optimizer._learning_rate
    assert int(model.optimizer.iterations) == 4 * STEPS
    assert [float(rate(step)) for step in (0, 2 * STEPS, 4 * STEPS)] == pytest.approx([0.3, 0.15, 0], abs=1e-7)


def test_loss_and_metrics_by_hand():
    model = network()
    compile_network(model, CONFIG.override("training.label_smoothing=0.2").training, STEPS)
    found = model.evaluate(batches(), return_dict=True, verbose=0)
    probabilities = model.predict(INPUTS, verbose=0).astype(float)
    smooth = 0.8 * np.eye(4)[LABELS] + 0.2 / 4
    assert found["loss"] == pytest.approx(-np.mean(np.sum(smooth * np.log(probabilities), axis=1)), rel=1e-5)
    assert found["wa"] == pytest.approx(np.mean(probabilities.argmax(axis=1) == LABELS))
    assert found["ua"] == pytest.approx(balanced_accuracy_score(LABELS, probabilities.argmax(axis=1)))


@pytest.mark.parametrize("balanced", [True, False])
def test_class_weights_by_hand(tmp_path, balanced):
    """With a rate of nearly nothing, the loss of the epoch is that of the first weights."""
    config = CONFIG.override(
        "training.epochs=1",
        "training.learning_rate=1e-12",
        f"training.class_weights={'balanced' if balanced else 'none'}",
    )
    trained(tmp_path, config)
    probabilities = network().predict(INPUTS, verbose=0).astype(float)
    counts = np.bincount(LABELS)
    assert len(set(counts)) == 4
    weights = 40 / (4 * counts) if balanced else np.ones(4)
    expected = np.mean(-weights[LABELS] * np.log(probabilities[np.arange(40), LABELS]))
    assert float(history(tmp_path)[0]["loss"]) == pytest.approx(expected, rel=1e-5)


def test_class_weights_where_a_class_is_missing(tmp_path):
    """Two utterances of class 0 and six of class 3: weights 8 / (2 · 2) and 8 / (2 · 6)."""
    labels = np.array([0, 0, 3, 3, 3, 3, 3, 3])
    dataset = tf.data.Dataset.from_tensors((INPUTS[:8], np.eye(4, dtype="float32")[labels]))
    config = CONFIG.override("training.epochs=1", "training.learning_rate=1e-12", "training.class_weights=balanced")
    train_network(network(), dataset, dataset, config, labels, tmp_path)
    losses = -np.log(network().predict(INPUTS[:8], verbose=0).astype(float)[np.arange(8), labels])
    expected = np.mean(np.where(labels == 0, 2, 2 / 3) * losses)
    assert float(history(tmp_path)[0]["loss"]) == pytest.approx(expected, rel=1e-5)


def test_best_weights_are_kept(tmp_path):
    model = trained(tmp_path, CONFIG.override("training.epochs=8"))
    scores = [float(row["val_ua"]) for row in history(tmp_path)]
    assert len(scores) == 8
    # Otherwise the last weights would pass for the best.
    assert scores[-1] < max(scores)
    assert unweighted_accuracy(model) == pytest.approx(max(scores), abs=1e-6)


def test_last_weights_are_kept_where_asked_for(tmp_path):
    model = trained(tmp_path, CONFIG.override("training.epochs=8", "training.keep=last"))
    assert unweighted_accuracy(model) == pytest.approx(float(history(tmp_path)[-1]["val_ua"]), abs=1e-6)
    assert not list(tmp_path.glob("*.h5"))


def test_what_training_leaves_behind(tmp_path):
    trained(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"history.csv", "tensorboard"}
    assert [row["epoch"] for row in history(tmp_path)] == ["0", "1", "2", "3"]
    assert {"loss", "wa", "ua", "val_loss", "val_wa", "val_ua"} <= history(tmp_path)[0].keys()
    assert list((tmp_path / "tensorboard").rglob("events.*"))


def test_patience_ends_training(tmp_path):
    trained(tmp_path, CONFIG.override("training.epochs=9", "training.learning_rate=1e-12", "training.patience=2"))
    assert len(history(tmp_path)) == 3


@pytest.mark.parametrize("keep", ["best", "last"])
@pytest.mark.parametrize("epoch", [0, 1, 3])
def test_stopped_training_goes_on_to_the_same_end(tmp_path, monkeypatch, keep, epoch):
    config = CONFIG.override(f"training.keep={keep}", "training.optimizer=adamw", "training.schedule=cosine")
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        stop_before_epoch(patch, epoch)
        trained(tmp_path / "stopped", config)
    resumed, whole = trained(tmp_path / "stopped", config), trained(tmp_path / "whole", config)
    assert history(tmp_path / "stopped") == history(tmp_path / "whole")
    for found, expected in zip(resumed.get_weights(), whole.get_weights(), strict=True):
        np.testing.assert_array_equal(found, expected)


def test_best_weights_from_before_an_interruption_are_kept(tmp_path, monkeypatch):
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        stop_before_epoch(patch, 3)
        trained(tmp_path)
    best = max(float(row["val_ua"]) for row in history(tmp_path))
    # What comes after the interruption is worse: the labels are wrong from now on.
    monkeypatch.setattr("test_loop.LABELS", (LABELS + 1) % 4)
    model = network()
    train_network(model, batches(), batches(40), CONFIG, LABELS, tmp_path)
    assert float(history(tmp_path)[3]["val_ua"]) < best
    monkeypatch.undo()
    assert unweighted_accuracy(model) == pytest.approx(best, abs=1e-6)


@pytest.mark.parametrize("keep", ["best", "last"])
def test_training_that_was_finished_begins_anew(tmp_path, keep):
    """As after an interruption between the last epoch and the predictions."""
    config = CONFIG.override(f"training.keep={keep}")
    first = trained(tmp_path, config)
    rows = history(tmp_path)
    again = trained(tmp_path, config)
    assert history(tmp_path) == rows
    for found, expected in zip(again.get_weights(), first.get_weights(), strict=True):
        np.testing.assert_array_equal(found, expected)
