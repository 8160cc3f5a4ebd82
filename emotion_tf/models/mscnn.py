"""MSCNN-SPU and MSCNN-SPU-ATT."""

from typing import Any

from emotion_tf.config import Config
from emotion_tf.layers import LearnedPlaceholder, ModalAttention, StatisticalPooling, SWEMPooling, TurnSelection
from emotion_tf.models.blocks import (
    Encoding,
    audio_input,
    convolution,
    embed,
    project,
    speaker,
    standardize,
    text_input,
)
from emotion_tf.models.preprocessing import Preprocessing


def mscnn(config: Config, preprocessing: Preprocessing) -> Encoding:
    """Multi-scale convolutions, statistical pooling and, with both modalities, attention of the audio over the words.

    With `config.words.context_turns`, all this is about the present turn, and the words of earlier turns are pooled
    apart: their maximum and their mean stand beside it.

    Where the paper is silent: the hidden dense layer is `model.dense_units` wide, dropout stands before both dense
    layers, and audio scale i attends to text scale i unless `model.pairing` says otherwise.

    Args:
        config: `config.model` chooses among the variants: modality, convolution, attention, SWEM; `config.speaker` adds
            x-vectors.
        preprocessing: Normalisation for the audio and the speaker embeddings, vocabulary for the text.

    Returns:
        The inputs `features` (B, T, D) float32, padded with zero frames, `word_ids` (B, M) int32, padded with zeros,
        and `speaker` (B, W) float32, those of them that the settings have; and the vectors that the classifier gets.
        With `config.model.learned_placeholders`, an utterance of padding alone in `features` was not heard, and its
        `speaker` is ignored; one of padding alone in `word_ids` was not read.

    Reference:
        Peng et al., "Efficient Speech Emotion Recognition Using Multi-Scale CNN and Attention", ICASSP 2021.
    """
    settings = config.model
    inputs: dict[str, Any] = {}
    utterance = []

    def present(vectors: Any, sequence: Any, name: str) -> Any:
        return LearnedPlaceholder(name=name)([vectors, sequence]) if settings.learned_placeholders else vectors

    if settings.hears:
        inputs["features"] = audio_input(config)
        frames = standardize(inputs["features"], config, preprocessing)  # (B, T, D)
        channels = project(frames, config)
        audio_maps = convolution(config, settings.audio_kernel_sizes, "audio_mscnn")(channels)
        audio_pooled = StatisticalPooling(rectified=True, name="audio_spu")(audio_maps)  # (B, 3, S, F)
        # The attention, too, asks with the placeholder.
        audio_pooled = present(audio_pooled, frames, "audio_placeholder")
        utterance.append(audio_pooled)
        if settings.frame_statistics:
            statistics = StatisticalPooling(("average", "deviation"), name="frame_statistics")(frames)  # (B, 2, D)
            utterance.append(present(statistics, frames, "frame_placeholder"))
    if config.speaker.embeddings is not None:
        inputs["speaker"], scaled = speaker(preprocessing)
        # The voice is part of the recording.
        utterance.append(present(scaled, frames, "speaker_placeholder"))
    if settings.reads:
        inputs["word_ids"] = text_input()
        embeddings = embed(inputs["word_ids"], config, preprocessing)  # (B, M, E)
        if config.words.context_turns:
            parts = [embeddings, inputs["word_ids"]]
            embeddings = TurnSelection("present", name="present_turn")(parts)
            # Zeros where nothing was said before, whether the utterance has words or not.
            utterance.append(SWEMPooling(name="earlier_swem")(TurnSelection("earlier", name="earlier_turns")(parts)))
        text_maps = convolution(config, settings.text_kernel_sizes, "text_mscnn")(embeddings)
        text_pooled = StatisticalPooling(rectified=True, name="text_spu")(text_maps)
        utterance.append(present(text_pooled, embeddings, "text_placeholder"))
        if settings.swem:
            utterance.append(present(SWEMPooling(name="swem")(embeddings), embeddings, "swem_placeholder"))
        if settings.hears and settings.attention:
            attended = ModalAttention(settings.pairing, name="attention")([audio_pooled, text_maps])
            utterance.append(present(attended, embeddings, "attention_placeholder"))
    return inputs, utterance
