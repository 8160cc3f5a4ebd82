"""Fitting the network of one fold, in the way that its kind needs, and then its temperature."""

import functools
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from emotion_tf import models
from emotion_tf.config import Config
from emotion_tf.corpora.folds import Split
from emotion_tf.dataset.extract import Records
from emotion_tf.dataset.pipeline import evaluation_dataset, training_dataset
from emotion_tf.dataset.targets import class_indices
from emotion_tf.text.vocabulary import Vocabulary
from emotion_tf.training.calibration import choose_temperature
from emotion_tf.training.distributed import is_chief
from emotion_tf.training.loop import CHECKPOINT, train_network
from emotion_tf.training.predict import predict
from emotion_tf.training.vector_target import with_vector_target
from emotion_tf.utils.files import sweep


def fit_network(
    network: keras.Model,
    records: Records,
    config: Config,
    split: Split,
    vocabulary: Vocabulary | None,
    folder: Path,
    strategy: tf.distribute.Strategy,
    name: str,
) -> dict[str, Any]:
    """Fits a network on the training part of a fold and sets its temperature by the dev part.

    Experts are trained and calibrated one after the other, each as a network of its own; then their product is.

    Args:
        network: The network; its weights are set.
        records: The records of the corpus.
        config: The settings.
        split: The fold; its test part is not touched.
        vocabulary: The words and their ids, needed if the model reads.
        folder: The fold's folder, where a training that was stopped goes on.
        strategy: The devices that train a network step by step; what else there is to do, every process does by itself.
        name: What the fold is called in lines of progress.

    Returns:
        `temperature`, and `experts` with the same of each expert where there are any.
    """
    if is_chief(strategy):
        folder.mkdir(parents=True, exist_ok=True)
        sweep(folder)
    found: dict[str, Any] = {"temperature": 1.0}
    if models.MODELS[config.model.name].fitting == "at_once":
        fit_at_once(network, records, config, split, vocabulary)
    elif models.MODELS[config.model.name].fitting == "experts":
        found["experts"] = {
            modality: fit_network(
                models.expert(network, modality),
                records,
                models.expert_config(config, modality),
                split,
                vocabulary,
                folder / modality,
                strategy,
                f"{name}, expert of {modality}",
            )
            for modality in models.EXPERTS
        }
    else:
        taught = records.taught
        train_network(
            network if taught is None else with_vector_target(network, taught.shape[1]),
            functools.partial(training_dataset, records, config, split.train, vocabulary, config.training.seed),
            evaluation_dataset(records, config, split.dev, vocabulary),
            config,
            class_indices(config, split.train, records.utterances),
            folder,
            strategy,
            name,
        )
    if config.training.calibration == "temperature" and config.labels.classes != ():
        found["temperature"] = choose_temperature(predict(network, records, config, split.dev, vocabulary, fold=0))
        models.scale_probabilities(network, found["temperature"])
    return found


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
        training_dataset(records, config, split.train, vocabulary, config.training.seed, drop_remainder=False),
        evaluation_dataset(records, config, split.dev, vocabulary),
        evaluation_dataset(records, config, split.train, vocabulary),
        [utterance.speaker for utterance in split.train],
        config.training,
    )


def remove_checkpoints(folder: Path) -> None:
    """Removes from the folder of a finished fold what only a training that was stopped would need."""
    for room in (folder, *(folder / modality for modality in models.EXPERTS)):
        sweep(room)
        (room / CHECKPOINT).unlink(missing_ok=True)
