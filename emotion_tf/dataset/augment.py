"""What training does to features and words, anew in every epoch."""

from collections.abc import Callable

import tensorflow as tf

from emotion_tf.config import Config
from emotion_tf.frontend.spectral import level_response
from emotion_tf.text.vocabulary import MARK_IDS, PADDING, UNKNOWN


def augment(config: Config, vocabulary_size: int) -> Callable[..., tuple[dict[str, tf.Tensor], tf.Tensor]]:
    """A function that changes one utterance at random.

    It takes the pair of inputs and label, and a seed (scalar int64), and returns the pair. Hidden bands take the
    utterance's mean, hidden frames become zero, which is what the model takes for padding.

    Args:
        config: What changes, and how much.
        vocabulary_size: Number of word ids, among which misheard words are drawn.

    Reference:
        Park et al., "SpecAugment: A Simple Data Augmentation Method for Automatic Speech Recognition", Interspeech
        2019.
    """
    settings = config.augmentation
    # The channels of a pretrained encoder have neither deltas nor a level.
    acoustic = config.features.encoder is None
    static_width = config.features.static_width if acoustic else config.features.width
    repeats = 1 + config.features.deltas if acoustic else 1
    response = tf.constant(level_response(config.features)) if settings.gain_db else 0.0

    # Marks of earlier turns are no words that anybody says; they stay.
    first = MARK_IDS[-1] + 1 if config.words.context_turns else UNKNOWN + 1

    def change(example: tuple[dict[str, tf.Tensor], tf.Tensor], seed: tf.Tensor):
        inputs, label = example
        inputs = dict(inputs)
        draw = _Draw(seed)
        if "features" in inputs:
            audio, gain = inputs["features"], draw.uniform(-settings.gain_db, settings.gain_db)
            if settings.gain_db:
                audio += response * gain
            for _ in range(settings.frequency_masks):
                hidden = draw.stretch(static_width, settings.frequency_mask_share)
                audio = tf.where(tf.tile(hidden, [repeats]), tf.reduce_mean(audio, axis=0), audio)
            for _ in range(settings.time_masks):
                hidden = draw.stretch(tf.shape(audio)[0], settings.time_mask_share)
                audio = tf.where(hidden[:, tf.newaxis], 0.0, audio)
            inputs["features"] = audio
        if "word_ids" in inputs and settings.word_error_rate:
            rate = draw.uniform(0.0, settings.word_error_rate)
            misheard = _mishear(inputs["word_ids"], rate, vocabulary_size, draw, first)
            inputs["word_ids"] = misheard[: config.words.max_words]
        if "word_ids" in inputs and settings.word_dropout:
            words = inputs["word_ids"]
            dropped = draw.uniform(0.0, 1.0, tf.shape(words)) < settings.word_dropout
            inputs["word_ids"] = tf.where(dropped & _is_said(words, first), UNKNOWN, words)
        if {"features", "word_ids"} <= inputs.keys() and (settings.transcript_dropout or settings.audio_dropout):
            # One draw decides on both, so that no utterance loses both; one that has no words keeps its audio.
            chance = draw.uniform(0.0, 1.0)
            read = chance >= settings.transcript_dropout
            heard = (chance < 1 - settings.audio_dropout) | tf.reduce_all(inputs["word_ids"] == PADDING)
            inputs["word_ids"] = tf.where(read, inputs["word_ids"], PADDING)
            inputs["features"] = tf.where(heard, inputs["features"], 0.0)
        return inputs, label

    return change


class _Draw:
    """A series of random numbers that depends on its seed alone."""

    def __init__(self, seed: tf.Tensor):
        self._seed = seed
        self._count = 0

    def uniform(self, low: float, high: float, shape: tf.Tensor | tuple[int, ...] = ()) -> tf.Tensor:
        """Uniform float32."""
        self._count += 1
        return tf.random.stateless_uniform(shape, [self._seed, self._count], low, high)

    def integers(self, low: int, high: int, shape: tf.Tensor) -> tf.Tensor:
        """Uniform int32 from `low` to less than `high`."""
        self._count += 1
        return tf.random.stateless_uniform(shape, [self._seed, self._count], low, high, tf.int32)

    def stretch(self, length: tf.Tensor | int, share: float) -> tf.Tensor:
        """Mask (length,) bool of one stretch of at most `share` of the length."""
        size = tf.cast(length, tf.float32) * self.uniform(0.0, share)
        start = self.uniform(0.0, 1.0) * (tf.cast(length, tf.float32) - size)
        positions = tf.range(tf.cast(length, tf.float32))
        return (positions >= tf.floor(start)) & (positions < tf.floor(start + size))


def _is_said(words: tf.Tensor, first: int) -> tf.Tensor:
    """Where word ids are words, known or not, and neither padding nor marks, behind which is the id `first`."""
    return (words == UNKNOWN) | (words >= first)


def _mishear(words: tf.Tensor, rate: tf.Tensor, vocabulary_size: int, draw: _Draw, first: int) -> tf.Tensor:
    """Word ids (M',) of which so large a share of the true ones (M,) is replaced, left out or followed by another.

    Each error is as likely as the others. M' is at least 1, as for any transcript; padding stays.
    """
    size = tf.shape(words)
    wrong = (draw.uniform(0.0, 1.0, size) < rate) & _is_said(words, first)
    kind = draw.integers(0, 3, size)
    others = draw.integers(UNKNOWN, vocabulary_size, size)
    others = tf.where(_is_said(others, first), others, UNKNOWN)
    replaced, left_out, followed = (wrong & (kind == number) for number in range(3))
    pairs = tf.stack([tf.where(replaced, others, words), others], axis=1)  # (M, 2): each word, and what may follow it
    misheard = tf.boolean_mask(pairs, tf.stack([~left_out, followed], axis=1))  # (M',)
    return tf.pad(misheard, [[0, tf.maximum(0, 1 - tf.size(misheard))]], constant_values=PADDING)
