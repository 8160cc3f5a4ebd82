"""The networks of a finished run, each with the utterances that it was tested on."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import keras

from emotion_tf.config import AugmentationConfig, Config
from emotion_tf.corpora import folds
from emotion_tf.corpora.corpus import Corpus
from emotion_tf.corpora.label_choice import choose_labels
from emotion_tf.corpora.utterance import Utterance
from emotion_tf.dataset.extract import Records, extract
from emotion_tf.text.vocabulary import Vocabulary
from emotion_tf.training.run import fold_model, load_fold, read_run_of
from emotion_tf.utils.files import records_dir_of
from emotion_tf.utils.paths import RemotePath


@dataclass(frozen=True)
class TrainedRun:
    """A finished run and its corpus. All that is dear is read when it is asked for.

    Args:
        workdir: The run's folder.
        corpus: Its corpus, with the transcripts to read, which may be others than those of the training.
        description: The content of the run's `config.json`.
        trained_config: Its settings.
        records_dir: Where features are kept.
    """

    workdir: Path
    corpus: Corpus
    description: dict[str, Any]
    trained_config: Config
    records_dir: Path | RemotePath

    @classmethod
    def open(
        cls, workdir: str | Path, corpus: Corpus, records_dir: str | Path | RemotePath | None = None
    ) -> "TrainedRun":
        """Reads what a run is.

        Args:
            workdir: The run's folder.
            corpus: The corpus of the run.
            records_dir: Where features are kept from run to run; `records` beside the workdir if None.

        Raises:
            EmotionTFError: If `workdir` holds no run, or one of another corpus.
        """
        workdir = Path(workdir)
        description = read_run_of(corpus, workdir)
        corpus, config = choose_labels(corpus, Config.from_dict(description["settings"]))
        return cls(workdir, corpus, description, config, records_dir_of(workdir, records_dir))

    def check_finished(self) -> None:
        """Makes sure that every fold has its network.

        Raises:
            EmotionTFError: If the run was not trained to its end.
        """
        for fold in self.tested:
            fold_model(self.workdir, fold)

    @cached_property
    def config(self) -> Config:
        """The settings without augmentation, which no test wants."""
        return dataclasses.replace(self.trained_config, augmentation=AugmentationConfig())

    @cached_property
    def utterances(self) -> Sequence[Utterance]:
        """The utterances of the corpus, without those that the run could not read and left out."""
        return folds.kept(self.workdir / "folds.json", self.corpus.utterances)

    @cached_property
    def assignment(self) -> dict[str, int]:
        """The fold of each of these utterances."""
        return folds.load(self.workdir / "folds.json", self.utterances)

    @cached_property
    def tested(self) -> Mapping[int, Sequence[Utterance]]:
        """The utterances that are tested in each fold."""
        return {
            number: [utterance for utterance in self.utterances if self.assignment[utterance.id] == number]
            for number in folds.fold_numbers(self.assignment)
        }

    @cached_property
    def models(self) -> Mapping[int, tuple[keras.Model, Vocabulary | None]]:
        """The speech model of each fold, and its vocabulary if it reads."""
        return {number: load_fold(self.workdir, number) for number in self.tested}

    @cached_property
    def records(self) -> Records:
        """The records of the corpus, in which those that the run left out may be missing."""
        some_left_out = len(self.utterances) < len(self.corpus.utterances)
        return extract(self.corpus.utterances, self.config, self.records_dir, skip_bad=some_left_out)

    @cached_property
    def notes(self) -> list[str]:
        """The notes of the run, and on whose transcripts its networks were trained if they read."""
        notes, trained_on = list(self.description["notes"]), self.description["transcripts"]
        if self.config.model.reads:
            if trained_on != self.corpus.transcripts:
                notes.append(f"The networks were tested on the transcripts of {self.corpus.transcripts}.")
            notes.append(f"The networks were trained on the transcripts of {trained_on}.")
        return notes
