"""A second target of a student: the vector that its teacher makes of an utterance."""

from typing import Any

import keras

TAUGHT = "taught"
"""The input of the vectors, which a network has in training alone."""


@keras.saving.register_keras_serializable(package="emotion_tf")
class VectorTarget(keras.layers.Layer):
    """Passes probabilities on; in training, the loss grows by how far the vector of an utterance is from its target.

    A linear layer, which is thrown away afterwards, brings the vector to the width of the target. The loss is the mean
    of the squared differences, over the utterances whose target is not all zeros.

    Call arguments:
        inputs: Probabilities (B, C), vectors (B, V) and targets (B, W).
        training: Whether the loss is added.

    Returns:
        The probabilities.

    Reference:
        Romero et al., "FitNets: Hints for Thin Deep Nets", ICLR 2015.
    """

    def build(self, input_shape: Any) -> None:
        """Makes the linear layer."""
        _, vector, target = input_shape
        self.projection = keras.layers.Dense(target[-1], dtype="float32", name="projection")
        self.projection.build(vector)

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """Gives back the probabilities."""
        probabilities, vectors, targets = inputs
        projected = self.projection(keras.ops.cast(vectors, "float32"))
        if training:
            targets = keras.ops.cast(targets, "float32")
            given = keras.ops.cast(keras.ops.any(keras.ops.not_equal(targets, 0), axis=-1), "float32")  # (B,)
            squares = keras.ops.mean(keras.ops.square(projected - targets), axis=-1)
            self.add_loss(keras.ops.sum(given * squares) / keras.ops.maximum(keras.ops.sum(given), 1.0))
        return probabilities

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """That of the probabilities."""
        return tuple(input_shape[0])


def with_vector_target(network: keras.Model, width: int) -> keras.Model:
    """A network that trains the weights of another by vectors (B, width) too, which are its further input `taught`.

    Args:
        network: A network of `emotion_tf.models` with one vector of an utterance.
        width: Width of the targets.
    """
    taught = keras.Input((width,), dtype="float32", name=TAUGHT)
    inputs = {tensor.name: tensor for tensor in network.inputs}
    answer = VectorTarget(name="vector_target")([network.output, network.get_layer("utterance").output, taught])
    return keras.Model({**inputs, TAUGHT: taught}, answer, name=network.name)
