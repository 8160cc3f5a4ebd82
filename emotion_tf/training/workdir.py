"""The `config.json` of a run: all that rebuilds it, and what keeps two runs out of one folder."""

import importlib.metadata
import platform
from pathlib import Path
from typing import Any

from emotion_tf.config import Config
from emotion_tf.corpora.corpus import Corpus
from emotion_tf.dataset.extract import Records
from emotion_tf.errors import EmotionTFError
from emotion_tf.evaluation.run import read_run
from emotion_tf.files import digest, write_json


def describe(
    corpus: Corpus, config: Config, protocol: str, notes: list[str], records: Records, assignment: dict[str, int]
) -> dict[str, Any]:
    """The content of a run's `config.json`: all that rebuilds the run."""
    packages = ("emotion-tf", "tensorflow", "keras", "numpy", "librosa")
    return {
        "corpus": corpus.name,
        "transcripts": corpus.transcripts,
        "protocol": protocol,
        "synthetic": corpus.synthetic,
        "notes": notes,
        "settings": config.as_dict(),
        "data_digest": digest([[item.id, item.text, item.label, item.speaker] for item in records.utterances]),
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
    # Notes follow from the rest.
    there, here = (_flatten({**run, "versions": {}, "notes": []}) for run in (read_run(workdir), description))
    for name in sorted(there.keys() | here.keys()):
        if there.get(name) != here.get(name):
            raise EmotionTFError(
                f"{workdir} holds a run of another configuration",
                expected=f"{name} = {there.get(name)}",
                received=f"{here.get(name)}",
                fix="choose another --workdir, or delete this one",
            )


def _flatten(content: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested settings by dotted names, tuples as lists."""
    flat: dict[str, Any] = {}
    for name, value in content.items():
        if isinstance(value, dict):
            flat |= _flatten(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = list(value) if isinstance(value, tuple) else value
    return flat
