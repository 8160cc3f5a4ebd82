"""MSCNN-SPU and MSCNN-SPU-ATT."""

from typing import Any

import keras

from emotion_tf.config import Config
from emotion_tf.layers import ModalAttention, StatisticalPooling, SWEMPooling
from emotion_tf.models.fitted import Fitted
from emotion_tf.models.parts import audio_input, classify, convolution, embed, normalize, speaker, text_input


def mscnn(config: Config, fitted: Fitted) -> keras.Model:
    """Multi-scale convolutions, statistical pooling and, with both modalities, attention of the audio over the words.

    Where the paper is silent: the hidden dense layer is `model.dense_units` wide, dropout stands before both dense
    layers, and audio scale i attends to text scale i unless `model.pairing` says otherwise.

    Args:
        config: `config.model` chooses among the variants: modality, convolution, attention, SWEM; `config.speaker` adds
            x-vectors.
        fitted: Normalisation for the audio and the speaker embeddings, vocabulary for the text.

    Returns:
        A model of the inputs `audio` (B, T, D) float32, padded with zero frames, `words` (B, M) int32, padded with
        zeros, and `speaker` (B, W) float32, as far as the settings have them; it gives probabilities (B, 4) float32.

    Reference:
        Peng et al., "Efficient Speech Emotion Recognition Using Multi-Scale CNN and Attention", ICASSP 2021.
    """
    settings = config.model
    inputs: dict[str, Any] = {}
    utterance = []
    if settings.hears:
        inputs["audio"] = audio_input(config)
        frames = normalize(inputs["audio"], config, fitted)  # (B, T, D)
        audio_maps = convolution(config, settings.audio_kernel_sizes, "audio_mscnn")(frames)
        audio_pooled = StatisticalPooling(name="audio_spu")(audio_maps)  # (B, 3, S, F)
        utterance.append(audio_pooled)
    if config.speaker.embeddings is not None:
        inputs["speaker"], scaled = speaker(fitted)
        utterance.append(scaled)
    if settings.reads:
        inputs["words"] = text_input()
        embeddings = embed(inputs["words"], config, fitted)  # (B, M, E)
        text_maps = convolution(config, settings.text_kernel_sizes, "text_mscnn")(embeddings)
        utterance.append(StatisticalPooling(name="text_spu")(text_maps))
        if settings.swem:
            utterance.append(SWEMPooling(name="swem")(embeddings))
        if settings.hears and settings.attention:
            utterance.append(ModalAttention(settings.pairing, name="attention")([audio_pooled, text_maps]))
    return keras.Model(inputs, classify(utterance, config), name="mscnn")
