"""The `config.json` of a run: all that rebuilds it, and what keeps two runs out of one folder."""

import hashlib
import importlib.metadata
import platform
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from operator import attrgetter
from pathlib import Path
from typing import Any

import keras

from emotion_tf.config import Config
from emotion_tf.corpora.corpus import Corpus
from emotion_tf.corpora.utterance import Utterance
from emotion_tf.errors import EmotionTFError
from emotion_tf.evaluation.run import check_same_run, read_run
from emotion_tf.text.vocabulary import Vocabulary
from emotion_tf.utils.files import digest, hash_rows, sweep, write_json
from emotion_tf.utils.locks import locked
from emotion_tf.utils.machine_file import refuse_machine


def describe(
    request: dict[str, Any],
    synthetic: bool,
    notes: list[str],
    utterances: Sequence[Utterance],
    assignment: dict[str, int],
) -> dict[str, Any]:
    """The content of a run's `config.json`: all that rebuilds the run.

    Args:
        request: What `request_of` gives.
        synthetic: Whether machines speak.
        notes: What a reader must know beside the figures.
        utterances: Those that could be read.
        assignment: The fold of each that has one.
    """
    read_of = attrgetter("id", "text", "label", "speaker")
    packages = ("emotion-tf", "tensorflow", "keras", "numpy", "librosa")
    return {
        **request,
        "synthetic": synthetic,
        "notes": notes,
        "data_digest": hash_rows(hashlib.sha256(), map(read_of, utterances)).hexdigest(),
        "folds_digest": digest(assignment),
        "versions": {
            "python": platform.python_version(),
            **{package: importlib.metadata.version(package) for package in packages},
        },
    }


def request_of(
    corpus: Corpus, config: Config, protocol: str, init: str | None = None, lesson: dict[str, Any] | None = None
) -> dict[str, Any]:
    """The part of a run's description that is known before any audio is read.

    Args:
        corpus: The corpus.
        config: The settings.
        protocol: The protocol.
        init: The SHA-256 of the model from which training goes on, if it does.
        lesson: The description of what is taught beside the labels, if anything is.
    """
    return {
        "corpus": corpus.name,
        "transcripts": corpus.transcripts,
        "protocol": protocol,
        "settings": config.as_dict(),
        "init": init,
        "lesson": lesson,
    }


def claim(workdir: Path, description: dict[str, Any]) -> None:
    """Writes `config.json`, or checks that the one which is there describes the same run."""
    path = workdir / "config.json"
    if path.exists():
        check_same_run(workdir, read_run(workdir), description)
    else:
        write_json(path, description)


@contextmanager
def alone_in(workdir: Path) -> Iterator[None]:
    """Keeps every other process out of a run's folder, and clears away what one that was killed left half-written.

    Raises:
        EmotionTFError: If another process is in the folder.
    """

    def refuse() -> None:
        raise EmotionTFError(
            f"another process is at the run in {workdir}",
            expected="one at a time",
            fix="wait until it has ended, or choose another --workdir",
        )

    with locked(workdir / ".lock", refuse):
        sweep(workdir)
        yield


def read_run_of(corpus: Corpus, workdir: Path) -> dict[str, Any]:
    """The content of the `config.json` of a run.

    Raises:
        EmotionTFError: If `workdir` holds no run, or one of another corpus.
    """
    run = read_run(workdir)
    if corpus.name != run["corpus"]:
        raise EmotionTFError(f"{workdir} is of another corpus", expected=run["corpus"], received=corpus.name)
    return run


def fold_model(workdir: Path, fold: int) -> Path:
    """The folder of the model of a fold.

    Raises:
        EmotionTFError: If the run was not trained to its end.
    """
    folder = workdir / f"fold_{fold}" / "model"
    if not folder.is_dir():
        raise EmotionTFError(f"{workdir} is no finished run", expected=f"{folder}", fix="train it to its end")
    refuse_machine(folder)
    return folder


def load_fold(workdir: Path, fold: int) -> tuple[keras.Model, Vocabulary | None]:
    """The speech model of a fold, and its vocabulary if it reads.

    Raises:
        EmotionTFError: If the run was not trained to its end.
    """
    folder = fold_model(workdir, fold)
    words = folder / "vocabulary.txt"
    model = keras.saving.load_model(folder / "model.keras", compile=False)
    return model, Vocabulary.load(words) if words.exists() else None
