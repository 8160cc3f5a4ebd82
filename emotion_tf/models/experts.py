"""Networks that learn apart and answer together."""

import dataclasses
from typing import Any

import keras

from emotion_tf.config import Config, SpeakerConfig
from emotion_tf.layers import ProductOfExperts
from emotion_tf.models.blocks import Encoding, logits
from emotion_tf.models.mscnn import mscnn
from emotion_tf.models.preprocessing import Preprocessing
from emotion_tf.registry import Modality

EXPERTS: dict[Modality, str] = {"audio": "audio_expert", "text": "text_expert", "both": "joint_expert"}
"""The layer that is the expert of each modality: a network of features, words or both that gives logits (B, C)."""


def experts(config: Config, preprocessing: Preprocessing) -> Encoding:
    """An MSCNN that hears, one that reads and one that does both; the product of their opinions is the answer.

    Each learns by itself, as if there were no other. So who hears and who reads never lean on what an utterance may
    lack. One network that does both soon knows the sentences of a small corpus by heart and stops listening, which
    leaving out one or the other in training only weakens.

    Args:
        config: Each expert has the settings `config.model` of an `mscnn` of its modality; the voice belongs to those
            who hear.
        preprocessing: Normalisation for the audio and the speaker embeddings, vocabulary for the text, and the prior of
            the emotions, which `classify` needs.

    Returns:
        The inputs `features` (B, T, D) float32, padded with zero frames, `word_ids` (B, M) int32, padded with zeros,
        and `speaker` (B, W) float32, if the settings have it; and of each expert its logits with the inputs that it
        judges. An utterance of padding alone in `features` was not heard, and its `speaker` is ignored; one of padding
        alone in `word_ids` was not read. An expert that needs what an utterance lacks has no say.
    """
    networks = {}
    for modality, name in EXPERTS.items():
        own = expert_config(config, modality)
        own_inputs, vectors = mscnn(own, preprocessing)
        networks[modality] = keras.Model(own_inputs, logits(vectors, own, preprocessing), name=name)
    inputs = {tensor.name: tensor for tensor in networks["both"].inputs}
    opinions = []
    for network in networks.values():
        given = {tensor.name: inputs[tensor.name] for tensor in network.inputs}
        opinions.append([network(given), *(given[name] for name in ("features", "word_ids") if name in given)])
    return inputs, opinions


def classify(opinions: list[Any], config: Config, preprocessing: Preprocessing) -> Any:
    """Probabilities (B, C) float32: the product of the experts' opinions."""
    log_prior = preprocessing.log_prior.tolist()
    return ProductOfExperts(log_prior, dtype="float32", name="probabilities")(opinions)


def expert_config(config: Config, modality: Modality) -> Config:
    """The settings by which the expert of a modality is built and trained: those of an MSCNN of this modality."""
    model = dataclasses.replace(config.model, name="mscnn", modality=modality, learned_placeholders=False)
    augmentation = dataclasses.replace(config.augmentation, audio_dropout=0.0)
    speaker = config.speaker if model.hears else SpeakerConfig()
    return dataclasses.replace(config, model=model, augmentation=augmentation, speaker=speaker)


def expert(network: keras.Model, modality: Modality) -> keras.Model:
    """The expert of a modality in a model `experts`, as a network of probabilities that shares its weights."""
    layer = network.get_layer(EXPERTS[modality])
    return keras.Model(layer.input, keras.layers.Softmax(dtype="float32")(layer.output), name=layer.name)
