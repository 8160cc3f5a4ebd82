"""What a trained system costs: its size, its arithmetic, and its time in training and in use."""

import shutil
import statistics
import tempfile
import time
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import keras

from emotion_tf import models
from emotion_tf.comparison.multiply_adds import multiply_adds
from emotion_tf.config import Config
from emotion_tf.corpora import folds
from emotion_tf.corpora.corpus import Corpus
from emotion_tf.dataset import Records, extract, training_dataset
from emotion_tf.errors import EmotionTFError
from emotion_tf.evaluation import read_run
from emotion_tf.exporting import write_tflite
from emotion_tf.inference.keras_runtime import KerasRuntime
from emotion_tf.training import compile_network, dtype_policy, fit_preprocessing
from emotion_tf.training.fitting import fit_at_once
from emotion_tf.training.machine import run_machine_fold
from emotion_tf.utils import machine_file
from emotion_tf.utils.child_process import run_apart
from emotion_tf.utils.files import read_json
from emotion_tf.utils.paths import RemotePath

SECONDS, WORDS = 4.0, 12
"""The utterance for which arithmetic and time in use are taken, as far as the settings do not cut it."""

WARM_UP_STEPS, TIMED_STEPS = 6, 20
"""Steps of training before the clock counts, in which TensorFlow traces the network and buffers fill, and after."""


@dataclass(frozen=True)
class UtteranceSize:
    """The utterance for which arithmetic and time in use are taken."""

    seconds: float
    frames: int
    words: int


@dataclass(frozen=True)
class TrainingTime:
    """How long training takes.

    Args:
        seconds: The time.
        of: Of what: an epoch, or the whole fit of a model that is fitted at once.
    """

    seconds: float
    of: Literal["epoch", "fit"]


@dataclass(frozen=True)
class Cost:
    """What a trained system costs.

    Args:
        parameters: All numbers in the network, those that are not trained included.
        utterance: The utterance for which `multiply_adds` and `litert_milliseconds` stand.
        multiply_adds: Those of the network, without the front end.
        training: The time of training.
        litert_milliseconds: From the wave to the probabilities, float32 on one thread, the speaker embedding given;
            None where LiteRT cannot run it.
        litert_refusal: Why it cannot.
    """

    parameters: int
    utterance: UtteranceSize
    multiply_adds: int
    training: TrainingTime
    litert_milliseconds: float | None
    litert_refusal: str | None

    @classmethod
    def load(cls, path: Path) -> "Cost":
        """Reads the JSON of such a cost."""
        content = read_json(path)
        parts = {"utterance": UtteranceSize(**content["utterance"]), "training": TrainingTime(**content["training"])}
        return cls(**{**content, **parts})


def measure(
    workdir: Path, corpus: Corpus, config: Config, records_dir: Path | RemotePath, skip_bad: bool = False
) -> Cost:
    """Measures a finished run on this machine.

    Training is timed on the first fold with a new network of the same settings: the median of some steps times the
    steps of an epoch. So runs that are measured one after the other are measured under like conditions, whatever else
    the machine did while they were trained.

    Args:
        workdir: The run's folder.
        corpus: Its corpus.
        config: Its settings.
        records_dir: Where its features are kept.
        skip_bad: As the run was trained.
    """
    features = config.features
    seconds, words = min(SECONDS, features.max_seconds), min(WORDS, config.words.max_words)
    frames = round(seconds * features.sample_rate) // features.hop_length
    if models.MODELS[config.model.name].fitting == "machine":
        return _cost_of_machine(workdir, corpus, config, records_dir, skip_bad, UtteranceSize(seconds, frames, words))
    training, network = _train_a_little(workdir, corpus, config, records_dir, skip_bad)
    milliseconds, refusal = None, None
    try:
        milliseconds = _litert_milliseconds(workdir / "model", seconds, words)
    except EmotionTFError as error:
        refusal = str(error)
    return Cost(
        parameters=network.count_params(),
        utterance=UtteranceSize(seconds, frames, words),
        multiply_adds=multiply_adds(network, frames, words),
        training=training,
        litert_milliseconds=milliseconds,
        litert_refusal=refusal,
    )


class _Clock(keras.callbacks.Callback):
    """Notes when each step ends."""

    def __init__(self) -> None:
        super().__init__()
        self.ends: list[float] = []

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.ends.append(time.perf_counter())


def _first_fold(workdir: Path, records: Records, config: Config) -> folds.Split:
    """The parts of the first fold of a run."""
    assignment = folds.load(workdir / "folds.json", records.utterances)
    return folds.split(
        records.utterances,
        assignment,
        folds.fold_numbers(assignment)[0],
        protocol=read_run(workdir)["protocol"],
        dev_splits=config.training.dev_splits,
        seed=config.training.fold_seed,
    )


def _cost_of_machine(
    workdir: Path,
    corpus: Corpus,
    config: Config,
    records_dir: Path | RemotePath,
    skip_bad: bool,
    utterance: UtteranceSize,
) -> Cost:
    """What a support vector machine over functionals costs, without openSMILE."""
    records = extract(corpus.utterances, config, records_dir, skip_bad)
    split, start = _first_fold(workdir, records, config), time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        run_machine_fold(Path(folder), 0, split, records, config)
    seconds = time.perf_counter() - start
    parameters = read_json(workdir / "model" / machine_file.NAME)["parameters"]
    return Cost(parameters, utterance, parameters, TrainingTime(seconds, "fit"), None, "openSMILE is no part of LiteRT")


def _train_a_little(
    workdir: Path, corpus: Corpus, config: Config, records_dir: Path | RemotePath, skip_bad: bool
) -> tuple[TrainingTime, keras.Model]:
    """The time of an epoch, or of the whole fit, and the network that was trained for it."""
    records = extract(corpus.utterances, config, records_dir, skip_bad)
    split = _first_fold(workdir, records, config)
    preprocessing = fit_preprocessing(config, records, split.train)
    with dtype_policy(config.training.dtype_policy):
        network = models.build(config, preprocessing)
    if models.MODELS[config.model.name].fitting == "at_once":
        start = time.perf_counter()
        fit_at_once(network, records, config, split, preprocessing.vocabulary)
        return TrainingTime(time.perf_counter() - start, "fit"), network
    train = training_dataset(records, config, split.train, preprocessing.vocabulary, config.training.seed)
    steps, clock = int(train.cardinality()), _Clock()
    compile_network(network, config.training, steps)
    network.fit(train.repeat().take(WARM_UP_STEPS + TIMED_STEPS), callbacks=[clock], shuffle=False, verbose=0)
    ends = clock.ends[WARM_UP_STEPS - 1 :]
    step = statistics.median(end - start for start, end in pairwise(ends))
    return TrainingTime(steps * step, "epoch"), network


def _litert_milliseconds(folder: Path, seconds: float, words: int) -> float:
    """The time of an utterance in LiteRT.

    Raises:
        EmotionTFError: If the model does not convert, or does not run.
    """
    with tempfile.TemporaryDirectory() as temporary:
        copy = shutil.copytree(folder, Path(temporary) / "model")
        runtime = KerasRuntime(copy / "model.keras")
        write_tflite(runtime.model, runtime.bundle, copy, ["float32"])
        printed = run_apart("emotion_tf.comparison.litert", copy / "float32.tflite", str(seconds), str(words))
        return float(printed.splitlines()[-1])
