"""Arrays of PyTorch's layers, turned round to stand in those of Keras."""

from emotion_tf.frontend.encoders.assign import Arrays
from emotion_tf.frontend.encoders.checkpoint import Checkpoint


def linear(checkpoint: Checkpoint, name: str) -> Arrays:
    """Kernel and bias of a dense layer; one without a bias, as Whisper's keys are, gives the kernel alone."""
    arrays = {"kernel": checkpoint.read(f"{name}.weight").T}
    if f"{name}.bias" in checkpoint:
        arrays["bias"] = checkpoint.read(f"{name}.bias")
    return arrays


def convolution(checkpoint: Checkpoint, name: str) -> Arrays:
    """Kernel and bias of a convolution along time, the latter where it has one."""
    arrays = {"kernel": checkpoint.read(f"{name}.weight").transpose(2, 1, 0)}
    if f"{name}.bias" in checkpoint:
        arrays["bias"] = checkpoint.read(f"{name}.bias")
    return arrays


def norm(checkpoint: Checkpoint, name: str) -> Arrays:
    """Scale and offset of a layer normalisation."""
    return {"gamma": checkpoint.read(f"{name}.weight"), "beta": checkpoint.read(f"{name}.bias")}
