"""Fitting a model that is not trained step by step."""

import keras

from emotion_tf import models
from emotion_tf.config import Config
from emotion_tf.corpora.folds import Split
from emotion_tf.dataset.extract import Records
from emotion_tf.dataset.pipeline import evaluation_dataset, training_dataset
from emotion_tf.text.vocabulary import Vocabulary


def fit_at_once(
    network: keras.Model, records: Records, config: Config, split: Split, vocabulary: Vocabulary | None = None
) -> None:
    """Fits a network of a model whose `fitting` is `at_once`.

    Args:
        network: The network; its weights are set.
        records: The records of the corpus.
        config: The settings.
        split: The fold; its test part is not touched.
        vocabulary: The words and their ids, needed if the model reads.
    """
    models.fitter(config.model.name)(
        network,
        training_dataset(records, config, split.train, vocabulary, config.training.seed),
        evaluation_dataset(records, config, split.dev, vocabulary),
        evaluation_dataset(records, config, split.train, vocabulary),
        [utterance.speaker for utterance in split.train],
        config.training,
    )
