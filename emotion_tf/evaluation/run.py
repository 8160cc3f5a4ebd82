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
    # Older runs do not say whose transcripts they read.
    content = {"transcripts": "reference", **content} if isinstance(content, dict) else {}
    fits = all(name in content and isinstance(content[name], kind) for name, kind in NEEDED.items())
    if not fits or not all(isinstance(note, str) for note in content["notes"]):
        raise EmotionTFError(
            f"{workdir / 'config.json'} is not what a run wrote",
            expected=f"an object with {', '.join(NEEDED)}",
            fix="name a folder that training wrote",
        )
    return content


SEED_OF = "seed-"
"""The runs of several seeds lie in one folder, as `seed-0` and so on."""


def runs_of(workdir: str | Path) -> list[Path]:
    """The runs in a folder: those of its seeds, in the order of their numbers, or the folder itself."""
    workdir = Path(workdir)
    seeds = [folder for folder in workdir.glob(f"{SEED_OF}*") if (folder / "config.json").exists()]
    if (workdir / "config.json").exists() or not seeds:
        return [workdir]
    return sorted(seeds, key=lambda folder: (len(folder.name), folder.name))


def flat_settings(settings: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """The settings of a run by their dotted names, tuples as lists.

    A setting that the run does not name is what it is by default, and one that is unknown counts only if it is on.

    >>> flat = flat_settings({"model": {"name": "cnn", "audio_kernel_sizes": (5, 7), "gone": False}})
    >>> flat["model.name"], flat["model.audio_kernel_sizes"], flat["model.pooling"], "model.gone" in flat
    ('cnn', [5, 7], 'max', False)
    """
    defaults, named = _by_dotted_names(Config().as_dict()), _by_dotted_names(settings)
    return defaults | {name: value for name, value in named.items() if name in defaults or value}


def _by_dotted_names(settings: dict[str, dict[str, Any]]) -> dict[str, Any]:
    return {
        f"{section}.{name}": _as_in_json(value)
        for section, values in settings.items()
        for name, value in values.items()
    }


def _as_in_json(value: Any) -> Any:
    """A value with lists for tuples, also inside an object."""
    if isinstance(value, dict):
        return {name: _as_in_json(item) for name, item in value.items()}
    return list(value) if isinstance(value, tuple) else value


def check_same_run(workdir: Path, there: dict[str, Any], here: dict[str, Any]) -> None:
    """Makes sure that two descriptions are of the same run, versions and notes aside, which follow from the rest.

    Args:
        workdir: The folder of the run that is there.
        there: What its `config.json` says.
        here: The same of the run that shall be made there.

    Raises:
        EmotionTFError: If they are not; it names the first difference.
    """
    settings = [flat_settings(run["settings"]) for run in (there, here)]
    pairs = {f"settings.{name}": [of.get(name) for of in settings] for name in sorted(settings[0] | settings[1])}
    others = sorted((there.keys() | here.keys()) - {"settings", "versions", "notes"})
    pairs |= {name: [there.get(name), here.get(name)] for name in others}
    for name, (expected, received) in pairs.items():
        if expected != received:
            raise EmotionTFError(
                f"{workdir} holds a run of another configuration",
                expected=f"{name} = {expected}",
                received=f"{received}",
                fix="choose another --workdir, or delete this one",
            )


def check_workdir(workdir: Path, request: dict[str, Any]) -> None:
    """Makes sure, before anything dear is done, that a folder holds no run of another configuration.

    Args:
        workdir: The folder.
        request: What is known of the run: its `corpus`, `transcripts`, `protocol` and `settings`.

    Raises:
        EmotionTFError: If it does.
    """
    if (workdir / "config.json").exists():
        there = read_run(workdir)
        check_same_run(workdir, {name: there.get(name) for name in request}, request)
