"""Pages of the reference that are made from the code whenever the site is built."""

import argparse
import ast
import html
import json
from collections.abc import Iterator
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

PACKAGE = Path(__file__).parent.parent / "emotion_tf"

ROOMS = {
    "emotion_tf": "What most people need: models are loaded, trained, evaluated and exported from here.",
    "emotion_tf.layers": "Keras layers; each says what it does under a mask.",
    "emotion_tf.models": "Networks by name.",
    "emotion_tf.corpora": "Readers of corpora, and the folds of a protocol.",
    "emotion_tf.corpora.folds": "Protocols: which fold an utterance is tested in.",
    "emotion_tf.dataset": "Features that are made once, and batches of them.",
    "emotion_tf.training": "Runs, and what is fitted in them.",
    "emotion_tf.transfer": "From one corpus or network to another.",
    "emotion_tf.evaluation": "Figures, reports and tables from saved predictions.",
    "emotion_tf.robustness": "A run's networks under other conditions.",
    "emotion_tf.inference": "One predictor over every artefact.",
    "emotion_tf.exporting": "Exports, and the proof that they are equal.",
    "emotion_tf.comparison": "Presets and corpora side by side.",
    "emotion_tf.tuning": "Settings that are chosen by dev speakers, and learning curves.",
    "emotion_tf.asr": "Recognisers, and the word error rate.",
    "emotion_tf.webdemo": "The page that runs a model in the browser.",
    "emotion_tf.config": "Settings.",
    "emotion_tf.errors": "What a user's mistake raises.",
}
"""The packages and modules that the reference shows, in this order."""


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Puts a page for each room into the navigation."""
    reference = next(section["Reference"] for section in config.nav if "Reference" in section)
    reference.append({"Python API": [{room: f"reference/api/{room}.md"} for room in ROOMS if names_of(room)]})
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds the pages that are made from the code."""
    pages = {"reference/cli.md": commands(), "reference/settings.md": settings(), "reference/presets.md": presets()}
    pages |= {f"reference/api/{room}.md": reference(room) for room in ROOMS if names_of(room)}
    for path, content in pages.items():
        files.append(File.generated(config, path, content=content))
    return files


def names_of(room: str) -> list[str]:
    """The public names of a room, read from its source: its `__all__`, or what a module defines."""
    place = PACKAGE.joinpath(*room.split(".")[1:])
    source = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
    if not source.is_file():
        return []
    body = ast.parse(source.read_text(encoding="utf-8")).body
    for node in body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            try:
                listed = ast.literal_eval(node.value)
                # A room that the package names has a page of its own.
                return [name for name in listed if not name.startswith("__") and f"{room}.{name}" not in ROOMS]
            except ValueError:
                return []
    defined = [node.name for node in body if isinstance(node, ast.ClassDef | ast.FunctionDef)]
    return [name for name in defined if not name.startswith("_")]


def reference(room: str) -> str:
    """The page of a room: every public name with its docstring."""
    entries = "\n\n".join(f"::: {room}.{name}" for name in names_of(room))
    return f"# {room}\n\n{ROOMS[room]}\n\n{entries}\n"


def commands() -> str:
    """Every command with its flags."""
    from emotion_tf.cli.parser import make_parser

    parser = make_parser()
    subparsers = next(action for action in parser._actions if isinstance(action, argparse._SubParsersAction))
    summaries = {action.dest: action.help for action in subparsers._choices_actions}
    pages = ["# Commands\n", "`emotion-tf COMMAND --help` shows the same. Flags are also accepted with underscores.\n"]
    for name, command in subparsers.choices.items():
        pages += [f"## emotion-tf {name}\n", f"{sentence(summaries.get(name) or '')}\n", *flags(command)]
    return "\n".join(pages)


def flags(command: argparse.ArgumentParser) -> Iterator[str]:
    """The table of a command's flags."""
    formatter = argparse.HelpFormatter(command.prog)
    yield "| flag | meaning |\n|---|---|"
    for action in command._actions:
        if action.help == argparse.SUPPRESS or isinstance(action, argparse._HelpAction):
            continue
        names = [name for name in action.option_strings if "_" not in name] or action.option_strings
        few = [str(choice) for choice in action.choices or ()] if action.choices and len(action.choices) < 8 else []
        value = action.metavar or (action.dest.upper() if action.choices is None or not few else "|".join(few))
        shown = (
            ", ".join(names) if names and action.nargs == 0 else " ".join(filter(None, [", ".join(names), str(value)]))
        )
        meaning = sentence(formatter._expand_help(action) if action.help else "")
        needed = " **Required.**" if action.required and names else ""
        yield f"| {code(shown)} | {cell(meaning)}{needed} |"
    yield ""


def settings() -> str:
    """Every setting, section by section."""
    from emotion_tf import config

    pages = ["# Settings\n", "`emotion-tf settings` prints the same; `--set section.name=value` changes a setting."]
    section = ""
    for name, setting in config.settings().items():
        if name.partition(".")[0] != section:
            section = name.partition(".")[0]
            pages += [f"\n## {section}\n", "| setting | type | range | default | meaning |\n|---|---|---|---|---|"]
        default = setting.default if isinstance(setting.default, str) else json.dumps(setting.default)
        cells = [code(name), code(setting.type), cell(setting.range), code(default), cell(setting.meaning)]
        pages.append(f"| {' | '.join(cells)} |")
    return "\n".join(pages) + "\n"


def presets() -> str:
    """Every preset and what differs from the defaults."""
    from emotion_tf.recipes import PRESETS

    pages = [
        "# Presets\n",
        "`emotion-tf presets` prints the same; `--preset NAME` takes one.\n",
        "| preset | description | what differs from the defaults |\n|---|---|---|",
    ]
    for name, preset in PRESETS.items():
        differs = "<br>".join(map(code, preset.settings))
        pages.append(f"| `{name}` | {cell(preset.description)} | {differs} |")
    return "\n".join(pages) + "\n"


def sentence(text: str) -> str:
    """A text that begins with a capital letter and ends with a full stop."""
    return f"{text[:1].upper()}{text[1:]}." if text and not text.endswith(".") else text


def code(text: str) -> str:
    """Code that may stand in a table."""
    return f"<code>{html.escape(text).replace('|', '&#124;')}</code>"


def cell(text: str) -> str:
    """A text that may stand in a table."""
    return " ".join(text.split()).replace("|", "\\|")
