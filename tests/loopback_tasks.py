"""What the processes of `loopback` do, by name. Nothing here may use TensorFlow before there is a strategy."""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import small_training
import tensorflow as tf
from loopback import HEARTBEAT
from made_corpus import TINY, make_corpus

from emotion_tf import models
from emotion_tf.errors import EmotionTFError
from emotion_tf.training import choose_strategy, distributed, dtype_policy, train
from emotion_tf.training.distributed import agree
from emotion_tf.training.replication import deal_out, replicate

RUN = TINY.override("model.dropout=0", "model.batch_normalization=true", "training.batch_size=8")


def join() -> tf.distribute.Strategy:
    distributed.HEARTBEAT_MILLISECONDS = int(os.environ[HEARTBEAT])
    return choose_strategy()


def networks(folder: Path) -> None:
    """Trains one network after the other, disagrees, and lastly does what Keras cannot do."""
    strategy = join()
    index = strategy.cluster_resolver.task_id
    for name, config, normalized in small_training.NETWORKS:
        # A folder for each process shows who writes.
        own = folder / str(index) / name
        own.parent.mkdir(exist_ok=True)
        weights = small_training.train(own, config, normalized, strategy)
        np.savez(folder / f"{name}-{index}.npz", *weights)
    try:
        agree(strategy, {"one thing": 1, "the colour": ["red", "blue"][index]})
    except EmotionTFError as error:
        print(f"disagreed: {error}")
    with strategy.scope():
        network = small_training.network(batch_normalization=False)
        network.compile("adam", "categorical_crossentropy", jit_compile=False)
    try:
        network.fit(small_training.training_batches(0), verbose=0)
        print("plain Keras: works")
    except Exception as error:
        print(f"plain Keras: {type(error).__name__} {error}".replace("\n", " "))


def one_network(folder: Path) -> None:
    """Trains one network, the chief's in `0`."""
    strategy = join()
    weights = small_training.train(folder / "0", small_training.CONFIG, True, strategy)
    if distributed.is_chief(strategy):
        np.savez(folder / "weights.npz", *weights)


def whole_run(folder: Path) -> None:
    """A run of two folds; says who wrote below its folder."""
    written = []

    def watch(event: str, arguments: tuple) -> None:
        writes = event in ("os.mkdir", "os.rename", "os.remove", "os.rmdir") or (
            event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+")
        )
        if writes and str(arguments[0]).startswith(str(folder / "run")):
            written.append(str(arguments[0]))

    sys.addaudithook(watch)
    corpus = make_corpus(folder / f"corpus-{os.getpid()}", speakers=6)
    result = train(corpus, RUN, "speaker-kfold:2", folder / "run", folder / "records")
    print(json.dumps({"wa": result.wa, "written": written}))


def devices(folder: Path) -> None:
    """The same on two devices of one process."""
    two = [tf.config.LogicalDeviceConfiguration()] * 2
    tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], two)
    strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    for name, config, normalized in small_training.NETWORKS:
        np.savez(folder / f"{name}.npz", *small_training.train(folder / name, config, normalized, strategy))
    with dtype_policy("mixed_bfloat16"):
        small_training.train(folder / "low", small_training.CONFIG, True, strategy)
    _dropout(strategy)
    _every_model(strategy)


def _dropout(strategy: tf.distribute.Strategy) -> None:
    """Which units each device leaves out, in two steps."""
    inputs = keras.Input((50,))
    replicated = replicate(keras.Model(inputs, keras.layers.Dropout(0.5)(inputs)), strategy)

    @tf.function
    def step():
        return strategy.run(lambda: replicated(tf.ones((1, 50)), training=True))

    masks = [part.numpy() for _ in range(2) for part in strategy.experimental_local_results(step())]
    print("masks that differ:", len({mask.tobytes() for mask in masks}))


def _every_model(strategy: tf.distribute.Strategy) -> None:
    """What each model says of three utterances, and then of one, on one device and on two."""
    from small_models import fitted_for, small

    rng = np.random.default_rng(0)
    for name in sorted(name for name, kind in models.MODELS.items() if kind.fitting in ("steps", "experts")):
        config = small(
            f"name={name}",
            f"modality={models.MODELS[name].modalities[0]}",
            f"learned_placeholders={str(name == 'experts').lower()}",
        )
        network = models.build(config, fitted_for(config))
        if name == "experts":
            network = models.expert(network, "both")
        data = {
            "features": rng.normal(-40, 20, (3, 30, config.features.width)).astype("float32"),
            "word_ids": rng.integers(1, 18, (3, 7), dtype="int32"),
        }
        inputs = {tensor.name: data[tensor.name] for tensor in network.inputs}
        batches = tf.data.Dataset.from_tensor_slices((inputs, np.eye(4, dtype="float32")[:3])).batch(2)
        replicated = replicate(network, strategy)
        losses = []
        for model, given in ((network, batches), (replicated, deal_out(batches, strategy))):
            with strategy.scope() if model is replicated else tf.distribute.get_strategy().scope():
                model.compile(keras.optimizers.Adam(), "categorical_crossentropy", jit_compile=False)
            losses.append(model.evaluate(given, steps=2, verbose=0, return_dict=True)["loss"])
        print("model", name, *losses)


TASKS: dict[str, Callable[[Path], None]] = {task.__name__: task for task in (networks, one_network, whole_run, devices)}
