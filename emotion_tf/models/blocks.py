"""What every model begins and ends with."""

from collections.abc import Sequence
from typing import Any

import keras

from emotion_tf.config import Config
from emotion_tf.errors import EmotionTFError
from emotion_tf.layers import FrameAveraging, MultiScaleConv2D, SubwordEmbedding
from emotion_tf.models.preprocessing import Preprocessing
from emotion_tf.text.dialogue import MARKS
from emotion_tf.text.vocabulary import MARK_IDS

Encoding = tuple[dict[str, Any], list[Any]]
"""The inputs of a network by name, and the vectors (B, ...) that it makes of an utterance."""

DIMENSION_SHARES = "dimension_shares"
"""The layer that places an utterance between the ends of each dimension."""

BATCH_MOMENTUM = 0.9
"""Keras' default of 0.99 takes longer to settle than a corpus of a few hundred utterances is trained."""


def audio_input(config: Config) -> Any:
    """Features (B, T, D) float32."""
    return keras.Input((None, config.features.width), dtype="float32", name="features")


def text_input() -> Any:
    """Word ids (B, M) int32."""
    return keras.Input((None,), dtype="int32", name="word_ids")


def speaker(preprocessing: Preprocessing) -> tuple[Any, Any]:
    """The input of a speaker embedding (B, W) float32, and the embedding scaled as the training part has it."""
    given = keras.Input((len(preprocessing.speaker_mean),), dtype="float32", name="speaker")
    layer = keras.layers.Normalization(
        mean=preprocessing.speaker_mean.tolist(),
        variance=preprocessing.speaker_variance.tolist(),
        name="speaker_normalization",
    )
    return given, layer(given)


def normalize(features: Any, config: Config, preprocessing: Preprocessing) -> Any:
    """Features scaled by `standardize`, and brought to fewer channels where the settings say so."""
    return project(standardize(features, config, preprocessing), config)


def standardize(features: Any, config: Config, preprocessing: Preprocessing) -> Any:
    """Features scaled by mean and deviation of the training part, under the mask of the frames that are not zero.

    Where the settings say so, frames in a row are averaged.
    """
    # float32 under every dtype policy: raw features reach -600 dB, where float16 has steps of half a decibel.
    frames = keras.layers.Masking(0.0, dtype="float32", name="padding")(features)
    if config.model.frames_averaged > 1:
        frames = FrameAveraging(config.model.frames_averaged, dtype="float32", name="frame_averaging")(frames)
    layer = keras.layers.Normalization(
        mean=preprocessing.mean.tolist(),
        variance=preprocessing.variance.tolist(),
        dtype="float32",
        name="normalization",
    )
    return layer(frames)


def project(frames: Any, config: Config) -> Any:
    """Frames (B, T, D) of as many channels as the settings say, by a linear layer if they say so."""
    if config.model.projection_units is None:
        return frames
    return keras.layers.Dense(config.model.projection_units, name="projection")(frames)


def embed(word_ids: Any, config: Config, preprocessing: Preprocessing) -> Any:
    """Word embeddings (B, M, E), under the mask of the words that are not padding."""
    if preprocessing.vocabulary is None:
        raise EmotionTFError("a model that reads needs a vocabulary", fix="Preprocessing(vocabulary=Vocabulary(...))")
    if config.words.context_turns and not preprocessing.vocabulary.has_marks:
        raise EmotionTFError(
            "the vocabulary does not have the marks of earlier turns",
            expected=f"{', '.join(MARKS)} as words {MARK_IDS[0]} and {MARK_IDS[-1]}",
            fix="Vocabulary.build(..., marks=MARKS), or words.context_turns=0",
        )
    size, width = len(preprocessing.vocabulary), config.words.embedding_width
    learned = preprocessing.embeddings is None
    layer = keras.layers.Embedding(
        size, width, mask_zero=True, trainable=learned or config.words.trainable, name="embeddings"
    )
    embeddings = layer(word_ids)
    if not learned:
        layer.set_weights([preprocessing.embeddings])
    if preprocessing.subwords is None:
        return embeddings
    shared = SubwordEmbedding(
        size, int(preprocessing.subwords.max()) + 1, preprocessing.subwords.shape[1], width, name="subwords"
    )
    letters = shared(word_ids)
    shared.members.assign(preprocessing.subwords)
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


def utterance_vector(vectors: list[Any]) -> Any:
    """The vector (B, W) of an utterance: its vectors (B, ...) flattened, side by side."""
    if len(vectors) == 1:
        return keras.layers.Flatten(name="utterance")(vectors[0])
    flat = [keras.layers.Flatten()(vector) for vector in vectors]
    return keras.layers.Concatenate(name="utterance")(flat)


def classify(vectors: list[Any], config: Config, preprocessing: Preprocessing) -> Any:
    """Probabilities (B, C) float32 from the vectors of an utterance."""
    layer = keras.layers.Dense(len(preprocessing.labels), activation="softmax", dtype="float32", name="probabilities")
    return layer(_hidden(vectors, config))


def heads(vectors: list[Any], config: Config, preprocessing: Preprocessing) -> dict[str, Any]:
    """Probabilities (B, C), if there are classes, and dimensions (B, D), float32, from the vectors of an utterance.

    Both heads share the hidden layer. A dimension is a sigmoid between the ends of its range.
    """
    hidden, count = _hidden(vectors, config), len(preprocessing.labels)
    found = {}
    if count:
        layer = keras.layers.Dense(count, activation="softmax", dtype="float32", name="probabilities")
        found["probabilities"] = layer(hidden)
    ends = list(config.labels.scales.values())
    share = keras.layers.Dense(len(ends), activation="sigmoid", dtype="float32", name=DIMENSION_SHARES)(hidden)
    scale = keras.layers.Rescaling(
        [high - low for low, high in ends], [low for low, _ in ends], dtype="float32", name="dimensions"
    )
    return {**found, "dimensions": scale(share)}


def logits(vectors: list[Any], config: Config, preprocessing: Preprocessing) -> Any:
    """Logits (B, C) float32 from the same, for a network whose answer is combined with others."""
    return keras.layers.Dense(len(preprocessing.labels), dtype="float32", name="logits")(_hidden(vectors, config))


def _hidden(vectors: list[Any], config: Config) -> Any:
    """What the last layer sees of the vectors of an utterance."""
    settings = config.model
    hidden = utterance_vector(vectors)
    if settings.batch_normalization:
        hidden = keras.layers.BatchNormalization(momentum=BATCH_MOMENTUM, name="batch_normalization")(hidden)
    hidden = keras.layers.Dropout(settings.dropout, name="utterance_dropout")(hidden)
    if settings.dense_units is not None:
        hidden = keras.layers.Dense(settings.dense_units, activation="relu", name="hidden")(hidden)
        hidden = keras.layers.Dropout(settings.dropout, name="hidden_dropout")(hidden)
    return hidden
