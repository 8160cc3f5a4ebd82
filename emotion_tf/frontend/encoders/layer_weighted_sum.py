"""A learned mixture of the layers of an encoder."""

from typing import Any

import keras


@keras.saving.register_keras_serializable(package="emotion_tf")
class LayerWeightedSum(keras.layers.Layer):
    """Sum of an encoder's layers under weights that are learned and add up to one.

    Stands behind an encoder, or behind its stored output: the model learns which layers it needs while the encoder
    stays frozen.

    Mask: passes through; frames of zeros stay zeros.

    Args:
        layers: Number of layers, K.
        normalize: Whether each layer's frames are first brought to mean 0 and variance 1 over their channels, since
            higher layers are larger.

    Call arguments:
        inputs: (B, T, K · D), the layers' channels one after the other.

    Returns:
        (B, T, D).

    Example:

    >>> LayerWeightedSum(3)(keras.ops.ones((2, 50, 192))).shape
    TensorShape([2, 50, 64])

    Reference:
        Yang et al., "SUPERB: Speech Processing Universal PERformance Benchmark", Interspeech 2021, section 2.2.
    """

    def __init__(self, layers: int, normalize: bool = False, **kwargs: Any):
        super().__init__(**kwargs)
        self.layers = layers
        self.normalize = normalize
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        """Makes one number a layer; at first all layers weigh the same."""
        self.logits = self.add_weight(shape=(self.layers,), initializer="zeros", name="logits")

    def call(self, inputs: Any) -> Any:
        """Adds the layers up."""
        batch, time, channels = keras.ops.shape(inputs)
        stacked = keras.ops.reshape(inputs, (batch, time, self.layers, channels // self.layers))
        if self.normalize:
            stacked = _normalized(stacked)
        weights = keras.ops.cast(keras.ops.softmax(keras.ops.cast(self.logits, "float32")), stacked.dtype)
        return keras.ops.sum(stacked * weights[:, None], axis=2)

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """(B, T, D) from (B, T, K · D)."""
        return (*input_shape[:2], input_shape[2] // self.layers)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "layers": self.layers, "normalize": self.normalize}


def _normalized(stacked: Any) -> Any:
    """Mean 0 and variance 1 over the last axis, in float32; zeros stay zeros."""
    values = keras.ops.cast(stacked, "float32")
    values = values - keras.ops.mean(values, axis=-1, keepdims=True)
    variance = keras.ops.mean(keras.ops.square(values), axis=-1, keepdims=True)
    return keras.ops.cast(values * keras.ops.rsqrt(variance + 1e-5), stacked.dtype)
