"""Freeing the graphs of a fold, which TensorFlow would keep."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

from tensorflow.python.framework import ops


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
