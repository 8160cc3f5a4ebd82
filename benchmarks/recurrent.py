"""How fast our recurrent models train beside plain Keras models of the same layers, which know no padding.

python benchmarks/recurrent.py

The plain models have Keras' defaults, Keras' own attention where ours has attention, and the same sizes, optimizer and
loss, and XLA compiles neither. Both train on the same batch of 64 utterances of 100 frames and 12 words, none of it
padding. They take turns; a ratio is the median over all rounds of our steps a second by theirs.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from side_by_side import spread

from emotion_tf import models
from emotion_tf.config import Config
from emotion_tf.labels import FOUR
from emotion_tf.models.blocks import BATCH_MOMENTUM
from emotion_tf.models.tdnn_lstm import DILATIONS
from emotion_tf.recipes import preset
from emotion_tf.text.vocabulary import SPECIAL_WORDS, Vocabulary
from emotion_tf.training import compile_network

BATCH, FRAMES, WORDS, VOCABULARY = 64, 100, 12, 2000
STEPS = 2
"""Steps of a turn."""


def mdre(config: Config, audio: Any, words: Any) -> list[Any]:
    units, attention = config.model.recurrent_units, config.model.attention
    heard = keras.layers.Dense(units, activation="tanh")(keras.layers.GRU(units)(audio))
    read = keras.layers.GRU(units, return_sequences=attention)(words)
    if attention:
        return [heard, keras.layers.Attention()([keras.layers.Reshape((1, units))(heard), read])]
    return [heard, keras.layers.Dense(units, activation="tanh")(read)]


def learning_alignment(config: Config, audio: Any, words: Any) -> list[Any]:
    spoken, written = bidirectional(config, audio), bidirectional(config, words)
    joined = keras.layers.Concatenate()([keras.layers.Attention()([written, spoken]), written])
    return [keras.layers.GlobalMaxPooling1D()(bidirectional(config, joined))]


def mha(config: Config, audio: Any, words: Any) -> list[Any]:
    layer = keras.layers.LSTM(config.model.recurrent_units, return_sequences=True, return_state=True)
    spoken, forward, _, backward, _ = keras.layers.Bidirectional(layer)(audio)
    written = bidirectional(config, words)
    contexts = [keras.layers.Reshape((1, -1))(keras.layers.Concatenate()([forward, backward]))]
    for hop in range(config.model.hops):
        contexts.append(keras.layers.Attention()([contexts[-1], spoken if hop % 2 else written]))
    return contexts[-2:]


def multi_resolution(config: Config, audio: Any, words: Any) -> list[Any]:
    settings = config.model
    read = [
        keras.layers.GlobalMaxPooling1D()(keras.layers.Conv1D(settings.filters, size, activation="relu")(words))
        for size in settings.text_kernel_sizes
    ]
    return [bidirectional(config, audio, return_sequences=False), *read]


def cnn_lstm(config: Config, audio: Any, words: Any) -> list[Any]:
    maps = keras.layers.Reshape((FRAMES, config.features.width, 1))(audio)
    for _ in range(3):
        maps = keras.layers.Conv2D(config.model.filters, 3, padding="same", activation="relu")(maps)
        maps = keras.layers.MaxPooling2D(padding="same")(maps)
    frames = keras.layers.Reshape((maps.shape[1], maps.shape[2] * maps.shape[3]))(maps)
    return [bidirectional(config, frames, return_sequences=False)]


def tdnn_lstm(config: Config, audio: Any, words: Any) -> list[Any]:
    settings, states = config.model, audio
    for dilation in DILATIONS:
        layer = keras.layers.Conv1D(settings.filters, 3, padding="same", dilation_rate=dilation, activation="relu")
        states = keras.layers.LSTM(settings.recurrent_units, return_sequences=True)(layer(states))
    return [keras.layers.GlobalAveragePooling1D()(states)]


def bidirectional(config: Config, sequence: Any, return_sequences: bool = True) -> Any:
    layer = keras.layers.LSTM(config.model.recurrent_units, return_sequences=return_sequences)
    return keras.layers.Bidirectional(layer)(sequence)


PLAIN: dict[str, Callable[[Config, Any, Any], list[Any]]] = {
    "strong-mdre": mdre,
    "strong-mdrea": mdre,
    "strong-learning-alignment": learning_alignment,
    "strong-mha2": mha,
    "strong-multi-resolution": multi_resolution,
    "strong-cnn-lstm": cnn_lstm,
    "strong-tdnn-lstm": tdnn_lstm,
}
"""By preset, what makes the plain model's vectors of an utterance, which its classifier gets."""


def plain_model(name: str, config: Config, fitted: models.Preprocessing) -> keras.Model:
    """Keras' own layers in the order of ours."""
    settings = config.model
    inputs = {"features": keras.Input((FRAMES, config.features.width), name="features")}
    normalization = keras.layers.Normalization(mean=fitted.mean, variance=fitted.variance)
    embeddings = None
    if settings.reads:
        inputs["word_ids"] = keras.Input((WORDS,), dtype="int32", name="word_ids")
        embeddings = keras.layers.Embedding(VOCABULARY, config.words.embedding_width)(inputs["word_ids"])
    vectors = [
        keras.layers.Flatten()(vector) for vector in PLAIN[name](config, normalization(inputs["features"]), embeddings)
    ]
    hidden = vectors[0] if len(vectors) == 1 else keras.layers.Concatenate()(vectors)
    hidden = keras.layers.BatchNormalization(momentum=BATCH_MOMENTUM)(hidden)
    hidden = keras.layers.Dropout(settings.dropout)(hidden)
    if settings.dense_units is not None:
        hidden = keras.layers.Dense(settings.dense_units, activation="relu")(hidden)
        hidden = keras.layers.Dropout(settings.dropout)(hidden)
    return keras.Model(inputs, keras.layers.Dense(len(FOUR), activation="softmax")(hidden))


def measure(name: str, rounds: int) -> dict[str, Any]:
    """Steps a second of ours and theirs, in turns."""
    keras.utils.clear_session()
    config, generator = preset(name), np.random.default_rng(0)
    width = config.features.width
    words = Vocabulary((*SPECIAL_WORDS, *map(str, range(VOCABULARY - 2)))) if config.model.reads else None
    fitted = models.Preprocessing(np.zeros(width), np.ones(width), words)
    ours, plain = models.build(config, fitted), plain_model(name, config, fitted)
    inputs = {"features": tf.constant(generator.normal(size=(BATCH, FRAMES, width)), tf.float32)}
    if config.model.reads:
        inputs["word_ids"] = tf.constant(generator.integers(1, VOCABULARY, (BATCH, WORDS)), tf.int32)
    labels = tf.one_hot(generator.integers(0, len(FOUR), BATCH), len(FOUR))
    contestants = {"ours": ours, "plain": plain}
    for network in contestants.values():
        compile_network(network, config.training, steps_per_epoch=100)
        for _ in range(STEPS):
            network.train_on_batch(inputs, labels)
    rates: dict[str, list[float]] = {contestant: [] for contestant in contestants}
    for _ in range(rounds):
        for contestant, network in contestants.items():
            start = time.perf_counter()
            for _ in range(STEPS):
                network.train_on_batch(inputs, labels)
            rates[contestant].append(STEPS / (time.perf_counter() - start))
    ratios = np.array(rates["ours"]) / np.array(rates["plain"])
    return {
        "figure": f"training {name}, our steps a second by plain Keras'",
        **spread(ratios),
        "steps_per_second": {contestant: spread(np.array(values)) for contestant, values in rates.items()},
        "parameters": {contestant: network.count_params() for contestant, network in contestants.items()},
    }


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--presets", nargs="+", default=list(PLAIN), choices=tuple(PLAIN), metavar="PRESET")
    parser.add_argument("--rounds", type=int, default=10)
    arguments = parser.parse_args(argv)
    print(json.dumps([measure(name, arguments.rounds) for name in arguments.presets], indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
