"""What a model is worth on another corpus: asked as it is, adapted without labels, and trained on with few labels.

python benchmarks/transfer.py adapt --model RUN --corpus CORPUS --data-dir FOLDER [--records-dir FOLDER]
python benchmarks/transfer.py few --model RUN --preset PRESET --corpus CORPUS --data-dir FOLDER [--seeds 5]

`adapt` adapts to all recordings of the corpus, of which no label is looked at, and then judges by the labels. `few`
draws speakers and so many clips of a class of theirs for each seed. It trains on these from scratch, by the preset and
by the recipe for few data, and from the model, and tests on the speakers that were not drawn.
"""

import argparse
import dataclasses
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np

import emotion_tf
from emotion_tf import corpora, dataset, models, preset, training
from emotion_tf.config import Config
from emotion_tf.corpora import Corpus, Utterance
from emotion_tf.corpora.folds import Split
from emotion_tf.dataset.extract import Records
from emotion_tf.evaluation.metrics import unweighted_accuracy
from emotion_tf.inference.keras_runtime import KerasRuntime
from emotion_tf.inference.loading import keras_file
from emotion_tf.recipes import FINE_TUNING
from emotion_tf.training.fitting import fit_network
from emotion_tf.utils.paths import as_path


def main(argv: Sequence[str] | None = None) -> int:
    """Prints a line a measurement."""
    parser = argparse.ArgumentParser(description="a model on another corpus")
    parser.add_argument("what", choices=("adapt", "few"), help="adapted without labels, or trained with few")
    parser.add_argument("--model", type=Path, required=True, help="a run, an export or a .keras file")
    parser.add_argument("--corpus", required=True, choices=corpora.NAMES, help="the other corpus")
    parser.add_argument("--data-dir", type=as_path, help="where it lies")
    parser.add_argument("--preset", default="speech-audio", help="what is trained from scratch")
    parser.add_argument("--clips", type=int, default=20, help="clips of a class to train on")
    parser.add_argument("--speakers", type=int, default=4, help="speakers who give them")
    parser.add_argument("--seeds", type=int, default=5, help="how many times they are drawn")
    parser.add_argument("--records-dir", type=Path, default=Path("runs/records"), help="where features are kept")
    arguments = parser.parse_args(argv)
    config = training.fine_tuning_config(arguments.model, "labels.set=four", "augmentation.disturbed_copies=0")
    corpus, config = corpora.choose_labels(corpora.load(arguments.corpus, arguments.data_dir), config)
    records = dataset.extract(corpus.utterances, config, arguments.records_dir)
    if arguments.what == "adapt":
        measure_adapted(arguments.model, corpus, records, config, arguments.records_dir)
    else:
        for seed in range(arguments.seeds):
            measure_few(arguments, seed, corpus, records, config)
    return 0


def measure_adapted(model: Path, corpus: Corpus, records: Records, config: Config, records_dir: Path) -> None:
    """Plain, and adapted in each way."""
    print(f"plain: UA {_ua_of(keras_file(model), corpus.utterances, records, config):.3f}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for statistics in ("frames", "utterances"):
            (made,) = emotion_tf.adapt(
                model, corpus.utterances, Path(folder, f"{statistics}.keras"), False, statistics, records_dir
            )
            print(
                f"statistics of {statistics}: UA {_ua_of(made.file, corpus.utterances, records, config):.3f}",
                flush=True,
            )
        voices = emotion_tf.adapt(model, corpus.utterances, folder, True, records_dir=records_dir)
        right = {name: [0, 0] for name in config.labels.classes or ()}
        for made in voices:
            own = [item for item in corpus.utterances if item.speaker == made.file.stem]
            for item, label in zip(own, _answers(made.file, own, records, config), strict=True):
                right[item.label][0] += label == item.label
                right[item.label][1] += 1
        print(f"speaker by speaker: UA {np.mean([hits / count for hits, count in right.values()]):.3f}", flush=True)


def _answers(file: Path, utterances: Sequence[Utterance], records: Records, config: Config) -> list[str]:
    """The likeliest class of each utterance."""
    runtime = KerasRuntime(file)
    network = models.inner_network(runtime.model)
    found = training.predict(network, records, config, utterances, runtime.bundle.vocabulary, fold=0)
    return [runtime.bundle.labels[place] for place in found.predicted]


def _ua_of(file: Path, utterances: Sequence[Utterance], records: Records, config: Config) -> float:
    classes = list(config.labels.classes or ())
    said = [classes.index(label) for label in _answers(file, utterances, records, config)]
    return unweighted_accuracy(np.array([classes.index(item.label) for item in utterances]), np.array(said))


def measure_few(arguments: argparse.Namespace, seed: int, corpus: Corpus, records: Records, tuned: Config) -> None:
    """From scratch by the preset, from scratch by the recipe for few data, and from the model."""
    generator = np.random.default_rng(seed)
    speakers = generator.permutation(sorted({item.speaker for item in corpus.utterances}))[: arguments.speakers]
    wanted: set[str] = set()
    for label in tuned.labels.classes or ():
        pool = [item.id for item in corpus.utterances if item.speaker in speakers and item.label == label]
        wanted |= set(generator.permutation(pool)[: arguments.clips])
    train = tuple(item for item in corpus.utterances if item.id in wanted)
    split = Split(train, train[::8], tuple(item for item in corpus.utterances if item.speaker not in speakers))
    scratch = dataclasses.replace(
        preset(arguments.preset).override("augmentation.disturbed_copies=0"), labels=tuned.labels
    )
    for name, config, init in (
        ("scratch, preset", scratch, None),
        ("scratch, recipe for few data", scratch.override(*FINE_TUNING), None),
        ("from the model", tuned, arguments.model),
    ):
        ua = _trained(config.override(f"training.seed={seed}", "training.calibration=none"), init, records, split)
        print(f"seed {seed}, {name}: UA {ua:.3f}", flush=True)


def _trained(config: Config, init: Path | None, records: Records, split: Split) -> float:
    """UA on the test part of what was trained on the training part."""
    keras.utils.set_random_seed(config.training.seed)
    fitted = training.fit_preprocessing(config, records, split.train)
    initial = None if init is None else training.InitialModel.load(init)
    if initial is not None:
        fitted = initial.extend(fitted, config)
    network = models.build(config, fitted)
    if initial is not None:
        initial.give_weights(network, fitted, config)
    with tempfile.TemporaryDirectory() as folder:
        strategy = training.choose_strategy()
        fit_network(network, records, config, split, fitted.vocabulary, Path(folder), strategy, "few")
    found = training.predict(network, records, config, split.test, fitted.vocabulary, fold=0)
    return unweighted_accuracy(found.labels, found.predicted)


if __name__ == "__main__":
    sys.exit(main())
