"""`emotion-tf settings`: everything that `--set` takes."""

import argparse
import json
from typing import Any

from emotion_tf.cli.results import print_table
from emotion_tf.config import settings
from emotion_tf.config.config import nearest_setting
from emotion_tf.errors import EmotionTFError

HELP = "list the settings: name, type, range, default, meaning"
EXAMPLE = "training"


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Adds the flags of the command."""
    parser.add_argument("names", nargs="*", metavar="NAME", help="settings or sections to list; all if none is named")


def run(arguments: argparse.Namespace) -> int:
    """Lists them."""
    for name in arguments.names:
        if name not in settings() and name not in {known.partition(".")[0] for known in settings()}:
            raise EmotionTFError(
                f"no setting {name}", expected="a setting such as training.epochs", fix=nearest_setting(name)
            )
    rows = [
        [setting.name, setting.type, setting.range, _plain(setting.default), setting.meaning]
        for name, setting in settings().items()
        if not arguments.names or {name, name.partition(".")[0]} & set(arguments.names)
    ]
    print_table(["setting", "type", "range", "default", "meaning"], rows)
    return 0


def _plain(value: Any) -> str:
    """A value as `--set` takes it."""
    return value if isinstance(value, str) else json.dumps(value)
