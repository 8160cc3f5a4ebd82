"""Learning Alignment: every word with the sound that belongs to it."""

import keras

from emotion_tf.config import Config
from emotion_tf.layers import SoftAlignment, StatisticalPooling
from emotion_tf.models.fitted import Fitted
from emotion_tf.models.parts import audio_input, classify, embed, lstm, normalize, text_input


def learning_alignment(config: Config, fitted: Fitted) -> keras.Model:
    """Two encoders, the frames of each word by soft alignment, a third encoder over the words with their frames.

    All three are bidirectional LSTMs; the states of the third are pooled by their maximum over the words.

    No figure of the original could be confirmed. Where it is silent or we could not check it: the score of word and
    frame is tanh(uᵀs + vᵀh + b), and all encoders have `model.recurrent_units` units in each direction.

    Args:
        config: `config.model` gives `recurrent_units` and the classifier.
        fitted: Normalisation for the audio, vocabulary for the text.

    Returns:
        A model of the inputs `audio` (B, T, D) float32, padded with zero frames, and `words` (B, M) int32, padded with
        zeros; it gives probabilities (B, 4) float32.

    Reference:
        Xu et al., "Learning Alignment for Multimodal Emotion Recognition from Speech", Interspeech 2019.
    """
    audio, words = audio_input(config), text_input()
    frames = normalize(audio, config, fitted)  # (B, T, D)
    embeddings = embed(words, config, fitted)  # (B, M, E)
    spoken = keras.layers.Bidirectional(lstm(config, return_sequences=True), name="audio_lstm")(frames)  # (B, T, 2 U)
    written = keras.layers.Bidirectional(lstm(config, return_sequences=True), name="text_lstm")(embeddings)
    aligned = SoftAlignment(name="alignment")([written, spoken])  # (B, M, 2 U)
    joined = keras.layers.Concatenate(name="words_with_frames")([aligned, written])  # (B, M, 4 U)
    states = keras.layers.Bidirectional(lstm(config, return_sequences=True), name="joint_lstm")(joined)
    pooled = StatisticalPooling(("max",), name="max")(states)  # (B, 1, 2 U)
    return keras.Model({"audio": audio, "words": words}, classify([pooled], config), name="learning_alignment")
