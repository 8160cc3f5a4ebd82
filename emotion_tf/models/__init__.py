"""Models by name, and what is built of them: networks of features and words, backbones, and models that hear waves."""

import importlib
from collections.abc import Callable
from types import ModuleType
from typing import Any

import keras

from emotion_tf.config import Config
from emotion_tf.errors import EmotionTFError
from emotion_tf.layers import ModelSettings
from emotion_tf.models.blocks import classify, heads, utterance_vector
from emotion_tf.models.experts import EXPERTS, expert, expert_config
from emotion_tf.models.preprocessing import Preprocessing
from emotion_tf.models.speech import inner_network, speech_model
from emotion_tf.models.temperature import scale_probabilities
from emotion_tf.registry import MODELS, ModelKind

__all__ = [
    "EXPERTS",
    "MODELS",
    "ModelKind",
    "ModelSettings",
    "Preprocessing",
    "backbone",
    "build",
    "expert",
    "expert_config",
    "fitter",
    "inner_network",
    "scale_probabilities",
    "speech_model",
]


def build(config: Config, preprocessing: Preprocessing) -> keras.Model:
    """Builds the network that `config.model.name` names, from acoustic features and word ids to probabilities.

    With `config.labels.dimensions`, a second head beside the classes, or alone, gives ratings such as arousal.

    It is an ordinary functional model: `compile`, `fit` and `save` it as any other. Settings, labels and vocabulary are
    part of it, so that `emotion_tf.load` answers from the file that `save` wrote.

    Args:
        config: The settings; `config.features.width` is the width D of a frame.
        preprocessing: Normalisation, vocabulary and labels.

    Returns:
        A model of the inputs `features` (B, T, D) float32, padded with zero frames, `word_ids` (B, M) int32, padded
        with zeros, and `speaker` (B, W) float32, those of them that the settings have. It gives probabilities (B, C)
        float32; with dimensions, a dict of `probabilities`, if there are classes, and `dimensions` (B, D) float32.

    Raises:
        EmotionTFError: If there is no such model, another setting is out of its range, or nobody says the range of a
            dimension.

    Example:

    >>> import numpy as np
    >>> config = Config().override("model.modality=audio", "model.filters=8")
    >>> frames = np.random.default_rng(0).normal(size=(1000, config.features.width))
    >>> network = build(config, Preprocessing(frames.mean(axis=0), frames.var(axis=0), labels=("calm", "tense")))
    >>> network.compile("adam", "categorical_crossentropy")
    >>> history = network.fit({"features": np.ones((4, 50, 96))}, np.eye(2)[[0, 1, 0, 1]], verbose=0)
    >>> network({"features": np.ones((4, 50, 96))}).shape
    TensorShape([4, 2])
    """
    name = config.validate().model.name
    module = _network_module(name)
    inputs, vectors = _encode(module, config, preprocessing)
    if config.labels.dimensions:
        _check_ranges(config)
        answer = heads(vectors, config, preprocessing)
        # The layer of the settings takes one tensor: the probabilities, or without classes the dimensions.
        first = next(iter(answer))
        answer[first] = _settings(config, preprocessing)(answer[first])
        return keras.Model(inputs, answer, name=name)
    # A model with a head of its own has a function of this name.
    answer = getattr(module, "classify", classify)(vectors, config, preprocessing)
    return keras.Model(inputs, _settings(config, preprocessing)(answer), name=name)


def backbone(config: Config, preprocessing: Preprocessing) -> keras.Model:
    """Builds the network of `build` up to the vector of the utterance, for a head of one's own.

    Args:
        config: As for `build`. What it says of the classifier does not matter.
        preprocessing: As for `build`. `labels` are those of the head, if `emotion_tf.load` is to answer with it.

    Returns:
        A model of the inputs of `build` that gives the utterance vector (B, V) float32.

    Raises:
        EmotionTFError: As for `build`, or if the model, such as `experts`, has no one vector of an utterance.

    Example:

    >>> import numpy as np
    >>> config = Config().override("model.modality=audio", "model.filters=8")
    >>> width = config.features.width
    >>> body = backbone(config, Preprocessing(np.zeros(width), np.ones(width), labels=("calm", "tense")))
    >>> hidden = keras.layers.Dense(16, activation="relu")(body.output)
    >>> model = keras.Model(body.inputs, keras.layers.Dense(2, activation="softmax")(hidden))
    >>> body.output.shape, model.output.shape
    ((None, 96), (None, 2))
    """
    name = config.validate().model.name
    if not MODELS[name].has_vector:
        raise EmotionTFError(
            f"the model {name} has no one vector of an utterance",
            expected="another model, such as mscnn",
            received=name,
        )
    inputs, vectors = _encode(_network_module(name), config, preprocessing)
    return keras.Model(inputs, _settings(config, preprocessing)(utterance_vector(vectors)), name=f"{name}_backbone")


def fitter(name: str) -> Callable[..., None]:
    """The function, such as `svm.fit`, that fits a model whose `fitting` is `at_once`."""
    return _module(name).fit


def _network_module(name: str) -> ModuleType:
    """The module of a model that is a network."""
    if MODELS[name].fitting == "machine":
        raise EmotionTFError(f"the model {name} is no network", expected="one that is, such as mscnn", received=name)
    return _module(name)


def _module(name: str) -> ModuleType:
    """The module of a registered model. It is imported only now: that of the SVM needs scikit-learn."""
    return importlib.import_module(f"{__name__}.{name}")


def _encode(module: ModuleType, config: Config, preprocessing: Preprocessing) -> tuple[dict[str, Any], list[Any]]:
    """Calls the function by which a model is registered."""
    return getattr(module, config.model.name)(config, preprocessing)


def _check_ranges(config: Config) -> None:
    """Refuses dimensions of which nobody says the range."""
    missing = [name for name in config.labels.dimensions or () if name not in config.labels.scales]
    if missing:
        raise EmotionTFError(
            f"nobody says the range of {', '.join(missing)}",
            expected="labels.ranges of every dimension",
            fix=f"--set 'labels.ranges={{\"{missing[0]}\": [1, 7]}}'",
        )


def _settings(config: Config, preprocessing: Preprocessing) -> ModelSettings:
    """The layer that keeps what an answer needs."""
    vocabulary = preprocessing.vocabulary.words if preprocessing.vocabulary else ()
    return ModelSettings(config, preprocessing.labels, vocabulary, name="settings")
