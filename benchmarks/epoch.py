"""What an epoch costs with utterances of like length together, padded to 7.5 s, and on batches that lie ready.

python benchmarks/epoch.py --data-dir RAVDESS [--curves 3]

One network learns from the same part of RAVDESS in three ways that take turns: from the real input pipeline; from one
that pads every batch to the longest utterance allowed and does not sort; and from batches of the real one that lie in
memory, which cost nothing. `--curves N` also trains N networks in each of the first two ways from their beginning and
compares their losses.
"""

import argparse
import contextlib
import functools
import itertools
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import scipy.stats
from side_by_side import Calls, spread, take_turns

PRESET = "paper"

EPOCHS = 3
"""Epochs of a call, since one begins while the other ends."""


class Experiment:
    """A fold of RAVDESS, its records, and what was fitted to its training part."""

    def __init__(self, data_dir: Path, folder: Path):
        from emotion_tf import corpora, dataset, training
        from emotion_tf.corpora import folds
        from emotion_tf.recipes import preset

        self.config = preset(PRESET).override("model.modality=audio")
        utterances = corpora.load("ravdess", data_dir).utterances
        assignment = folds.assign(utterances, "speaker-kfold:5", seed=0)
        self.split = folds.split(utterances, assignment, 0, protocol="speaker-kfold:5", dev_splits=8, seed=0)
        self.records = dataset.extract(utterances, self.config, folder)
        self.fitted = training.fit(self.config, self.records, self.split.train)

    def network(self, seed: int, epochs: int):
        import keras

        from emotion_tf import models, training

        keras.utils.set_random_seed(seed)
        network = models.build(self.config, self.fitted)
        config = self.config.override(f"training.epochs={epochs}")
        training.compile_network(network, config.training, len(self.split.train) // self.config.training.batch_size)
        return network

    def bucketed(self, seed: int):
        from emotion_tf import dataset

        return dataset.training_dataset(self.records, self.config, self.split.train, seed=seed)

    def padded(self, seed: int):
        import tensorflow as tf

        from emotion_tf.dataset import pipeline

        longest = self.config.features.max_frames

        def pad(inputs, labels):
            audio = inputs["features"]
            return {"features": tf.pad(audio, [[0, 0], [0, longest - tf.shape(audio)[1]], [0, 0]])}, labels

        with unsorted(pipeline):
            return self.bucketed(seed).map(pad).prefetch(1)


@contextlib.contextmanager
def unsorted(pipeline: Any) -> Iterator[None]:
    """Sorts within batches only, which deals out the utterances as they come."""
    window, pipeline.SORTING_WINDOW = pipeline.SORTING_WINDOW, 1
    yield
    pipeline.SORTING_WINDOW = window


def epochs(data_dir: Path, folder: Path) -> Calls:
    import tensorflow as tf

    from emotion_tf.training import replication

    experiment = Experiment(data_dir, folder)
    network = experiment.network(seed=0, epochs=100)
    ways = {
        "bucketed": experiment.bucketed(seed=0),
        "padded": experiment.padded(seed=0),
        "ready": experiment.bucketed(seed=0).repeat(EPOCHS).cache(),
    }
    steps, one_device = int(ways["bucketed"].cardinality()), tf.distribute.get_strategy()
    learn = functools.partial(network.fit, steps_per_epoch=steps, epochs=EPOCHS, shuffle=False, verbose=0)
    return {name: functools.partial(learn, replication.deal_out(batches, one_device)) for name, batches in ways.items()}


def curves(data_dir: Path, folder: Path, seeds: int, epochs: int) -> dict[str, np.ndarray]:
    """Losses (seeds, epochs) on the training part and on dev speakers, by way and part."""
    from emotion_tf import dataset

    experiment = Experiment(data_dir, folder)
    dev = dataset.evaluation_dataset(experiment.records, experiment.config, experiment.split.dev)
    losses: dict[str, list[list[float]]] = {}
    for seed, way in itertools.product(range(seeds), ("bucketed", "padded")):
        network = experiment.network(seed, epochs)
        batches = getattr(experiment, way)(seed)
        history = network.fit(batches, validation_data=dev, epochs=epochs, shuffle=False, verbose=0).history
        for part in ("loss", "val_loss"):
            losses.setdefault(f"{way} {part}", []).append(history[part])
    return {name: np.array(rows) for name, rows in losses.items()}


def compare_curves(losses: dict[str, np.ndarray]) -> dict[str, Any]:
    """Means of both ways epoch by epoch, and the smallest p of Welch's tests of their epochs, corrected by Holm."""
    found: dict[str, Any] = {name: np.round(rows.mean(axis=0), 3).tolist() for name, rows in losses.items()}
    for part in ("loss", "val_loss"):
        ways = losses[f"bucketed {part}"], losses[f"padded {part}"]
        p = scipy.stats.ttest_ind(*ways, axis=0, equal_var=False).pvalue
        found[f"smallest p, {part}"] = round(float(min(1.0, len(p) * p.min())), 3)
    return found


def measure(rounds: int, data_dir: Path) -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as folder:
        seconds = take_turns([functools.partial(epochs, data_dir, Path(folder))], rounds)
    return [
        {
            "figure": "epoch of RAVDESS, padded to 7.5 s by bucketed",
            **spread(seconds["padded"] / seconds["bucketed"]),
            "seconds": spread(seconds["bucketed"] / EPOCHS),
        },
        {
            "figure": "epoch of RAVDESS, real input pipeline by batches that lie ready",
            **spread(seconds["bucketed"] / seconds["ready"]),
        },
    ]


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-dir", type=Path, required=True, help="RAVDESS")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--curves", type=int, metavar="SEEDS", help="compare the losses of so many trainings instead")
    parser.add_argument("--epochs", type=int, default=8, help="of those trainings")
    arguments = parser.parse_args(argv)
    if arguments.curves:
        with tempfile.TemporaryDirectory() as folder:
            losses = curves(arguments.data_dir, Path(folder), arguments.curves, arguments.epochs)
        print(json.dumps(compare_curves(losses), indent=2))
    else:
        print(json.dumps(measure(arguments.rounds, arguments.data_dir), indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
