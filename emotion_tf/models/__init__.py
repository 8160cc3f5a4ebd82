"""Models by name: each builds a network of features and words from its settings and what was fitted before it."""

from collections.abc import Callable
from typing import Any

import keras

from emotion_tf.config import Config
from emotion_tf.models.cnn import cnn
from emotion_tf.models.cnn_lstm import cnn_lstm
from emotion_tf.models.experts import EXPERTS, expert, expert_config, experts
from emotion_tf.models.learning_alignment import learning_alignment
from emotion_tf.models.mdre import mdre
from emotion_tf.models.mha import mha
from emotion_tf.models.mscnn import mscnn
from emotion_tf.models.multi_resolution import multi_resolution
from emotion_tf.models.preprocessing import Preprocessing
from emotion_tf.models.speech import inner_network, speech_model
from emotion_tf.models.svm import fit_svm, svm
from emotion_tf.models.swem import swem
from emotion_tf.models.tdnn_lstm import tdnn_lstm
from emotion_tf.models.text_cnn import text_cnn

__all__ = [
    "EXPERTS",
    "FITTED_AT_ONCE",
    "MODELS",
    "Preprocessing",
    "build",
    "expert",
    "expert_config",
    "inner_network",
    "mscnn",
    "speech_model",
]

MODELS: dict[str, Callable[[Config, Preprocessing], keras.Model]] = {
    "mscnn": mscnn,
    "experts": experts,
    "mdre": mdre,
    "learning_alignment": learning_alignment,
    "mha": mha,
    "multi_resolution": multi_resolution,
    "text_cnn": text_cnn,
    "swem": swem,
    "cnn": cnn,
    "cnn_lstm": cnn_lstm,
    "tdnn_lstm": tdnn_lstm,
    "svm": svm,
}

FITTED_AT_ONCE: dict[str, Callable[..., Any]] = {"svm": fit_svm}
"""Models that are not trained step by step, each with the function that fits it; `training.at_once` calls it."""


def build(config: Config, fitted: Preprocessing) -> keras.Model:
    """Builds the model that `config.model.name` names.

    Raises:
        EmotionTFError: If there is no such model, or another setting is out of its range.
    """
    return MODELS[config.validate().model.name](config, fitted)
