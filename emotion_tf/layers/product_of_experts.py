"""What several experts say together, each of whom knows one modality or more."""

import math
from collections.abc import Sequence
from typing import Any

import keras


@keras.saving.register_keras_serializable(package="emotion_tf")
class ProductOfExperts(keras.layers.Layer):
    """Multiplies the opinions of experts, and leaves out those who had nothing to judge by.

    If what each knows is independent of what the others know, given the class c, then p(c | x, y) is in proportion to
    p(c | x) p(c | y) / p(c). An expert that lacks what it judges by knows no more than the prior p(c), which therefore
    stands in for it. Experts are seldom independent, and so too sure together: where there is more than one opinion,
    the logits are multiplied by `sharpness`, a weight that is not trained by gradients.

    Args:
        log_prior: Logarithms of the prior of each class, up to a constant.

    Call arguments:
        inputs: For each expert a list of its logits (B, C) and of all sequences (B, T, ...) that it judges by. A
            sequence of zeros alone is padding, and lacking.

    Returns:
        Probabilities (B, C).

    Example: two who think that the first of two classes is three times as likely as the other.

    >>> logits = keras.ops.log([[3.0, 1.0], [3.0, 1.0]])
    >>> audio, words = keras.ops.ones((2, 7)), keras.ops.convert_to_tensor([[3, 1], [0, 0]])
    >>> print(ProductOfExperts([0.0, 0.0])([[logits, audio], [logits, words]]).numpy().round(2))
    [[0.9  0.1 ]
     [0.75 0.25]]

    Reference:
        Hinton, "Training Products of Experts by Minimizing Contrastive Divergence", Neural Computation 14, 2002.
    """

    def __init__(self, log_prior: Sequence[float], **kwargs: Any):
        super().__init__(**kwargs)
        self.log_prior = tuple(map(float, log_prior))

    def build(self, input_shape: Any) -> None:
        """Makes the sharpness."""
        self.sharpness = self.add_weight(shape=(), initializer="ones", trainable=False, name="sharpness")

    def call(self, inputs: Any) -> Any:
        """The normalised product of the opinions."""
        dtype = inputs[0][0].dtype
        prior = keras.ops.convert_to_tensor(self.log_prior, dtype=dtype)
        logits, count = prior, keras.ops.zeros((), dtype)
        for opinion, *sequences in inputs:
            able = math.prod(_present(sequence, dtype) for sequence in sequences)  # (B, 1)
            logits, count = logits + able * (opinion - prior), count + able
        sharpness = keras.ops.cast(self.sharpness, logits.dtype)
        return keras.ops.softmax(keras.ops.where(count > 1, sharpness * logits, logits))

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """That of the logits."""
        return tuple(input_shape[0][0])

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "log_prior": self.log_prior}


def _present(sequence: Any, dtype: str) -> Any:
    """1 where an utterance has the sequence, and 0 where it lacks it (B, 1)."""
    there = keras.ops.any(keras.ops.not_equal(sequence, 0), axis=tuple(range(1, len(sequence.shape))))
    return keras.ops.cast(there, dtype)[:, None]
