"""Fitting a model that is not trained step by step."""

from collections.abc import Sequence

import keras

from emotion_tf import models
from emotion_tf.config import Config
from emotion_tf.corpora.folds import Split
from emotion_tf.dataset.extract import Records
from emotion_tf.dataset.pipeline import evaluation_dataset, training_dataset


def fit_at_once(
    network: keras.Model, records: Records, config: Config, split: Split, vocabulary: Sequence[str] = ()
) -> None:
    """Fits a network that `models.FITTED_AT_ONCE` names.

    Args:
        network: The network; its weights are set.
        records: The records of the corpus.
        config: The settings.
        split: The fold; its test part is not touched.
        vocabulary: The words by id, needed if the model reads.
    """
    models.FITTED_AT_ONCE[config.model.name](
        network,
        training_dataset(records, config, split.train, vocabulary, config.training.seed),
        evaluation_dataset(records, config, split.dev, vocabulary),
        evaluation_dataset(records, config, split.train, vocabulary),
        [utterance.speaker for utterance in split.train],
        config.training,
    )
