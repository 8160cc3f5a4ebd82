"""What is fitted before the network: normalisation, vocabulary and prior, on the training part of the fold alone."""

import dataclasses
import logging
from collections.abc import Sequence

import numpy as np

from emotion_tf.config import Config
from emotion_tf.corpora.label_choice import class_names
from emotion_tf.corpora.utterance import Utterance
from emotion_tf.dataset.extract import Records
from emotion_tf.dataset.pipeline import read_examples
from emotion_tf.dataset.targets import class_indices, ratings
from emotion_tf.errors import EmotionTFError
from emotion_tf.models import Preprocessing
from emotion_tf.text.dialogue import MARKS
from emotion_tf.text.subwords import subword_ids
from emotion_tf.text.tokenizer import tokenize
from emotion_tf.text.vocabulary import Vocabulary
from emotion_tf.text.word_vectors import embedding_matrix, read_word_vectors

logger = logging.getLogger(__name__)

SMALLEST_VARIANCE = 1e-6
"""A feature that never changes is left as it is."""


def fit_preprocessing(config: Config, records: Records, train: Sequence[Utterance]) -> Preprocessing:
    """Fits normalisation, vocabulary and the prior of the emotions.

    Args:
        config: Says what is heard and read.
        records: The records of the corpus; only those of `train` are read.
        train: The training part of the fold.

    Returns:
        What the models need.
    """
    preprocessing = Preprocessing(
        log_prior=_log_prior(config, records, train), labels=class_names(config, records.utterances)
    )
    if config.model.hears:
        mean, variance = frame_moments(config, records, train)
        preprocessing = dataclasses.replace(preprocessing, mean=mean, variance=variance)
    if records.speakers is not None:
        wanted = {utterance.id for utterance in train}
        rows = records.speakers[[utterance.id in wanted for utterance in records.utterances]]
        mean, variance = rows.mean(axis=0, dtype=np.float64), rows.var(axis=0, dtype=np.float64)
        preprocessing = dataclasses.replace(
            preprocessing, speaker_mean=mean.astype(np.float32), speaker_variance=_scale(variance)
        )
    if config.model.reads:
        vocabulary = build_vocabulary(config, train)
        preprocessing = dataclasses.replace(preprocessing, vocabulary=vocabulary)
        if config.words.word_vectors is not None:
            embeddings = embedding_matrix(vocabulary, config.words.word_vectors, config.words.embedding_width)
            if config.words.vectors_rms is not None:
                embeddings *= config.words.vectors_rms / np.sqrt(np.mean(np.square(embeddings)))
            preprocessing = dataclasses.replace(preprocessing, embeddings=embeddings)
        if config.words.subwords:
            preprocessing = dataclasses.replace(
                preprocessing, subwords=subword_ids(vocabulary.words, vocabulary.num_special)
            )
    return preprocessing


def with_ranges(config: Config, train: Sequence[Utterance]) -> Config:
    """The settings with the ranges of all dimensions: where nobody says one, that of the ratings of the training part.

    Args:
        config: The settings.
        train: The training part of the fold, whose ratings are those of `labels.dimensions`.

    Raises:
        EmotionTFError: If the training part does not have two different ratings of such a dimension.
    """
    if not config.labels.dimensions:
        return config
    found: dict[str, tuple[float, ...]] = dict(config.labels.scales)
    rated = ratings(config, train)
    for place, name in enumerate(config.labels.dimensions):
        if name in found:
            continue
        values = rated[~np.isnan(rated[:, place]), place]
        if len(set(values)) < 2:
            raise EmotionTFError(
                f"the training part has no two different ratings of {name}",
                received=f"{len(values)} ratings of {len(train)} utterances",
            )
        found[name] = (float(values.min()), float(values.max()))
        logger.info("the range of %s is that of the training part, %g to %g", name, *found[name])
    return dataclasses.replace(config, labels=dataclasses.replace(config.labels, ranges=found))


def build_vocabulary(config: Config, train: Sequence[Utterance]) -> Vocabulary:
    """The words of the training part and, where word vectors are frozen, further words that have one.

    Words of earlier turns are counted where they are said, and not again where they are read.
    """
    words = config.words
    if not any(tokenize(utterance.text) for utterance in train):
        raise EmotionTFError(
            "no transcript of the training part holds a word",
            expected="words of any script",
            received=f"{len(train)} transcripts, such as {train[0].text!r}" if train else "no transcript",
            fix="train with --modality audio, or transcribe the corpus first",
        )
    also: Sequence[str] = ()
    if words.word_vectors is not None and not words.trainable:
        also, _ = read_word_vectors(words.word_vectors, limit=words.vocabulary_size, width=words.embedding_width)
    texts, marks = [utterance.text for utterance in train], MARKS if words.context_turns else ()
    return Vocabulary.build(texts, words.vocabulary_size, words.min_count, also, marks)


def _log_prior(config: Config, records: Records, train: Sequence[Utterance]) -> np.ndarray:
    """The logarithm of the share (C,) of each class in the training part, as far as the loss sees it."""
    num_classes = len(class_names(config, records.utterances))
    if not num_classes or "balanced" in (config.training.class_weights, config.training.sampling):
        return np.zeros(num_classes, np.float32)
    # One more of each, so that a class that is never heard in training is unlikely and not impossible.
    counts = 1 + np.bincount(class_indices(config, train, records.utterances), minlength=num_classes)
    return np.log(counts / counts.sum()).astype(np.float32)


def frame_moments(config: Config, records: Records, utterances: Sequence[Utterance]) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance (D,) float32 of each feature over all frames of some utterances."""
    count, mean, squares = 0, np.zeros(config.features.width), np.zeros(config.features.width)
    for example in read_examples(records.clean, config, utterances):
        frames = example["features"].numpy().astype(np.float64)
        if not len(frames):
            continue
        # Merging means and squared deviations part by part loses no digits, as a difference of two large sums would.
        count += len(frames)
        shift = frames.mean(axis=0) - mean
        mean += shift * len(frames) / count
        squares += frames.var(axis=0) * len(frames) + shift**2 * len(frames) * (count - len(frames)) / count
    return mean.astype(np.float32), _scale(squares / count)


def _scale(variance: np.ndarray) -> np.ndarray:
    """Variances float32 by which one can divide."""
    return np.where(variance < SMALLEST_VARIANCE, 1.0, variance).astype(np.float32)
