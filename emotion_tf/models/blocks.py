"""What every model begins and ends with."""

from collections.abc import Sequence
from typing import Any

import keras

from emotion_tf.config import Config
from emotion_tf.labels import EMOTIONS
from emotion_tf.layers import MultiScaleConv2D, SubwordEmbedding
from emotion_tf.models.preprocessing import Preprocessing

BATCH_MOMENTUM = 0.9
"""Keras' default of 0.99 takes longer to settle than a corpus of a few hundred utterances is trained."""


def audio_input(config: Config) -> Any:
    """Features (B, T, D) float32."""
    return keras.Input((None, config.features.width), dtype="float32", name="features")


def text_input() -> Any:
    """Word ids (B, M) int32."""
    return keras.Input((None,), dtype="int32", name="word_ids")


def speaker(fitted: Preprocessing) -> tuple[Any, Any]:
    """The input of a speaker embedding (B, W) float32, and the embedding scaled as the training part has it."""
    given = keras.Input((len(fitted.speaker_mean),), dtype="float32", name="speaker")
    layer = keras.layers.Normalization(
        mean=fitted.speaker_mean.tolist(), variance=fitted.speaker_variance.tolist(), name="speaker_normalization"
    )
    return given, layer(given)


def normalize(audio: Any, config: Config, fitted: Preprocessing) -> Any:
    """Features scaled by mean and deviation of the training part, under the mask of the frames that are not zero."""
    # float32 under every dtype policy: raw features reach -600 dB, where float16 has steps of half a decibel.
    frames = keras.layers.Masking(0.0, dtype="float32", name="padding")(audio)
    layer = keras.layers.Normalization(
        mean=fitted.mean.tolist(), variance=fitted.variance.tolist(), dtype="float32", name="normalization"
    )
    return layer(frames)


def embed(words: Any, config: Config, fitted: Preprocessing) -> Any:
    """Word embeddings (B, M, E), under the mask of the words that are not padding."""
    size, width = len(fitted.vocabulary), config.words.embedding_width
    learned = fitted.embeddings is None
    layer = keras.layers.Embedding(
        size, width, mask_zero=True, trainable=learned or config.words.trainable, name="embeddings"
    )
    embeddings = layer(words)
    if not learned:
        layer.set_weights([fitted.embeddings])
    if fitted.subwords is None:
        return embeddings
    shared = SubwordEmbedding(size, int(fitted.subwords.max()) + 1, fitted.subwords.shape[1], width, name="subwords")
    letters = shared(words)
    shared.members.assign(fitted.subwords)
    return keras.layers.Add(name="words_and_subwords")([embeddings, letters])


def convolution(config: Config, kernel_sizes: Sequence[int], name: str) -> MultiScaleConv2D:
    """The multi-scale convolution of the settings."""
    settings = config.model
    return MultiScaleConv2D(settings.filters, kernel_sizes, convolution=settings.convolution, name=name)


def gru(config: Config, **options: Any) -> keras.layers.GRU:
    """A recurrent layer that skips what is masked, wherever it lies."""
    # cuDNN would need all padding behind and no sequence empty. Trimming leaves padding in front, hidden frames are
    # padding amid, transcripts may be empty; and an export would hold its op, which no server on a CPU can run.
    return keras.layers.GRU(config.model.recurrent_units, use_cudnn=False, **options)


def lstm(config: Config, **options: Any) -> keras.layers.LSTM:
    """A recurrent layer that skips what is masked, wherever it lies."""
    return keras.layers.LSTM(config.model.recurrent_units, use_cudnn=False, **options)  # as in `gru`


def classify(vectors: list[Any], config: Config) -> Any:
    """Probabilities (B, 4) float32 from the utterance's vectors, flattened and side by side."""
    layer = keras.layers.Dense(len(EMOTIONS), activation="softmax", dtype="float32", name="probabilities")
    return layer(_hidden(vectors, config))


def decide(vectors: list[Any], config: Config) -> Any:
    """Logits (B, 4) float32 from the same, for what comes to its answer later."""
    return keras.layers.Dense(len(EMOTIONS), dtype="float32", name="logits")(_hidden(vectors, config))


def _hidden(vectors: list[Any], config: Config) -> Any:
    """What the last layer sees of the utterance's vectors."""
    settings = config.model
    flat = [keras.layers.Flatten()(vector) for vector in vectors]
    hidden = flat[0] if len(flat) == 1 else keras.layers.Concatenate(name="utterance")(flat)
    if settings.batch_normalization:
        hidden = keras.layers.BatchNormalization(momentum=BATCH_MOMENTUM, name="batch_normalization")(hidden)
    hidden = keras.layers.Dropout(settings.dropout, name="utterance_dropout")(hidden)
    if settings.dense_units is not None:
        hidden = keras.layers.Dense(settings.dense_units, activation="relu", name="hidden")(hidden)
        hidden = keras.layers.Dropout(settings.dropout, name="hidden_dropout")(hidden)
    return hidden
