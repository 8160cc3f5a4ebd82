"""How long a training step takes at the paper's shapes, beside the machine's GEMM peak and PyTorch.

python benchmarks/training_step.py needs the extra `bench`.

A step has 64 utterances of 750 frames of 96 features and of 128 words of 300-d vectors that are not trained. The
arithmetic that the mathematics needs is that of the convolutions, forward and for the gradients of their kernels; there
is none for the gradients of what enters the network. The peak is that of the fastest product of matrices, in TensorFlow
or in NumPy. Both frameworks run the same network with the same weights, loss and optimizer, and their gradients are
compared first.
"""

import argparse
import functools
import json
import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from side_by_side import Calls, gemm, gemm_peak, spread, take_turns

BATCH = 64
STEPS = 3
"""Steps of a turn."""

THREADS = 2
TOLERANCE = 1e-4
"""Largest difference of a gradient, by the largest entry of its tensor, that is put down to rounding."""


def problem(batch: int = BATCH) -> tuple[Any, dict[str, np.ndarray], np.ndarray]:
    """The settings, the inputs and the one-hot labels of a batch without padding."""
    from made_up import random_features

    from emotion_tf.recipes import preset

    config = preset("paper").override("model.dropout=0")
    inputs = random_features(config, [(config.features.max_frames, config.words.max_words)] * batch)
    return config, inputs, np.eye(4, dtype=np.float32)[np.arange(batch) % 4]


def flops() -> int:
    """Floating-point operations that one step cannot do without."""
    config, _, _ = problem()
    sizes = config.model
    audio = config.features.max_frames * config.features.width * sum(sizes.audio_kernel_sizes)
    text = config.words.max_words * config.words.embedding_width * sum(sizes.text_kernel_sizes)
    # A multiplication and an addition, forward and for the kernels.
    return 2 * 2 * BATCH * sizes.filters * (audio + text)


def network():
    """The Keras network, whose word vectors are frozen."""
    from made_up import random_network

    config, _, _ = problem()
    made = random_network(config)
    made.get_layer("embeddings").trainable = False
    return made


def keras_step() -> Calls:
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(THREADS)

    from emotion_tf.dataset.pipeline import OPTIONS
    from emotion_tf.training import compile_network

    config, inputs, labels = problem()
    trained = network()
    compile_network(trained, config.training, steps_per_epoch=STEPS)
    batches = tf.data.Dataset.from_tensors((inputs, labels)).cache().repeat(STEPS).with_options(OPTIONS)
    return {
        "Keras": lambda: trained.fit(batches, shuffle=False, verbose=0),
        "convolutions": convolutions(trained),
    }


def convolutions(trained: Any) -> Callable[[], Any]:
    """All convolutions of a step and the gradients of their kernels, and nothing else, as TensorFlow computes them."""
    import tensorflow as tf

    config, _, _ = problem()
    cases = []
    for modality, frames, width in (
        ("audio", config.features.max_frames, config.features.width),
        ("text", config.words.max_words, config.words.embedding_width),
    ):
        inputs = tf.random.normal((BATCH, 1, frames, width))
        for convolution in trained.get_layer(f"{modality}_mscnn").convolutions:
            kernel = tf.convert_to_tensor(convolution.kernel)[tf.newaxis]
            cases.append((inputs, kernel, tf.random.normal((BATCH, 1, frames, config.model.filters))))

    @tf.function
    def corners(*cases: Any) -> Any:
        # What is looked at is one number of each, so that none is optimised away and none is copied.
        found = []
        for inputs, kernel, slopes in cases:
            found.append(tf.nn.conv2d(inputs, kernel, 1, "SAME")[0, 0, 0, 0])
            gradient = tf.raw_ops.Conv2DBackpropFilter(
                input=inputs, filter_sizes=kernel.shape, out_backprop=slopes, strides=[1] * 4, padding="SAME"
            )
            found.append(gradient[0, 0, 0, 0])
        return found

    return lambda: [part.numpy() for part in corners(*cases)]


def pytorch_step() -> Calls:
    import torch
    from twin import twin_of

    torch.set_num_threads(THREADS)
    config, inputs, labels = problem()
    twin = twin_of(network(), config).train()
    twin.embeddings.weight.requires_grad = False
    check_gradients(twin)
    optimizer = torch.optim.Adam([weight for weight in twin.parameters() if weight.requires_grad], lr=5e-4)
    arrays = [torch.from_numpy(values) for values in inputs.values()]
    classes = torch.from_numpy(labels.argmax(axis=1))

    def steps() -> None:
        for _ in range(STEPS):
            optimizer.zero_grad()
            torch.nn.functional.nll_loss(twin(*arrays), classes).backward()
            torch.nn.utils.clip_grad_norm_(twin.parameters(), config.training.clip_norm)
            optimizer.step()

    return {"PyTorch": steps}


def check_gradients(twin: Any) -> None:
    """Raises a RuntimeError unless both networks have the same gradients."""
    import keras
    import tensorflow as tf
    import torch

    _, inputs, labels = problem()
    trained = network()
    with tf.GradientTape() as tape:
        losses = keras.losses.categorical_crossentropy(labels, trained(inputs, training=True))
        loss = tf.reduce_mean(losses)
    ours = {
        variable.path: np.asarray(gradient)
        for variable, gradient in zip(
            trained.trainable_variables, tape.gradient(loss, trained.trainable_weights), strict=True
        )
    }
    arrays = [torch.from_numpy(values) for values in inputs.values()]
    torch.nn.functional.nll_loss(twin(*arrays), torch.from_numpy(labels.argmax(axis=1))).backward()
    for modality in ("audio", "text"):
        sizes = trained.get_layer(f"{modality}_mscnn").kernel_sizes
        for scale, size in enumerate(sizes):
            theirs = getattr(twin, modality).scales[scale].weight.grad.numpy()[:, :, 0].T  # (s, D, F)
            found = ours[f"{modality}_mscnn/scale_{size}/kernel"]
            difference = np.abs(found - theirs).max() / np.abs(theirs).max()
            if not difference <= TOLERANCE:  # Also catches NaN.
                raise RuntimeError(f"{modality}, kernels of size {size}: gradients differ by {difference:g}")


def measure(rounds: int) -> list[dict[str, Any]]:
    seconds = take_turns([functools.partial(gemm, THREADS), keras_step, pytorch_step], rounds)
    ours, theirs = seconds["Keras"] / STEPS, seconds["PyTorch"] / STEPS
    peak = gemm_peak(seconds)
    return [
        {
            "figure": "training step, share of the float32 GEMM peak",
            **spread(flops() / ours / peak),
            "seconds": spread(ours),
            "peak_gflops": spread(peak / 1e9, 1),
        },
        {
            "figure": "training step, by its convolutions alone as TensorFlow computes them",
            **spread(ours / seconds["convolutions"]),
            "seconds": spread(seconds["convolutions"]),
        },
        {"figure": "training step, PyTorch's time by ours", **spread(theirs / ours), "seconds": spread(theirs)},
    ]


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args(argv)
    print(json.dumps(measure(arguments.rounds), indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
