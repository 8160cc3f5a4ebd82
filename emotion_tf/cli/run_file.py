"""TOML files that hold the flags and settings of a run, which `--config` reads and a run leaves in its folder."""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emotion_tf import __version__
from emotion_tf.config import Config
from emotion_tf.errors import EmotionTFError, did_you_mean
from emotion_tf.utils.files import read_bounded, write_text

if TYPE_CHECKING:
    from emotion_tf.cli.parser import Parser

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

NAME = "config.toml"

EMOBOX = "emobox:"
"""As `corpora.emobox.PREFIX`, which to import takes long."""

WRITTEN = (
    "init",
    "corpus",
    "test_corpus",
    "data_dir",
    "columns",
    "transcripts",
    "engine_model",
    "protocol",
    "folds",
    "skip_bad",
    "groups",
    "teacher",
    "recordings",
    "temperature",
    "label_weight",
    "vector_weight",
)
"""The flags that a run writes beside its preset."""

KNOWN = (
    "preset",
    "presets",
    "modality",
    "labels",
    "word_vectors",
    "speaker_embeddings",
    *WRITTEN,
    "workdir",
    "records_dir",
)
"""The flags that a file may hold. Those that a command does not have are passed over, so that one file serves many."""


def write(workdir: Path, arguments: argparse.Namespace, preset_name: str | None, base: Config, config: Config) -> None:
    """Writes the file of a run that begins; one that goes on has it.

    Args:
        workdir: The run's folder.
        arguments: The flags.
        preset_name: The preset from which the settings were made, if they were made from one.
        base: The settings of the preset, or of the model from which training goes on.
        config: The settings.
    """
    if (workdir / "config.json").exists() and (workdir / NAME).exists():
        return
    import tomli_w

    before, after = base.as_dict(), config.as_dict()
    content: dict[str, Any] = {} if preset_name is None else {"preset": preset_name}
    for flag in WRITTEN:
        value = getattr(arguments, flag, None)
        if isinstance(value, dict):
            value = ",".join(f"{name}={column}" for name, column in value.items())
        if flag == "init" and value and Path(value).exists():
            value = Path(value)  # not the name of a ready model
        if isinstance(value, float):
            content[flag] = value
        elif value:
            several = [_place(item) if "=" in item else item for item in value] if isinstance(value, list) else []
            content[flag] = several[0] if len(several) == 1 else several or (value is True or _written(value))
    for section, values in after.items():
        # TOML has no null.
        changed = {
            name: "null" if value is None else list(value) if isinstance(value, tuple) else value
            for name, value in values.items()
            if value != before[section][name]
        }
        if changed:
            content[section] = changed
    command = "distil" if "teacher" in content else "train"
    comment = (
        f"# A run of emotion-tf {__version__}; emotion-tf {command} --config {NAME} --workdir FOLDER repeats it.\n"
    )
    write_text(workdir / NAME, comment + tomli_w.dumps(content))


def corpora_of(workdir: Path) -> list[str]:
    """The corpora of a run that was trained on several, as `--corpus` has them.

    Raises:
        EmotionTFError: If the run does not say where they lie.
    """
    content = _read(workdir / NAME) if (workdir / NAME).exists() else {}
    found = [item for flag in ("corpus", "test_corpus") for item in _listed(content.get(flag, []))]
    if not found or not all(isinstance(item, str) and "=" in item for item in found):
        raise EmotionTFError(
            f"{workdir} does not say where its corpora lie",
            expected=f'{NAME} with corpus = ["NAME=FOLDER", ...]',
            fix="name them there",
        )
    return found


def place_of(workdir: Path) -> tuple[str | None, str | None]:
    """Where the corpus of a run lies, and what its columns are called, as `--data-dir` and `--columns` have them.

    Returns:
        None for what the run does not say; the place is None too where nothing lies there any more.
    """
    content = _read(workdir / NAME) if (workdir / NAME).exists() else {}
    place, columns = (content.get(flag) for flag in ("data_dir", "columns"))
    there = isinstance(place, str) and ("://" in place or Path(place).exists())
    return place if there else None, columns if isinstance(columns, str) else None


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _place(text: str) -> str:
    """NAME=FOLDER with the folder from the root; a URL as it is."""
    name, _, place = text.partition("=")
    return text if "://" in place else f"{name}={Path(place).absolute()}"


def _written(value: Any) -> str:
    """The value of a flag, its paths from the root."""
    if not isinstance(value, Path):
        return str(value)
    # Folds of others stand behind a word and a colon.
    kind, colon, folder = str(value).partition(":")
    published = f"{kind}{colon}" == EMOBOX
    return f"{EMOBOX}{Path(folder).absolute()}" if published else str(value.absolute())


def flags_of(parser: "Parser", arguments: Sequence[str]) -> list[str]:
    """The flags that the file behind `--config` stands for, if that is among the arguments.

    Its settings become the default `file_settings` of the parser, since other flags that change settings win.

    Raises:
        EmotionTFError: If there is no such file, or it holds something else.
    """
    finder = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    finder.add_argument("--config", type=Path, nargs="?")
    path = finder.parse_known_args(list(arguments))[0].config
    if path is None:
        return []
    path = path / NAME if path.is_dir() else path
    content = _read(path)
    sections = {name: values for name, values in content.items() if isinstance(values, dict)}
    own = {name: value for name, value in content.items() if name not in sections}
    parser.set_defaults(file_settings=tuple(_assignments(sections)))
    tokens = []
    for name, value in own.items():
        name = name.replace("-", "_")
        flag = f"--{name.replace('_', '-')}"
        if name not in KNOWN:
            hint = did_you_mean(name, KNOWN, f"{path} may hold {', '.join(KNOWN)} and sections of settings")
            raise EmotionTFError(f"{path} holds an unknown key", received=repr(name), fix=hint)
        if flag in parser.flags and value is not False:
            tokens += (
                [flag, *map(str, value)]
                if isinstance(value, list)
                else [flag]
                if value is True
                else [f"{flag}={value}"]
            )
    return tokens


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(read_bounded(path).decode("utf-8"))
    except FileNotFoundError:
        raise EmotionTFError(
            f"{path} does not exist", expected="a TOML file, such as the config.toml of a run"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise EmotionTFError(f"{path} is not valid TOML ({error})") from None


def _assignments(sections: dict[str, dict[str, Any]]) -> Iterator[str]:
    """Sections of settings as `Config.override` takes them."""
    for section, values in sections.items():
        for name, value in values.items():
            if not isinstance(value, str | int | float | list | dict):
                raise EmotionTFError(
                    f"{section}.{name} is no setting", expected="a text, a number, a list or true or false"
                )
            yield f"{section}.{name}={'null' if value == 'null' else json.dumps(value)}"
