"""What a network says of the utterances of records."""

import dataclasses
from collections.abc import Sequence
from typing import Literal

import keras
import numpy as np
import tensorflow as tf

from emotion_tf.config import Config
from emotion_tf.corpora.groups import groups_of
from emotion_tf.corpora.label_choice import class_names
from emotion_tf.corpora.utterance import Utterance
from emotion_tf.dataset.extract import Records
from emotion_tf.dataset.pipeline import evaluation_dataset
from emotion_tf.dataset.targets import ratings, vote_shares
from emotion_tf.evaluation.predictions import Predictions
from emotion_tf.text.vocabulary import Vocabulary

Modality = Literal["audio", "words"]

INPUTS: dict[Modality, str] = {"audio": "features", "words": "word_ids"}
"""The input of a network that holds each modality."""


def predict(
    network: keras.Model,
    records: Records,
    config: Config,
    utterances: Sequence[Utterance],
    vocabulary: Vocabulary | None,
    fold: int,
    without: Modality | None = None,
) -> Predictions:
    """What a network says of some utterances.

    Args:
        network: A network of features and words.
        records: The records of the corpus.
        config: Its settings.
        utterances: Those asked for, in the order of the records.
        vocabulary: The words and their ids, needed if it reads.
        fold: The fold to note beside each.
        without: What is left out of every utterance, as if it had never been there.
    """
    batches = evaluation_dataset(dataclasses.replace(records, taught=None), config, utterances, vocabulary)
    if without is not None:
        name = INPUTS[without]
        # Zeros are padding, to which frames and words come as one.
        batches = batches.map(lambda inputs, label: ({**inputs, name: tf.zeros_like(inputs[name])}, label))
    answers = answers_of(network, batches)
    probabilities = answers.get("probabilities", np.zeros((len(utterances), 0)))
    found = predictions_of(utterances, fold, probabilities, class_names(config, records.utterances))
    if "dimensions" not in answers:
        return found
    return dataclasses.replace(
        found,
        dimensions=tuple(config.labels.dimensions or ()),
        ratings=ratings(config, utterances),
        estimates=answers["dimensions"],
    )


def answers_of(network: keras.Model, batches: tf.data.Dataset) -> dict[str, np.ndarray]:
    """What a network says of the utterances of some batches: `probabilities` (N, C), `dimensions`, or both."""
    # For a GPU, Keras would compile one that was never compiled with XLA, anew for every length of a batch.
    network.jit_compile = False
    found = network.predict(batches, verbose=0)
    return found if isinstance(found, dict) else {"probabilities": found}


def probabilities_of(network: keras.Model, batches: tf.data.Dataset) -> np.ndarray:
    """What a network says (N, C) of the classes of the utterances of some batches."""
    return answers_of(network, batches)["probabilities"]


def predictions_of(
    utterances: Sequence[Utterance], fold: int, probabilities: np.ndarray, classes: Sequence[str]
) -> Predictions:
    """Probabilities (N, C) of some utterances that were tested in one fold, with all that is known of them."""
    return Predictions(
        [utterance.id for utterance in utterances],
        np.full(len(utterances), fold),
        [utterance.speaker for utterance in utterances],
        np.array([(classes or ("",)).index(utterance.label) for utterance in utterances]),
        probabilities,
        tuple(classes),
        vote_shares(classes, utterances) if any(utterance.votes for utterance in utterances) else None,
        groups=groups_of(utterances),
    )
