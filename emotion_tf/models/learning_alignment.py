"""Learning Alignment: every word with the sound that belongs to it."""

import keras

from emotion_tf.config import Config
from emotion_tf.layers import SoftAlignment, StatisticalPooling
from emotion_tf.models.blocks import Encoding, audio_input, embed, lstm, normalize, text_input
from emotion_tf.models.preprocessing import Preprocessing


def learning_alignment(config: Config, preprocessing: Preprocessing) -> Encoding:
    """Two encoders, the frames of each word by soft alignment, a third encoder over the words with their frames.

    All three are bidirectional LSTMs; the states of the third are pooled by their maximum over the words.

    The original's accuracy on four emotions of IEMOCAP is 0.725, as its authors' own recipe in DELTA repeats it. The
    score of word and frame is tanh(uᵀs + vᵀh + b) here. The authors' code (Delta-ML/delta, `AlignClassModel`) aligns by
    multi-head attention instead, feeds the third encoder with the frames of the words alone, without the words' own
    states, pools it by attention, and drops after the word vectors, each encoder and the alignment; we drop before the
    classifier as the settings say. Where it is silent or we could not check it: all encoders have
    `model.recurrent_units` units in each direction; word vectors are trained or not as `words.trainable` says; what is
    heard are the features of the settings; and classifier and loss are those of the settings.

    Args:
        config: `config.model` gives `recurrent_units` and the classifier.
        preprocessing: Normalisation for the audio, vocabulary for the text.

    Returns:
        The inputs `features` (B, T, D) float32, padded with zero frames, and `word_ids` (B, M) int32, padded with
        zeros; and the vectors that the classifier gets.

    Reference:
        Xu et al., "Learning Alignment for Multimodal Emotion Recognition from Speech", Interspeech 2019.
    """
    features, word_ids = audio_input(config), text_input()
    frames = normalize(features, config, preprocessing)  # (B, T, D)
    embeddings = embed(word_ids, config, preprocessing)  # (B, M, E)
    spoken = keras.layers.Bidirectional(lstm(config, return_sequences=True), name="audio_lstm")(frames)  # (B, T, 2 U)
    written = keras.layers.Bidirectional(lstm(config, return_sequences=True), name="text_lstm")(embeddings)
    aligned = SoftAlignment(name="alignment")([written, spoken])  # (B, M, 2 U)
    joined = keras.layers.Concatenate(name="words_with_frames")([aligned, written])  # (B, M, 4 U)
    states = keras.layers.Bidirectional(lstm(config, return_sequences=True), name="joint_lstm")(joined)
    pooled = StatisticalPooling(("max",), name="max")(states)  # (B, 1, 2 U)
    return {"features": features, "word_ids": word_ids}, [pooled]
