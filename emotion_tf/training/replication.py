"""A network on several devices that share every batch: the one place that knows how Keras goes about it."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from emotion_tf.config import Config
from emotion_tf.errors import EmotionTFError

ONE_DEVICE = "train on one device, with CUDA_VISIBLE_DEVICES=0"


class ClipsTheSum:
    """Lets an optimizer clip the gradient of the whole batch; a class to stand before that of the optimizer.

    Keras 3 clips what each device has, and sums it then.
    """

    def _clip_gradients(self, grads: Any) -> Any:
        return grads

    def _all_reduce_sum_gradients(self, grads_and_vars: Any) -> Any:
        gradients, variables = zip(*grads_and_vars, strict=True)
        return list(zip(super()._clip_gradients(_summed(gradients)), variables, strict=True))  # type: ignore[misc]


def _summed(gradients: Sequence[Any]) -> list[Any]:
    """Gradients summed over all devices, dense ones as one vector, since every sum sends messages of its own."""
    sums = tf.distribute.get_replica_context().all_reduce
    found = list(gradients)
    dense: dict[tf.DType, list[int]] = {}
    for place, gradient in enumerate(gradients):
        if isinstance(gradient, tf.IndexedSlices):
            found[place] = sums(tf.distribute.ReduceOp.SUM, gradient)
        else:
            dense.setdefault(gradient.dtype, []).append(place)
    for places in dense.values():
        flat = [tf.reshape(gradients[place], [-1]) for place in places]
        total = sums(tf.distribute.ReduceOp.SUM, tf.concat(flat, axis=0))
        for place, part in zip(places, tf.split(total, [part.shape[0] for part in flat]), strict=True):
            found[place] = tf.reshape(part, gradients[place].shape)
    return found


class SeedsOfDevice(keras.random.SeedGenerator):
    """Seeds that differ from device to device, although the state does not: a checkpoint is the same for all."""

    def next(self, ordered: bool = True) -> Any:
        """The next seed (2,)."""
        seed = super().next(ordered)
        device = tf.distribute.get_replica_context().replica_id_in_sync_group
        return seed + tf.stack([tf.cast(device, seed.dtype), 0])


class ReplicatedNetwork(keras.Model):
    """A functional network whose `fit` trains on all devices of the strategy in whose scope it was made.

    It logs what a network on one device would: no device's mean weighs more than its share of the batch.
    """

    # Keras 3 itself fails with workers on several machines, https://github.com/keras-team/keras/issues/20585. A test in
    # tests/training/test_replication.py says when it no longer does, and what can go then.

    def compile(self, optimizer: keras.optimizers.Optimizer, *arguments: Any, **options: Any) -> None:
        """As in Keras; the optimizer is copied."""
        kind: Any = type(type(optimizer).__name__, (ClipsTheSum, type(optimizer)), {})
        super().compile(kind.from_config(optimizer.get_config()), *arguments, **options)

    def train_step(self, data: Any) -> dict[str, Any]:
        """One step of training; logs (1,)."""
        return _vectors(super().train_step(data))

    def test_step(self, data: Any) -> dict[str, Any]:
        """One step of evaluation; logs (1,)."""
        # A last batch may have fewer rows than there are devices. Those without one do nothing: the convolutions of
        # oneDNN, which TensorFlow takes on some CPUs, would give them the channels of the input back.
        rows, step = tf.shape(tf.nest.flatten(data)[0])[0], super().test_step
        return _vectors(tf.cond(rows > 0, lambda: step(data), self.get_metrics_result))

    def _maybe_symbolic_build(self, iterator: Any = None, data_batch: Any = None) -> None:
        # Keras takes a first batch for it, which our training dataset would count as an epoch, and the mean of that
        # batch over the devices, which there is not if their parts differ. Labels look like the output.
        with self.distribute_strategy.scope():
            self._symbolic_build(data_batch=(self.input, self.output))


def _vectors(logs: dict[str, Any]) -> dict[str, Any]:
    # Over several machines Keras takes the mean along an axis that its scalars do not have.
    return {name: value[tf.newaxis] for name, value in logs.items()}


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
    if replicas == 1:
        return
    # Keras takes the mean of the losses of the devices, of whom each has to have as much of the batch as the others.
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
        copy.seed_generator.__class__ = SeedsOfDevice
    return copy
