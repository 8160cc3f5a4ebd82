"""How many utterances a second a GPU learns from and judges, in every precision.

python benchmarks/gpu.py [--batch SIZE ...]

The network and the shapes are those of training_step.py. Steps are those of `fit`, and predictions those of
`predict_on_batch`, the way of the inputs to the GPU included. As float32 TensorFlow lets a GPU multiply
TensorFloat-32, of ten bits, unless it is told not to; both are measured. How far the probabilities of each are from
those of the CPU is measured too.
"""

import argparse
import json
import sys
import timeit
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from side_by_side import spread
from training_step import network, problem

from emotion_tf.dataset.pipeline import OPTIONS
from emotion_tf.training import compile_network
from emotion_tf.training.distribution import choose_strategy
from emotion_tf.training.replication import deal_out

STEPS = 10
"""Steps of a round."""

PRECISIONS = {
    "float32": ("float32", False),
    "float32 as TensorFloat-32": ("float32", True),
    "mixed_float16": ("mixed_float16", True),
    "mixed_bfloat16": ("mixed_bfloat16", True),
}
"""Dtype policy, and whether TensorFloat-32 is allowed."""


def network_of(policy: str) -> keras.Model:
    keras.config.set_dtype_policy(policy)
    made = network()
    # As in training and testing; Keras would take XLA otherwise.
    made.jit_compile = False
    keras.config.set_dtype_policy("float32")
    return made


def training(policy: str, batch: int) -> Callable[[], Any]:
    """A round of steps of `fit`."""
    config, inputs, labels = problem(batch)
    trained = network_of(policy)
    compile_network(trained, config.training, steps_per_epoch=STEPS)
    batches = tf.data.Dataset.from_tensors((inputs, labels)).cache().repeat(STEPS).with_options(OPTIONS)
    dealt = deal_out(batches, choose_strategy())
    return lambda: trained.fit(dealt, steps_per_epoch=STEPS, shuffle=False, verbose=0)


def prediction(policy: str, batch: int) -> Callable[[], Any]:
    """A round of predictions."""
    _, inputs, _ = problem(batch)
    asked = network_of(policy)
    return lambda: [asked.predict_on_batch(inputs) for _ in range(STEPS)][-1]


def rates(call: Callable[[], Any], batch: int, rounds: int) -> dict[str, Any]:
    """Examples a second, median and quartiles, after a first round that is not counted."""
    call()
    seconds = np.array(timeit.repeat(call, number=1, repeat=rounds))
    return spread(STEPS * batch / seconds, 0)


def measure(batches: Sequence[int], rounds: int) -> list[dict[str, Any]]:
    devices = tf.config.list_physical_devices("GPU")
    if not devices:
        sys.exit("benchmarks/gpu.py: TensorFlow sees no GPU")
    name = tf.config.experimental.get_device_details(devices[0])["device_name"]
    with tf.device("CPU"):
        expected = network_of("float32")(problem()[1], training=False).numpy()
    rows = []
    for precision, (policy, tensor_float) in PRECISIONS.items():
        tf.config.experimental.enable_tensor_float_32_execution(tensor_float)
        found = network_of(policy).predict_on_batch(problem()[1])
        difference = float(np.abs(found - expected).max())
        for batch in batches:
            for what, make in (("training", training), ("prediction", prediction)):
                rows.append(
                    {
                        "figure": f"{what}, {precision}, batches of {batch}: examples a second",
                        **rates(make(policy, batch), batch, rounds),
                        "gpu": name,
                        "largest_difference_from_cpu": difference,
                    }
                )
                print(rows[-1], file=sys.stderr)
    return rows


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batch", type=int, nargs="+", default=(64, 512), metavar="SIZE")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args(argv)
    print(json.dumps(measure(arguments.batch, arguments.rounds), indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
