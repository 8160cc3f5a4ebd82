"""Training one network on one fold."""

from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from emotion_tf.config import Config, TrainingConfig
from emotion_tf.labels import EMOTIONS
from emotion_tf.training.checkpoint import Checkpoint
from emotion_tf.training.unweighted_accuracy import UnweightedAccuracy
from emotion_tf.training.verification import ClassificationAndVerification

CHECKPOINT = "checkpoint.npz"
"""The file in a fold's folder from which its training goes on."""


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
    train: Callable[[int], tf.data.Dataset],
    dev: tf.data.Dataset,
    config: Config,
    labels: np.ndarray,
    folder: Path,
) -> None:
    """Trains a network, goes on where an earlier call was stopped, and leaves it with the weights that are kept.

    On a CPU the weights are the same as if no call had been stopped, bit for bit.

    Args:
        network: The network; it is compiled here.
        train: Gives the batches of the training part from an epoch on, those of the next at every iteration.
        dev: Batches of the dev part, which decide when to stop and which weights to keep.
        config: The recipe.
        labels: (N,) class indices of the training part, for class weights.
        folder: Gets `history.csv`, TensorBoard logs and `CHECKPOINT`, to resume from, which the caller removes when
            nothing needs the weights any more.
    """
    training = config.training
    stopping = keras.callbacks.EarlyStopping(
        "val_ua",
        mode="max",
        patience=training.epochs if training.patience is None else training.patience,
        restore_best_weights=training.keep == "best",
    )
    checkpoint = Checkpoint(folder / CHECKPOINT, folder / "history.csv", stopping)
    batches = train(checkpoint.next_epoch)
    compile_network(network, training, steps_per_epoch=int(batches.cardinality()))
    network.fit(
        batches,
        validation_data=dev,
        initial_epoch=training.epochs if checkpoint.stopped else checkpoint.next_epoch,
        epochs=training.epochs,
        class_weight=_class_weights(labels) if training.class_weights == "balanced" else None,
        callbacks=[keras.callbacks.TensorBoard(str(folder / "tensorboard"), write_graph=False), stopping, checkpoint],
        shuffle=False,  # the dataset is shuffled already
        verbose=2,
    )


def _class_weights(labels: np.ndarray) -> dict[int, float]:
    """Weights by which each class counts as much as any other, and an average utterance counts one."""
    counts = np.bincount(labels, minlength=len(EMOTIONS))
    present = np.count_nonzero(counts)
    return {index: len(labels) / (present * count) if count else 0.0 for index, count in enumerate(counts)}
