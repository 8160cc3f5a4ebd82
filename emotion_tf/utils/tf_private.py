"""What leans on the insides of TensorFlow and Keras, which a new version may change: all of it, and nowhere else.

Each entry says what is missing in public; the tests beside it say when it no longer is.
"""

import functools
import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import keras
import tensorflow as tf
from tensorflow.python.eager import context
from tensorflow.python.framework import convert_to_constants, ops


@contextmanager
def forgetting_graphs() -> Iterator[None]:
    """Frees the graphs that the block traces, and their variables, once it has ended.

    Every `tf.custom_gradient` that is traced is registered for ever, and holds the graph, of which each fold would
    leave 40 MB behind: https://github.com/tensorflow/tensorflow/issues/97697. No gradient can be taken of those graphs
    any more after the block.
    """
    registered = ops.gradient_registry._registry
    before = set(registered)
    try:
        yield
    finally:
        for name in registered.keys() - before:
            # What is traced has a number behind a hyphen; operations, which a module may register late, have none.
            if "-" in name:
                del registered[name]
        # Graphs, layers and functions name each other in circles.
        gc.collect()


def set_heartbeat(milliseconds: int) -> None:
    """Sets the silence after which other processes are taken for lost; before a strategy of several machines is made.

    The strategy offers no way to set it.
    """
    surroundings = context.context()
    surroundings.configure_coordination_service = functools.partial(
        surroundings.configure_coordination_service, heartbeat_timeout_in_ms=milliseconds
    )


def tasks_of_nodes(resolver: tf.distribute.cluster_resolver.SlurmClusterResolver) -> dict[str, int]:
    """The number of tasks on each node of a SLURM step, in the order in which SLURM counts them.

    The resolver's own list of addresses is sorted by name, n10 before n2.
    """
    return resolver._task_configuration


def function_graph(graph: Any, name: str) -> Any:
    """The graph of a function that another graph calls; there is no public way from its name."""
    return graph._get_function(name).graph


def keep_dense_apart(converter: tf.lite.TFLiteConverter) -> None:
    """Stops a converter from multiplying what stands before a dense layer into its weights."""
    converter._experimental_disable_fuse_mul_and_fc = True


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


def draw_seeds_of_device(generator: keras.random.SeedGenerator) -> None:
    """Lets a generator give other seeds on each device, although its state is the same: a checkpoint is for all."""
    seeds = generator.next

    def next_seed(ordered: bool = True) -> Any:
        seed = seeds(ordered)
        device = tf.distribute.get_replica_context().replica_id_in_sync_group
        return seed + tf.stack([tf.cast(device, seed.dtype), 0])

    generator.next = next_seed


class ReplicatedNetwork(keras.Model):
    """A functional network whose `fit` trains on all devices of the strategy in whose scope it was made.

    It logs what a network on one device would: no device's mean weighs more than its share of the batch.
    """

    # Keras 3 itself fails with workers on several machines, https://github.com/keras-team/keras/issues/20585. A test in
    # tests/training/test_replication.py says when it no longer does, and what can go then.

    train_function: Any
    test_function: Any

    def compile(self, optimizer: keras.optimizers.Optimizer, *arguments: Any, **options: Any) -> None:
        """As in Keras; the optimizer is copied."""
        kind: Any = type(type(optimizer).__name__, (ClipsTheSum, type(optimizer)), {})
        super().compile(kind.from_config(optimizer.get_config()), *arguments, **options)

    def make_train_function(self, force: bool = False) -> None:
        """As in Keras; callbacks get scalars."""
        if self.train_function is None or force:
            super().make_train_function(force)
            step = self.train_function
            self.train_function = lambda iterator: _scalars(step(iterator))

    def make_test_function(self, force: bool = False) -> None:
        """As in Keras; callbacks get scalars."""
        if self.test_function is None or force:
            super().make_test_function(force)
            step = self.test_function
            self.test_function = lambda iterator: _scalars(step(iterator))

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


def _scalars(logs: dict[str, Any]) -> dict[str, Any]:
    return {name: tf.reshape(value, []) for name, value in logs.items()}


def frozen(function: Any) -> tuple[Any, list[str], list[str]]:
    """The graph of a concrete function with its variables as constants, and the names of its inputs and outputs.

    In public there is only the converter to TFLite, which keeps the graph to itself.
    """
    made = convert_to_constants.convert_variables_to_constants_v2(function)
    inputs, outputs = ([tensor.name for tensor in tensors] for tensors in (made.inputs, made.outputs))
    return made.graph.as_graph_def(), inputs, outputs
