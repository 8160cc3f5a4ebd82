"""The whole way from the wave to the probabilities, as one model."""

from typing import Any

import keras

from emotion_tf.config import Config
from emotion_tf.frontend.front_end import front_end_layer


def speech_model(network: keras.Model, config: Config, front_end: keras.layers.Layer | None = None) -> keras.Model:
    """Puts the front end before a network of features, so that a saved file needs nothing else to hear.

    Args:
        network: A model of `audio`, `words` and `speaker`, or of some of them, which stays inside as the layer of its
            name.
        config: Holds the settings of the front end.
        front_end: The front end of another speech model of these settings, which has the weights of an encoder; None
            makes one.

    Returns:
        A model of `waveform` (B, N) float32 and `num_samples` (B,) int32 in place of `audio`. With
        `config.model.learned_placeholders`, there is no recording where `num_samples` is 0 or all samples are exact
        zeros; the second is for files that have no input `num_samples`.
    """
    inputs: dict[str, Any] = {}
    features: dict[str, Any] = {}
    if config.model.hears:
        inputs["waveform"] = keras.Input((None,), dtype="float32", name="waveform")
        inputs["num_samples"] = keras.Input((), dtype="int32", name="num_samples")
        front_end = front_end or front_end_layer(config.features, config.model.learned_placeholders)
        features["features"] = front_end(inputs["waveform"], inputs["num_samples"])
    for tensor in network.inputs:
        if tensor.name == "speaker":
            inputs["speaker"] = features["speaker"] = keras.Input(tensor.shape[1:], dtype="float32", name="speaker")
    if config.model.reads:
        inputs["word_ids"] = features["word_ids"] = keras.Input((None,), dtype="int32", name="word_ids")
    return keras.Model(inputs, network(features), name="speech")


def inner_network(speech: keras.Model) -> keras.Model:
    """The network of features inside a speech model."""
    return next(layer for layer in speech.layers if isinstance(layer, keras.Model))
