"""Training one network on one fold."""

import importlib.util
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from emotion_tf.config import Config, TrainingConfig
from emotion_tf.training.checkpoint import Checkpoint
from emotion_tf.training.concordance import ConcordanceLoss
from emotion_tf.training.distributed import agree, explaining_losses, is_chief
from emotion_tf.training.losses import choose_loss
from emotion_tf.training.metrics import MeanConcordance, UnweightedAccuracy
from emotion_tf.training.replication import check_recipe, copy_variables, deal_out, replicate
from emotion_tf.utils.progress import tracking

logger = logging.getLogger(__name__)

CHECKPOINT = "checkpoint.npz"
"""The file in a fold's folder from which its training goes on."""


@contextmanager
def dtype_policy(name: str) -> Iterator[None]:
    """Builds the layers of the block with a dtype policy of Keras, and restores the policy of before."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def compile_network(
    network: keras.Model,
    training: TrainingConfig,
    steps_per_epoch: int,
    loss: keras.losses.Loss | None = None,
) -> None:
    """Gives a network the optimizer, loss and metrics of the settings.

    Args:
        network: Any model of `emotion_tf.models`.
        training: The recipe.
        steps_per_epoch: Steps of an epoch, on which the cosine schedule depends.
        loss: The loss of the classes; None takes that of the recipe alone, which knows of no votes. That of dimensions,
            if the network has any, is one minus their concordance.
    """
    rate: float | keras.optimizers.schedules.LearningRateSchedule = training.learning_rate
    if training.schedule == "cosine":
        rate = keras.optimizers.schedules.CosineDecay(rate, training.epochs * steps_per_epoch)
    if training.optimizer == "adamw":
        optimizer = keras.optimizers.AdamW(rate, weight_decay=training.weight_decay, global_clipnorm=training.clip_norm)
    else:
        optimizer = keras.optimizers.Adam(rate, global_clipnorm=training.clip_norm)
    network.compile(
        optimizer=optimizer,
        **_heads(network, training, loss or choose_loss(Config(training=training))),
        # Keras would compile with XLA, anew for every length of a batch, which takes longer than the steps themselves.
        jit_compile=False,
    )
    # Otherwise its variables would be made while the first step is traced, which would then be traced again.
    optimizer.build(network.trainable_variables)


def _heads(network: keras.Model, training: TrainingConfig, loss: keras.losses.Loss) -> dict[str, Any]:
    """Losses and metrics of the heads of a network, as `compile` takes them; `loss` is that of the classes."""
    classes = num_classes(network)
    metrics = [keras.metrics.CategoricalAccuracy(name="wa"), UnweightedAccuracy(classes)] if classes else []
    if not _has_dimensions(network):
        return {"loss": loss, "metrics": metrics}
    rated = ConcordanceLoss()
    if not classes:
        return {
            "loss": {"dimensions": rated},
            "metrics": {"dimensions": [MeanConcordance(network.output["dimensions"].shape[-1])]},
        }
    return {
        "loss": {"probabilities": loss, "dimensions": rated},
        "loss_weights": {"probabilities": 1.0, "dimensions": training.dimension_weight},
        "metrics": {"probabilities": metrics},
    }


def _judged_by(network: keras.Model) -> str:
    """The figure of the dev part by which weights are kept and training is stopped."""
    if not num_classes(network):
        return "val_ccc"
    # Keras names metrics after the head where there are two.
    return "val_probabilities_ua" if _has_dimensions(network) else "val_ua"


def train_network(
    network: keras.Model,
    train: Callable[[int], tf.data.Dataset],
    dev: tf.data.Dataset,
    config: Config,
    labels: np.ndarray,
    folder: Path,
    strategy: tf.distribute.Strategy | None = None,
    name: str = "training",
) -> None:
    """Trains a network, goes on where an earlier call was stopped, and leaves it with the weights that are kept.

    On a CPU the weights are the same as if no call had been stopped, bit for bit. On several devices they are the same
    as on one, but for rounding and dropout, and a training that was begun on one may go on on several.

    Args:
        network: The network.
        train: Gives the batches of the training part from an epoch on, those of the next at every iteration. Several
            devices share a batch.
        dev: Batches of the dev part, which decide when to stop and which weights to keep.
        config: The recipe.
        labels: (N,) class indices of the training part, for class weights.
        folder: Gets `history.csv`, logs for TensorBoard if that is installed, and `CHECKPOINT`, to resume from, which
            the caller removes when nothing needs the weights any more. All machines see the same folder, and the chief
            alone writes.
        strategy: The devices; TensorFlow's own strategy if None.
        name: What is trained, as lines of progress call it.

    Raises:
        EmotionTFError: If the checkpoint cannot be used, the recipe is none for several devices, or another machine is
            lost or does not do the same.
    """
    training, strategy = config.training, strategy or tf.distribute.get_strategy()
    check_recipe(config, len(labels), strategy)
    chief = is_chief(strategy)
    stopping = keras.callbacks.EarlyStopping(
        _judged_by(network),
        mode="max",
        patience=training.epochs if training.patience is None else training.patience,
        restore_best_weights=training.keep == "best",
    )
    files = folder / CHECKPOINT, folder / "history.csv"
    checkpoint = Checkpoint(*files, stopping, writes=chief)
    callbacks = [stopping, checkpoint]
    # TensorFlow no longer brings TensorBoard from 2.21 on.
    if chief and importlib.util.find_spec("tensorboard"):
        callbacks.insert(0, keras.callbacks.TensorBoard(str(folder / "tensorboard"), write_graph=False))
    # The chief may be lost between an epoch and its checkpoint.
    with explaining_losses(strategy, lambda: f"with epoch {Checkpoint(*files, stopping).next_epoch} in {folder}"):
        agree(strategy, {f"the epoch with which {folder.name} goes on": [checkpoint.next_epoch, checkpoint.stopped]})
        batches = train(checkpoint.next_epoch)
        steps = int(batches.cardinality())
        if training.class_weights == "balanced" and num_classes(network):
            batches = _weighted(batches, _class_weights(labels, num_classes(network)))
        replicated = replicate(network, strategy)
        with strategy.scope():
            compile_network(replicated, training, steps, choose_loss(config))
        first = training.epochs if checkpoint.stopped else checkpoint.next_epoch
        with tracking(f"{name}, epochs", training.epochs - first) as advance:
            replicated.fit(
                deal_out(batches, strategy),
                steps_per_epoch=steps,
                validation_data=deal_out(dev, strategy),
                validation_steps=int(dev.cardinality()),
                initial_epoch=first,
                epochs=training.epochs,
                callbacks=[*callbacks, _EpochLog(name, training.epochs, advance)],
                shuffle=False,  # the dataset is shuffled already
                verbose=0,
            )
    if replicated is not network:
        copy_variables(replicated, network)


def num_classes(network: keras.Model) -> int:
    """The number of classes of a network; 0 where it has dimensions alone."""
    if _has_dimensions(network):
        return int(network.output["probabilities"].shape[-1]) if "probabilities" in network.output else 0
    return int(network.output_shape[-1])


def _has_dimensions(network: keras.Model) -> bool:
    # A Sequential model knows the shape of its output, but has no output until it is called.
    return not isinstance(network, keras.Sequential) and isinstance(network.output, dict)


def _weighted(batches: tf.data.Dataset, weights: np.ndarray) -> tf.data.Dataset:
    """Batches with the weight of each utterance by its class; ratings of all utterances count alike."""

    def weighted(inputs: dict[str, tf.Tensor], answers: Any) -> tuple[Any, ...]:
        if not isinstance(answers, dict):
            return inputs, answers, tf.linalg.matvec(answers, weights)
        of_classes = tf.linalg.matvec(answers["probabilities"], weights)
        return inputs, answers, {"probabilities": of_classes, "dimensions": tf.ones_like(of_classes)}

    return batches.map(weighted)


class _EpochLog(keras.callbacks.Callback):
    """Logs the figures of every epoch."""

    def __init__(self, name: str, epochs: int, advance: Callable[[], None]):
        super().__init__()
        self._name, self._epochs, self._advance = name, epochs, advance

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Says loss and metrics of both parts."""
        figures = ", ".join(f"{key.replace('val_', 'dev ')} {value:.3f}" for key, value in (logs or {}).items())
        logger.info("%s, epoch %d of %d: %s", self._name, epoch + 1, self._epochs, figures)
        self._advance()


def _class_weights(labels: np.ndarray, num_classes: int) -> np.ndarray:
    """Weights (C,) by which each class counts as much as any other, and an average utterance counts one."""
    counts = np.bincount(labels, minlength=num_classes)
    weights = len(labels) / (np.count_nonzero(counts) * np.maximum(counts, 1))
    return np.where(counts, weights, 0.0).astype(np.float32)
