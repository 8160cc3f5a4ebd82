"""The `config.json` of a run: all that rebuilds it, and what keeps two runs out of one folder."""

import hashlib
import importlib.metadata
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from operator import attrgetter
from pathlib import Path
from typing import Any

from emotion_tf.config import Config
from emotion_tf.corpora.corpus import Corpus
from emotion_tf.dataset.extract import Records
from emotion_tf.errors import EmotionTFError
from emotion_tf.evaluation.run import differing_settings, flat_settings, read_run
from emotion_tf.utils.files import digest, hash_rows, locked, sweep, write_json


def describe(
    corpus: Corpus, config: Config, protocol: str, notes: list[str], records: Records, assignment: dict[str, int]
) -> dict[str, Any]:
    """The content of a run's `config.json`: all that rebuilds the run."""
    read_of = attrgetter("id", "text", "label", "speaker")
    packages = ("emotion-tf", "tensorflow", "keras", "numpy", "librosa")
    return {
        "corpus": corpus.name,
        "transcripts": corpus.transcripts,
        "protocol": protocol,
        "synthetic": corpus.synthetic,
        "notes": notes,
        "settings": config.as_dict(),
        "data_digest": hash_rows(hashlib.sha256(), map(read_of, records.utterances)).hexdigest(),
        "folds_digest": digest(assignment),
        "versions": {
            "python": platform.python_version(),
            **{package: importlib.metadata.version(package) for package in packages},
        },
    }


def claim(workdir: Path, description: dict[str, Any]) -> None:
    """Writes `config.json`, or checks that the one which is there describes the same run."""
    path = workdir / "config.json"
    if not path.exists():
        write_json(path, description)
        return
    there, here = read_run(workdir), description
    settings = [flat_settings(run["settings"]) for run in (there, here)]
    different = {f"settings.{name}": [of.get(name) for of in settings] for name in differing_settings(*settings)}
    # Notes follow from the rest.
    others = sorted((there.keys() | here.keys()) - {"settings", "versions", "notes"})
    different |= {name: [there.get(name), here.get(name)] for name in others if there.get(name) != here.get(name)}
    for name, (expected, received) in different.items():
        raise EmotionTFError(
            f"{workdir} holds a run of another configuration",
            expected=f"{name} = {expected}",
            received=f"{received}",
            fix="choose another --workdir, or delete this one",
        )


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
