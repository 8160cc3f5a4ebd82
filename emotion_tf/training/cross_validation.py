"""A whole run: every fold of a protocol trained, tested on speakers it has not heard, and judged."""

import contextlib
import dataclasses
import logging
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from emotion_tf import models
from emotion_tf.config import Config
from emotion_tf.corpora import emobox, folds
from emotion_tf.corpora.corpus import Corpus
from emotion_tf.corpora.label_choice import choose_labels
from emotion_tf.corpora.utterance import Utterance
from emotion_tf.dataset.extract import Records, extract
from emotion_tf.errors import EmotionTFError
from emotion_tf.evaluation import RunResult, evaluate
from emotion_tf.evaluation.metrics import figure_of_merit
from emotion_tf.evaluation.predictions import Predictions
from emotion_tf.evaluation.run import check_workdir
from emotion_tf.recipes import fine_tuning
from emotion_tf.text.tokenizer import save_tokenizer
from emotion_tf.training.distributed import agree, choose_strategy, explaining_losses, is_chief
from emotion_tf.training.fitting import fit_network, remove_checkpoints
from emotion_tf.training.initial import InitialModel
from emotion_tf.training.lesson import Lesson
from emotion_tf.training.loop import dtype_policy
from emotion_tf.training.machine import run_machine_fold
from emotion_tf.training.predict import predict
from emotion_tf.training.preprocessing import fit_preprocessing, with_ranges
from emotion_tf.training.replication import check_recipe
from emotion_tf.training.run import alone_in, claim, describe, request_of
from emotion_tf.utils.files import records_dir_of, replacing, write_json, write_text
from emotion_tf.utils.paths import RemotePath
from emotion_tf.utils.progress import quiet, track
from emotion_tf.utils.tf_private import forgetting_graphs

logger = logging.getLogger(__name__)

SYNTHETIC_NOTE = "The corpus is synthetic: machines speak it, and these figures say nothing about human emotion."

INIT_NOTE = (
    "Training went on from the model {name}. If that was trained on speakers of this corpus, the figures are too good."
)


def train(
    corpus: Corpus,
    config: Config | None,
    protocol: str,
    workdir: str | Path,
    records_dir: str | Path | RemotePath | None = None,
    skip_bad: bool = False,
    folds_file: str | Path | None = None,
    strategy: tf.distribute.Strategy | None = None,
    init: str | Path | None = None,
    lesson: Lesson | None = None,
) -> RunResult:
    """Trains and tests every fold, or goes on with a run that was stopped.

    On a CPU the predictions are the same as if the run had not been stopped, byte for byte. On several machines the
    same call is made on each; the data lie in the same place on all of them, and so do `workdir` and `records_dir`,
    where the chief alone writes, but for records. The chief alone logs and shows progress.

    Args:
        corpus: The corpus.
        config: The settings; None takes those that `fine_tuning_config` gives for `init`.
        protocol: One of the protocols of `emotion_tf.corpora.folds`, such as `speaker-kfold:5`.
        workdir: The run's folder; it gets `config.json`, `folds.json`, a folder a fold, `predictions.csv`,
            `metrics.json`, `report.html`, and `model/`, the model to export: that of the fold which does best on its
            own dev speakers.
        records_dir: Where features are kept from run to run; `records` beside the workdir if None.
        skip_bad: Leave out, and list, utterances whose audio cannot be read, instead of stopping at the first.
        folds_file: The `folds.json` of another run, whose folds are taken, or `emobox:FOLDER` for the published folds
            of EmoBox; None draws them.
        strategy: The devices; None chooses them with `choose_strategy`, and so must be the first use of TensorFlow in a
            process that is one of several.
        init: A model from whose weights training goes on: a `.keras` file, or the folder of a run or an export. Classes
            and words that it has keep theirs.
        lesson: What the network is taught beside the labels, as `emotion_tf.transfer.distil` does.

    Returns:
        The content of `metrics.json`, on all machines.

    Raises:
        EmotionTFError: If the corpus does not fit the protocol or the settings, audio cannot be read, the workdir
            holds a run of other settings or one that another process is at, the settings contradict the model
            `init`, or another machine of several is lost or does not do the same.
    """
    workdir = Path(workdir)
    strategy = strategy or choose_strategy()
    with contextlib.nullcontext() if is_chief(strategy) else quiet():
        initial = None if init is None else InitialModel.load(init)
        config = _settings(config, initial)
        vectors = config.words.word_vectors
        if config.model.reads and vectors is not None and not Path(vectors).is_file():
            raise EmotionTFError(f"there are no word vectors {vectors}", expected="a file in GloVe's text format")
        corpus, config = choose_labels(corpus, config)
        sha256 = None if initial is None else initial.sha256
        request = request_of(corpus, config, protocol, sha256, None if lesson is None else lesson.description)
        check_workdir(workdir, request)
        # Folds are drawn, and so checked, before features are made. A file of folds may lack what cannot be read.
        if folds_file is None or not skip_bad:
            assignment, splits = _draw_folds(corpus.utterances, config, protocol, folds_file)
            for split in splits.values():
                check_recipe(config, len(split.train), strategy)
        recordings = () if lesson is None else lesson.recordings
        records = extract((*corpus.utterances, *recordings), config, records_dir_of(workdir, records_dir), skip_bad)
        known = {utterance.id for utterance in corpus.utterances}
        labelled = tuple(utterance for utterance in records.utterances if utterance.id in known)
        if len(labelled) < len(corpus.utterances) or folds_file is not None:
            assignment, splits = _draw_folds(labelled, config, protocol, folds_file)
        notes = [SYNTHETIC_NOTE] if corpus.synthetic else []
        notes += folds.notices(protocol, splits.values(), config.model.reads)
        notes += [] if initial is None else [INIT_NOTE.format(name=initial.name)]
        notes += [] if lesson is None else lesson.notes
        for note in notes:
            logger.info("Note: %s", note)
        description = describe(request, corpus.synthetic, notes, records.utterances, assignment)
        _run_folds(workdir, description, assignment, splits, records, config, strategy, initial, lesson)
    return RunResult.load(workdir / "metrics.json")


def _settings(config: Config | None, initial: InitialModel | None) -> Config:
    """The settings of a run, which do not contradict the model from which it goes on, if any."""
    if initial is not None:
        config = config or fine_tuning(initial.bundle.config)
        initial.check(config)
    elif config is None:
        raise EmotionTFError("there are no settings", fix="take those of a preset, or name a model to start from")
    elif config.training.freeze != "none":
        raise EmotionTFError(
            "nothing was trained yet that could be frozen",
            expected="training.freeze=none, or a model from which training goes on",
            received=f"training.freeze={config.training.freeze}",
        )
    return config


def _draw_folds(
    utterances: Sequence[Utterance], config: Config, protocol: str, folds_file: str | Path | None
) -> tuple[dict[str, int], dict[int, folds.Split]]:
    """The fold of each utterance, and the parts of each fold."""
    if folds_file is None:
        assignment = folds.assign(utterances, protocol, config.training.fold_seed)
    elif str(folds_file).startswith(emobox.PREFIX):
        assignment = emobox.read_folds(str(folds_file).removeprefix(emobox.PREFIX), utterances)
        folds.check_count(assignment, protocol)
    else:
        assignment = folds.load(folds_file, utterances)
    training = config.training
    splits = {
        number: folds.limited(
            folds.split(
                utterances,
                assignment,
                number,
                protocol=protocol,
                dev_splits=training.dev_splits,
                seed=training.fold_seed,
            ),
            training.max_speakers,
            training.max_clips,
            training.fold_seed,
        )
        for number in folds.fold_numbers(assignment)
    }
    return assignment, splits


def _run_folds(
    workdir: Path,
    description: dict[str, Any],
    assignment: dict[str, int],
    splits: Mapping[int, folds.Split],
    records: Records,
    config: Config,
    strategy: tf.distribute.Strategy,
    initial: InitialModel | None,
    lesson: Lesson | None,
) -> None:
    """Trains the folds that are missing, and judges them all."""
    chief = is_chief(strategy)
    lock = alone_in(workdir) if chief else contextlib.nullcontext()
    with explaining_losses(strategy, lambda: f"with the run in {workdir}"), lock:
        agree(strategy, description)
        if chief:
            claim(workdir, description)
            folds.save(workdir / "folds.json", assignment)
        folders = {number: workdir / f"fold_{number}" for number in splits}
        missing = [number for number, folder in folders.items() if not (folder / "predictions.csv").exists()]
        agree(strategy, {"the folds that are missing": missing})
        for number in track(missing, "folds"):
            split, name = splits[number], f"fold {list(splits).index(number) + 1} of {len(splits)}"
            logger.info("%s: %d to train, %d dev, %d test", name, len(split.train), len(split.dev), len(split.test))
            with forgetting_graphs():
                _run_fold(folders[number], number, name, split, records, config, strategy, initial, lesson)
            if chief:
                remove_checkpoints(folders[number])
        if chief:
            for folder in folders.values():
                remove_checkpoints(folder)  # a kill may have come before
            parts = [Predictions.read(folder / "predictions.csv") for folder in folders.values()]
            Predictions.concatenate(parts).write(workdir / "predictions.csv")
            _choose_model(workdir, list(splits))
            evaluate(workdir)
        agree(strategy, {"the end": list(splits)})


def _run_fold(
    folder: Path,
    number: int,
    name: str,
    split: folds.Split,
    records: Records,
    config: Config,
    strategy: tf.distribute.Strategy,
    initial: InitialModel | None,
    lesson: Lesson | None,
) -> None:
    """Trains on one fold and leaves its model and predictions in `folder`, `predictions.csv` last of all."""
    if lesson is not None:
        records, train = lesson.teach(number, records, split.train)
        split = dataclasses.replace(split, train=train)
    if models.MODELS[config.model.name].fitting == "machine":
        if is_chief(strategy):
            run_machine_fold(folder, number, split, records, config)
        return
    keras.utils.set_random_seed(config.training.seed)
    config = with_ranges(config, split.train)
    preprocessing = fit_preprocessing(config, records, split.train)
    if initial is not None:
        preprocessing = initial.extend(preprocessing, config)
    with dtype_policy(config.training.dtype_policy):
        network = models.build(config, preprocessing)
        if initial is not None:
            logger.info("%s: %s", name, initial.give_weights(network, preprocessing, config))
        calibration = fit_network(network, records, config, split, preprocessing.vocabulary, folder, strategy, name)
    if not is_chief(strategy):
        return
    with replacing(folder / "model") as temporary:
        temporary.mkdir()
        save_model(temporary, network, config, preprocessing)
        write_json(temporary / "calibration.json", calibration)
    for table, part in (("dev_predictions.csv", split.dev), ("predictions.csv", split.test)):
        predict(network, records, config, part, preprocessing.vocabulary, number).write(folder / table)


def save_model(folder: Path, network: keras.Model, config: Config, preprocessing: models.Preprocessing) -> None:
    """Writes a trained network, with its front end and all that is needed to use it, into a folder.

    Args:
        folder: An existing folder; it gets `model.keras`, which hears waves, `config.json`, `labels.txt` and, if it
            reads, `vocabulary.txt` and `tokenizer.json`.
        network: A network of features and words.
        config: Its settings.
        preprocessing: What it was built with.
    """
    # A copy that was never compiled: what serves needs neither the optimizer's state nor our metric, and computes in
    # float32 whatever the policy of the training was.
    with dtype_policy("float32"):
        plain = models.build(config, preprocessing)
        plain.set_weights(network.get_weights())
        models.speech_model(plain, config).save(folder / "model.keras")
    config.save(folder / "config.json")
    write_text(folder / "labels.txt", "".join(f"{name}\n" for name in preprocessing.labels))
    if preprocessing.vocabulary is not None:
        preprocessing.vocabulary.save(folder / "vocabulary.txt")
        save_tokenizer(folder)


def _choose_model(workdir: Path, numbers: Sequence[int]) -> None:
    """Copies the model that does best on its own dev speakers to `model/`."""

    def score(number: int) -> float:
        return figure_of_merit(Predictions.read(workdir / f"fold_{number}" / "dev_predictions.csv"))

    best = max(numbers, key=score)
    with replacing(workdir / "model") as temporary:
        shutil.copytree(workdir / f"fold_{best}" / "model", temporary)
        write_json(temporary / "fold.json", {"fold": best})
