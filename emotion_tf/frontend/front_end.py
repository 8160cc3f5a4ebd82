"""The front end that the settings ask for, as a layer."""

import keras

from emotion_tf.config import FeatureConfig
from emotion_tf.frontend.acoustic_front_end import AcousticFrontEnd
from emotion_tf.frontend.encoders.load import load_encoder


def front_end_layer(features: FeatureConfig, silence_is_absence: bool = False) -> keras.layers.Layer:
    """The layer `front_end`, from `waveform` (B, N) and `num_samples` (B,) to features (B, T, `features.width`).

    Args:
        features: The settings. With `features.encoder`, its weights are looked for as `load_encoder` does.
        silence_is_absence: Whether a wave of exact zeros alone counts as no recording.

    Raises:
        EmotionTFError: If the weights of the encoder are not found.

    Example:

    >>> front_end_layer(FeatureConfig())(keras.ops.ones((1, 16000)), keras.ops.convert_to_tensor([16000])).shape
    TensorShape([1, 101, 96])
    """
    if features.encoder is None:
        return AcousticFrontEnd(features, silence_is_absence, name="front_end")
    return load_encoder(
        features.encoder,
        features.encoder_layers,
        silence_is_absence=silence_is_absence,
        max_samples=features.max_samples,
        name="front_end",
    )
