"""`emotion-tf presets`: settings that have a name."""

import argparse

from emotion_tf.cli.results import print_table
from emotion_tf.recipes import PRESETS

HELP = "list the presets: name, description, what differs from the defaults"
EXAMPLE = "strong"


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Adds the flags of the command."""
    parser.add_argument(
        "preset", nargs="*", metavar="PRESET", choices=tuple(PRESETS), help="those to list; all if none is named"
    )


def run(arguments: argparse.Namespace) -> int:
    """Lists them."""
    if arguments.preset:
        differences = {name: PRESETS[name].settings for name in arguments.preset}
    else:
        differences = {name: (*filter(None, [of.base]), *of.changes) for name, of in PRESETS.items()}
    rows = [[name, PRESETS[name].description, ", ".join(changes) or "nothing"] for name, changes in differences.items()]
    print_table(["preset", "description", "differs from the defaults in"], rows)
    return 0
