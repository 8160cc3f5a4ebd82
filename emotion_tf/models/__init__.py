"""Models by name: each builds a network of features and words from its settings and what was fitted before it."""

from collections.abc import Callable

import keras

from emotion_tf.config import Config
from emotion_tf.errors import EmotionTFError
from emotion_tf.models.fitted import Fitted
from emotion_tf.models.mscnn import mscnn
from emotion_tf.models.speech import inner_network, speech_model

__all__ = ["MODELS", "Fitted", "build", "inner_network", "mscnn", "speech_model"]

MODELS: dict[str, Callable[[Config, Fitted], keras.Model]] = {"mscnn": mscnn}


def build(config: Config, fitted: Fitted) -> keras.Model:
    """Builds the model that `config.model.name` names.

    Raises:
        EmotionTFError: If there is no such model.
    """
    if config.model.name not in MODELS:
        raise EmotionTFError("no such model", expected=" or ".join(MODELS), received=repr(config.model.name))
    return MODELS[config.model.name](config, fitted)
