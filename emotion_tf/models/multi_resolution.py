"""Convolutions of several sizes over the words, a recurrent layer over the sound."""

import keras

from emotion_tf.config import Config
from emotion_tf.layers import StatisticalPooling
from emotion_tf.models.blocks import Encoding, audio_input, convolution, embed, lstm, normalize, text_input
from emotion_tf.models.preprocessing import Preprocessing


def multi_resolution(config: Config, preprocessing: Preprocessing) -> Encoding:
    """Multi-resolution convolutions with maximum over time for the text, last state of a BiLSTM for the audio.

    It is meant to be trained with `training.verification`, so that it learns to tell emotions apart in pairs of
    utterances as well as to name them.

    The paper is arXiv 1911.00432. We differ from it in the verification: its loss pulls the embeddings of utterances
    of one emotion together and pushes others apart, and ours (`ClassificationAndVerification`) compares the
    probabilities of two utterances, so that no margin and no mining of pairs has to be chosen. We took no sizes from
    it: ReLU convolutions of `model.filters` filters over each of `model.text_kernel_sizes`, and one BiLSTM of
    `model.recurrent_units` units in each direction, are our choices, and its figures are not ours to claim.

    Args:
        config: `config.model` gives the sizes and the classifier.
        preprocessing: Normalisation for the audio, vocabulary for the text.

    Returns:
        The inputs `features` (B, T, D) float32, padded with zero frames, and `word_ids` (B, M) int32, padded with
        zeros; and the vectors that the classifier gets.

    Reference:
        arXiv 1911.00432, 2019.
    """
    features, word_ids = audio_input(config), text_input()
    frames = normalize(features, config, preprocessing)  # (B, T, D)
    embeddings = embed(word_ids, config, preprocessing)  # (B, M, E)
    heard = keras.layers.Bidirectional(lstm(config), name="audio_lstm")(frames)  # (B, 2 U)
    maps = convolution(config, config.model.text_kernel_sizes, "text_cnn")(embeddings)  # (B, M, S, F)
    read = StatisticalPooling(("max",), name="max")(maps)  # (B, 1, S, F)
    return {"features": features, "word_ids": word_ids}, [heard, read]
