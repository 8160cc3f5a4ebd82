"""Convolutions over the spectrogram, then a recurrent layer."""

import keras

from emotion_tf.config import Config
from emotion_tf.layers import SpectralConv2D
from emotion_tf.models.blocks import Encoding, audio_input, lstm, normalize
from emotion_tf.models.preprocessing import Preprocessing


def cnn_lstm(config: Config, preprocessing: Preprocessing) -> Encoding:
    """Three convolutions over time and frequency, each with pooling, and the last state of a bidirectional LSTM.

    The original's figures on four emotions of IEMOCAP, five folds, are a weighted accuracy of 0.673 and an unweighted
    one of 0.620, as a list of published results has them; the paper itself we could not check. Where it is silent or we
    differ: it cuts utterances into pieces of 3 seconds and sees linear spectrograms, we see whole utterances in the
    features of the settings; the kernels span 3 frames and 3 features, each pooling halves both, and all convolutions
    have as many filters; dropout, optimizer and loss are those of the settings, and the harmonic filter that the paper
    tries against noise is left out.

    Args:
        config: `config.model` gives `filters` of each convolution, `recurrent_units` and the classifier.
        preprocessing: Normalisation.

    Returns:
        The input `features` (B, T, D) float32, padded with zero frames; and the vector that the classifier gets.

    Reference:
        Satt, Rozenberg, Hoory, "Efficient Emotion Recognition from Speech Using Deep Learning on Spectrograms",
        Interspeech 2017.
    """
    features = audio_input(config)
    frames = normalize(features, config, preprocessing)  # (B, T, D)
    maps = SpectralConv2D(config.model.filters, name="audio_cnn")(frames)  # (B, T / 8, D / 8 · F)
    state = keras.layers.Bidirectional(lstm(config), name="audio_lstm")(maps)  # (B, 2 U)
    return {"features": features}, [state]
