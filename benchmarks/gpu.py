"""How many utterances a second a GPU learns from and judges, in every precision.

python benchmarks/gpu.py [--batch SIZE ...] [--data-dir RAVDESS]

The network and the shapes are those of training_step.py. Steps are those of `fit`, and predictions those of
`predict_on_batch`, the way of the inputs to the GPU included. As float32 TensorFlow lets a GPU multiply
TensorFloat-32, of ten bits, unless it is told not to; both are measured. How far the probabilities of each are from
those of the CPU is measured too, and with RAVDESS how far the features of its clips are, and the probabilities of
networks that hear them and that nobody trained. Training is also measured as XLA compiles it for one length, with all
steps of a round in one execution and batches on their way to the GPU before they are needed.
"""

import argparse
import json
import sys
import timeit
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from made_up import random_network
from side_by_side import spread
from training_step import network, problem

from emotion_tf import corpora, models
from emotion_tf.audio.reader import read_waveform
from emotion_tf.dataset.pipeline import OPTIONS
from emotion_tf.layers import AcousticFrontEnd
from emotion_tf.recipes import preset
from emotion_tf.training import compile_network, dtype_policy
from emotion_tf.training.distributed import choose_strategy
from emotion_tf.training.replication import deal_out

STEPS = 10
"""Steps of a round."""

CLIPS_APART = 60
"""One in so many clips is heard."""

PRECISIONS = {
    "float32": ("float32", False),
    "float32 as TensorFloat-32": ("float32", True),
    "mixed_float16": ("mixed_float16", True),
    "mixed_bfloat16": ("mixed_bfloat16", True),
}
"""Dtype policy, and whether TensorFloat-32 is allowed."""


def network_of(policy: str) -> keras.Model:
    with dtype_policy(policy):
        made = network()
    # As in training and testing; Keras would take XLA otherwise.
    made.jit_compile = False
    return made


def training(policy: str, batch: int, xla: bool = False) -> Callable[[], Any]:
    """A round of steps of `fit`."""
    config, inputs, labels = problem(batch)
    trained = network_of(policy)
    compile_network(trained, config.training, steps_per_epoch=STEPS)
    batches = tf.data.Dataset.from_tensors((inputs, labels)).cache().repeat(STEPS).with_options(OPTIONS)
    dealt = deal_out(batches, choose_strategy())
    if xla:
        trained.jit_compile, trained.steps_per_execution = True, STEPS
        dealt = batches.repeat().apply(tf.data.experimental.prefetch_to_device("GPU:0", 2))
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
    rows = [
        {
            "figure": f"training with XLA, float32 as TensorFloat-32, batches of {batches[0]}: examples a second",
            **rates(training("float32", batches[0], xla=True), batches[0], rounds),
            "gpu": name,
        }
    ]
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


def differences(name: str, data_dir: Path) -> list[dict[str, Any]]:
    """How far features and probabilities of clips are from those of the CPU, with the network of a preset."""
    config = preset(name)
    clips = corpora.load("ravdess", data_dir).utterances[::CLIPS_APART]
    waves = [read_waveform(clip.audio, config.features.sample_rate) for clip in clips]
    lengths = np.array([len(wave) for wave in waves], np.int32)
    inputs = {"waveform": np.stack([np.pad(wave, (0, max(lengths) - len(wave))) for wave in waves])}
    inputs |= {"num_samples": lengths, "words": np.arange(1, 1 + 10 * len(waves), dtype=np.int32).reshape(-1, 10)}
    model, front_end = models.speech_model(random_network(config), config), AcousticFrontEnd(config.features)

    def answers(device: str) -> dict[str, np.ndarray]:
        with tf.device(device):
            features = front_end(inputs["waveform"], lengths)
            return {"features": features.numpy(), "probabilities": model(inputs, training=False).numpy()}

    expected = answers("CPU")
    rows = []
    for precision, allowed in (("float32", False), ("TensorFloat-32", True)):
        tf.config.experimental.enable_tensor_float_32_execution(allowed)
        for what, found in answers("GPU").items():
            difference = float(np.abs(found - expected[what]).max())
            rows.append({"figure": f"{what} of {name}, {precision}", "largest_difference_from_cpu": difference})
    return rows


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batch", type=int, nargs="+", default=(64, 512), metavar="SIZE")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--data-dir", type=Path, help="RAVDESS")
    arguments = parser.parse_args(argv)
    rows = measure(arguments.batch, arguments.rounds)
    if arguments.data_dir is not None:
        rows += [row for name in ("paper", "strong") for row in differences(name, arguments.data_dir)]
    print(json.dumps(rows, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
