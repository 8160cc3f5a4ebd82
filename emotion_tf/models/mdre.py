"""MDRE and MDREA, the dual recurrent encoders."""

import keras

from emotion_tf.config import Config
from emotion_tf.layers import ContextAttention
from emotion_tf.models.blocks import Encoding, audio_input, embed, gru, normalize, text_input
from emotion_tf.models.preprocessing import Preprocessing


def mdre(config: Config, preprocessing: Preprocessing) -> Encoding:
    """A recurrent encoder hears, another reads, and a classifier gets what each has gathered.

    Either encoder is a GRU whose last state passes through a dense layer. With `model.attention` (MDREA) the audio's
    vector weighs the states of the words instead, and their sum takes the place of the text's vector.

    The original reaches accuracies from 0.688 to 0.718 over its variants, on four emotions of IEMOCAP; its author wrote
    later that the metric of this line of work had been precision (see `mha`). Where we differ from its code
    (david-yoon/multimodal-speech-emotion): it adds 35 prosodic features of the whole utterance to the audio's last
    state, which our features, in the recipe `strong`, hold frame by frame instead; it projects either last state to
    half its width, linearly, where our dense layers have `model.recurrent_units` units and tanh; it drops inputs and
    outputs of the GRUs, keeping 0.7 of the audio's and 0.3 of the words', where we drop before the classifier as the
    settings say; its loss is a sigmoid cross-entropy for each class, ours the softmax; it clips gradients to ±10; the
    GRU is that of Keras, whose reset gate acts after the product with the recurrent kernel; word vectors are trained or
    not as `words.trainable` says.

    Args:
        config: `config.model` gives `recurrent_units`, `attention` and the classifier.
        preprocessing: Normalisation for the audio, vocabulary for the text.

    Returns:
        The inputs `features` (B, T, D) float32, padded with zero frames, and `word_ids` (B, M) int32, padded with
        zeros; and the vectors that the classifier gets.

    Reference:
        Yoon, Byun, Jung, "Multimodal Speech Emotion Recognition Using Audio and Text", SLT 2018.
    """
    settings = config.model
    features, word_ids = audio_input(config), text_input()
    frames = normalize(features, config, preprocessing)  # (B, T, D)
    embeddings = embed(word_ids, config, preprocessing)  # (B, M, E)
    spoken = gru(config, name="audio_gru")(frames)  # (B, U)
    heard = keras.layers.Dense(settings.recurrent_units, activation="tanh", name="audio_vector")(spoken)
    if settings.attention:
        states = gru(config, return_sequences=True, name="text_gru")(embeddings)  # (B, M, U)
        read = ContextAttention(name="attention")([heard, states])
    else:
        written = gru(config, name="text_gru")(embeddings)
        read = keras.layers.Dense(settings.recurrent_units, activation="tanh", name="text_vector")(written)
    return {"features": features, "word_ids": word_ids}, [heard, read]
