"""A network on several devices that share every batch."""

from typing import Any

import keras
import tensorflow as tf

from emotion_tf.config import Config
from emotion_tf.errors import EmotionTFError
from emotion_tf.registry import MODELS
from emotion_tf.utils.tf_private import ReplicatedNetwork, draw_seeds_of_device

ONE_DEVICE = "train on one device, with CUDA_VISIBLE_DEVICES=0"


def replicate(network: keras.Model, strategy: tf.distribute.Strategy) -> keras.Model:
    """Makes a copy of a network for all devices of a strategy.

    Batch normalisation takes the statistics of the whole batch there, and each device draws a dropout of its own.

    Args:
        network: A functional network.
        strategy: The strategy.

    Returns:
        A network with the same weights and seeds, not compiled; `network` itself where there is one device.
    """
    if strategy.num_replicas_in_sync == 1:
        return network
    with strategy.scope():
        twin = keras.models.clone_model(network, clone_function=_replicate_layer, recursive=True)
        replicated = ReplicatedNetwork(twin.input, twin.output, name=network.name)
    copy_variables(network, replicated)
    return replicated


def check_recipe(config: Config, utterances: int, strategy: tf.distribute.Strategy) -> None:
    """Makes sure that several devices can do what one does with a recipe.

    Args:
        config: The recipe.
        utterances: Number of utterances to train.
        strategy: The devices.

    Raises:
        EmotionTFError: If they cannot.
    """
    training, replicas = config.training, strategy.num_replicas_in_sync
    if replicas == 1 or MODELS[config.model.name].fitting in ("at_once", "machine"):
        return
    # Keras takes the mean of the losses of the devices, so each has to have as much of the batch as the others.
    if training.batch_size % replicas or utterances < training.batch_size:
        raise EmotionTFError(
            f"{replicas} devices cannot share a batch evenly",
            expected=f"a training.batch_size that is a multiple of {replicas} and no larger than the training part",
            received=f"{training.batch_size}, and {utterances} utterances to train",
            fix=f"--set training.batch_size=NUMBER, or {ONE_DEVICE}",
        )
    if training.verification:
        raise EmotionTFError(
            f"{replicas} devices cannot train with training.verification",
            expected="one device, which sees all pairs of a batch",
            fix=f"--set training.verification=0, or {ONE_DEVICE}",
        )
    if config.labels.dimensions:
        raise EmotionTFError(
            f"{replicas} devices cannot train with labels.dimensions",
            expected="one device, which sees all ratings of a batch",
            fix=f"--set labels.dimensions=null, or {ONE_DEVICE}",
        )
    # Keras asks the first device alone whether the gradients of all are finite.
    if training.dtype_policy == "mixed_float16":
        raise EmotionTFError(
            f"{replicas} devices cannot train with mixed_float16",
            fix=f"--set training.dtype_policy=mixed_bfloat16, or {ONE_DEVICE}",
        )


def copy_variables(source: keras.Model, target: keras.Model) -> None:
    """Gives a network the weights and seeds of another of the same layers."""
    for value, variable in zip(source.variables, target.variables, strict=True):
        variable.assign(value.numpy())


def deal_out(batches: tf.data.Dataset, strategy: tf.distribute.Strategy) -> Any:
    """Deals out every batch to the devices of a strategy.

    Args:
        batches: The batches, the same on every machine.
        strategy: The strategy.

    Returns:
        What `fit` takes for the same batches, over and over: each device gets a stretch of the rows, and none gets more
        than another by more than one. They have no end, so that the first batch of an epoch, for which much is read
        and shuffled, is made while the epoch before it ends.
    """
    replicas = strategy.num_replicas_in_sync
    # Without an end, since Keras finds it by a step that fails, but not before the optimizer has counted the step; and
    # since the machines would ask each other before every step whether it has come.
    endless = batches.repeat()
    if replicas == 1:
        return endless.prefetch(tf.data.AUTOTUNE)

    def own_parts(context: tf.distribute.InputContext) -> tf.data.Dataset:
        here = replicas // context.num_input_pipelines
        first = context.input_pipeline_id * here

        def parts(*batch: Any) -> tf.data.Dataset:
            rows = tf.shape(tf.nest.flatten(batch)[0], tf.int64)[0]

            def part(replica: tf.Tensor) -> Any:
                stretch = slice(replica * rows // replicas, (replica + 1) * rows // replicas)
                return tf.nest.map_structure(lambda values: values[stretch], batch)

            return tf.data.Dataset.range(first, first + here).map(part)

        return endless.flat_map(parts).prefetch(tf.data.AUTOTUNE)

    return strategy.distribute_datasets_from_function(own_parts)


def _replicate_layer(layer: keras.Layer) -> keras.Layer:
    config = layer.get_config()
    if isinstance(layer, keras.layers.BatchNormalization):
        config["synchronized"] = True
    copy = type(layer).from_config(config)
    if getattr(copy, "seed_generator", None) is not None:
        draw_seeds_of_device(copy.seed_generator)
    return copy
