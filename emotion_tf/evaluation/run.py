"""What a run has left behind, read again."""

from pathlib import Path
from typing import Any

from emotion_tf.config import Config
from emotion_tf.errors import EmotionTFError
from emotion_tf.utils.files import read_json

NEEDED = {"corpus": str, "protocol": str, "notes": list, "settings": object, "transcripts": str}
"""What the `config.json` of a run must hold. Each of the notes is a text."""


def read_run(workdir: str | Path, *results: str) -> dict[str, Any]:
    """Reads the `config.json` of a run, which says what its predictions cannot.

    Args:
        workdir: The run's folder.
        *results: Names of files that must be there beside it.

    Raises:
        EmotionTFError: If the folder is no run's, or lacks a result.
    """
    workdir = Path(workdir)
    for name in ("config.json", *results):
        if not (workdir / name).exists():
            raise EmotionTFError(
                f"{workdir} is no finished run",
                expected=f"a folder with {name}",
                fix="name a folder that training wrote, and train it to its end",
            )
    content = read_json(workdir / "config.json")
    # Runs of before there were recognisers do not say whose transcripts they read.
    content = {"transcripts": "reference", **content} if isinstance(content, dict) else {}
    fits = all(name in content and isinstance(content[name], kind) for name, kind in NEEDED.items())
    if not fits or not all(isinstance(note, str) for note in content["notes"]):
        raise EmotionTFError(
            f"{workdir / 'config.json'} is not what a run wrote",
            expected=f"an object with {', '.join(NEEDED)}",
            fix="name a folder that training wrote",
        )
    return content


def flat_settings(settings: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """The settings of a run by their dotted names, tuples as lists.

    >>> flat_settings({"model": {"name": "mscnn", "audio_kernel_sizes": (5, 7)}})
    {'model.name': 'mscnn', 'model.audio_kernel_sizes': [5, 7]}
    """
    return {
        f"{section}.{name}": list(value) if isinstance(value, tuple) else value
        for section, values in settings.items()
        for name, value in values.items()
    }


def differing_settings(one: dict[str, Any], other: dict[str, Any]) -> list[str]:
    """Names of the settings in which two runs differ.

    A setting of which the version of only one run knows makes no difference where it is off, or what it is by default.

    Args:
        one: Settings as `flat_settings` gives them.
        other: The same of the other run.

    Example:

    >>> differing_settings({"model.filters": 8, "model.pooling": "max"}, {"model.filters": 9})
    ['model.filters']
    """
    defaults = flat_settings(Config().as_dict())

    def differs(name: str) -> bool:
        if name in one and name in other:
            return one[name] != other[name]
        value = one.get(name, other.get(name))
        return bool(value) and value != defaults.get(name)

    return sorted(filter(differs, one.keys() | other.keys()))
