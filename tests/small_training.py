"""A training that takes seconds and is sensitive to all that several devices could do otherwise than one."""

import itertools
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from emotion_tf.config import Config
from emotion_tf.training import train_network

STEPS = 5
BATCH_SIZE = 8
CONFIG = Config().override(
    "training.epochs=5",
    "training.patience=null",
    "training.keep=last",
    "training.learning_rate=0.03",
    "training.optimizer=adamw",
    "training.schedule=cosine",
    "training.class_weights=balanced",
    f"training.batch_size={BATCH_SIZE}",
)
# At a norm that small, every gradient is clipped.
CLIPPED = CONFIG.override("training.clip_norm=0.01")

NETWORKS = (("plain", CLIPPED, False), ("normalized", CONFIG, True))
"""By name, the recipe of a network that is trained, and whether it has batch normalisation."""

LABELS = np.random.default_rng(0).permutation(np.repeat(range(4), [4, 8, 12, 16]))
INPUTS = (np.random.default_rng(1).normal(0, 2, (40, 6)) + LABELS[:, None]).astype("float32")
ROWS = (INPUTS, np.eye(4, dtype="float32")[LABELS])


def network(batch_normalization: bool, dropout: float = 0.0) -> keras.Model:
    """The same functional network at every call."""
    keras.utils.set_random_seed(0)
    inputs = keras.Input((6,))
    # The gradient of a bias before batch normalisation is rounding alone, which Adam would make steps of.
    hidden = keras.layers.Dense(8, activation="relu", use_bias=False)(inputs)
    if batch_normalization:
        hidden = keras.layers.BatchNormalization(momentum=0.8)(hidden)
    hidden = keras.layers.Dropout(dropout)(hidden)
    return keras.Model(inputs, keras.layers.Dense(4, activation="softmax")(hidden))


def training_batches(first: int) -> tf.data.Dataset:
    """The rows in an order of its own at every iteration, the first of which is the epoch that is asked for."""
    epochs = itertools.count(first)

    def order():
        yield np.random.default_rng(next(epochs)).permutation(len(LABELS))

    orders = tf.data.Dataset.from_generator(order, output_signature=tf.TensorSpec((len(LABELS),), tf.int64))
    rows = orders.flat_map(
        lambda places: tf.data.Dataset.from_tensor_slices(tuple(tf.gather(part, places) for part in ROWS))
    )
    return rows.batch(BATCH_SIZE).apply(tf.data.experimental.assert_cardinality(STEPS))


def dev_batches() -> tf.data.Dataset:
    """The same rows; the last batch is one row, of which two devices cannot both have a part."""
    return tf.data.Dataset.from_tensor_slices(ROWS).batch(13)


def train(folder: Path, config: Config, batch_normalization: bool, strategy: tf.distribute.Strategy | None = None):
    """The weights after training in a folder."""
    folder.mkdir(exist_ok=True)
    model = network(batch_normalization)
    train_network(model, training_batches, dev_batches(), config, LABELS, folder, strategy)
    return model.get_weights()


def largest_difference(some: list[np.ndarray], others: list[np.ndarray]) -> float:
    """Of the weights of two networks."""
    return max(float(np.abs(a - b).max()) for a, b in zip(some, others, strict=True))


def read_weights(path: Path) -> list[np.ndarray]:
    """What `np.savez(path, *weights)` wrote."""
    with np.load(path) as content:
        return [content[name] for name in content.files]


def check_same_history(folder: Path, other: Path) -> None:
    """Checks that two trainings logged the same, but for rounding."""
    histories = [np.genfromtxt(one / "history.csv", delimiter=",", names=True) for one in (folder, other)]
    assert histories[0].dtype.names == histories[1].dtype.names
    np.testing.assert_allclose(*(history.view(np.float64) for history in histories), rtol=0, atol=1e-4)
