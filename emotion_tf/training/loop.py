"""Training one network on one fold."""

import csv
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from emotion_tf.config import Config, TrainingConfig
from emotion_tf.labels import EMOTIONS
from emotion_tf.models import FITTED_AT_ONCE
from emotion_tf.training.unweighted_accuracy import UnweightedAccuracy
from emotion_tf.training.verification import ClassificationAndVerification


def compile_network(network: keras.Model, training: TrainingConfig, steps_per_epoch: int) -> None:
    """Gives a network the optimizer, loss and metrics of the settings.

    Args:
        network: Any model of `emotion_tf.models`.
        training: The recipe.
        steps_per_epoch: Steps of an epoch, on which the cosine schedule depends.
    """
    rate: float | keras.optimizers.schedules.LearningRateSchedule = training.learning_rate
    if training.schedule == "cosine":
        rate = keras.optimizers.schedules.CosineDecay(rate, training.epochs * steps_per_epoch)
    if training.optimizer == "adamw":
        optimizer = keras.optimizers.AdamW(rate, weight_decay=training.weight_decay, global_clipnorm=training.clip_norm)
    else:
        optimizer = keras.optimizers.Adam(rate, global_clipnorm=training.clip_norm)
    loss: keras.losses.Loss = keras.losses.CategoricalCrossentropy(label_smoothing=training.label_smoothing)
    if training.verification:
        loss = ClassificationAndVerification(training.verification, training.label_smoothing)
    network.compile(
        optimizer=optimizer,
        loss=loss,
        metrics=[keras.metrics.CategoricalAccuracy(name="wa"), UnweightedAccuracy(len(EMOTIONS))],
        # Keras would compile with XLA, anew for every length of a batch, which takes longer than the steps themselves.
        jit_compile=False,
    )


def train_network(
    network: keras.Model,
    train: tf.data.Dataset,
    dev: tf.data.Dataset,
    config: Config,
    labels: np.ndarray,
    folder: Path,
) -> None:
    """Trains a network, goes on where an earlier call was stopped, and leaves it with the weights that are kept.

    Args:
        network: The network; it is compiled here.
        train: Batches of the training part, once.
        dev: Batches of the dev part, which decide when to stop and which weights to keep.
        config: The recipe.
        labels: (N,) class indices of the training part, for class weights.
        folder: Gets `history.csv`, TensorBoard logs and, while training lasts, a checkpoint to resume from; nothing
            where the model is fitted at once.
    """
    training = config.training
    if config.model.name in FITTED_AT_ONCE:
        FITTED_AT_ONCE[config.model.name](network, train, dev, training)
        return
    compile_network(network, training, steps_per_epoch=int(train.cardinality()))
    best, history, checkpoint = (folder / name for name in ("best.weights.h5", "history.csv", "checkpoint"))
    if not checkpoint.exists():
        # Training begins anew, also where it was stopped between its last epoch and the use of what it left.
        history.unlink(missing_ok=True)
    callbacks: list[keras.callbacks.Callback] = [
        keras.callbacks.CSVLogger(str(history), append=True),
        keras.callbacks.TensorBoard(str(folder / "tensorboard"), write_graph=False),
    ]
    if training.keep == "best":
        callbacks.append(
            keras.callbacks.ModelCheckpoint(
                str(best),
                monitor="val_ua",
                mode="max",
                save_best_only=True,
                save_weights_only=True,
                initial_value_threshold=_best_so_far(history),
            )
        )
    if training.patience is not None:
        callbacks.append(keras.callbacks.EarlyStopping("val_ua", mode="max", patience=training.patience))
    # Last of all, so that whatever an epoch leaves is there when its checkpoint is.
    callbacks.append(keras.callbacks.BackupAndRestore(str(checkpoint)))
    network.fit(
        train,
        validation_data=dev,
        epochs=training.epochs,
        class_weight=_class_weights(labels) if training.class_weights == "balanced" else None,
        callbacks=callbacks,
        shuffle=False,  # the dataset is shuffled already
        verbose=2,
    )
    if training.keep == "best":
        network.load_weights(best)
        best.unlink()


def _class_weights(labels: np.ndarray) -> dict[int, float]:
    """Weights by which each class counts as much as any other, and an average utterance counts one."""
    counts = np.bincount(labels, minlength=len(EMOTIONS))
    present = np.count_nonzero(counts)
    return {index: len(labels) / (present * count) if count else 0.0 for index, count in enumerate(counts)}


def _best_so_far(history: Path) -> float | None:
    """The best score on the dev part of the epochs before an interruption."""
    if not history.exists():
        return None
    with history.open(newline="") as file:
        return max((float(row["val_ua"]) for row in csv.DictReader(file)), default=None)
