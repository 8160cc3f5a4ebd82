"""`emotion-tf encoders`: the pretrained encoders that take the place of the acoustic front end."""

import argparse

from emotion_tf.cli.results import print_table
from emotion_tf.frontend.encoders.registry import ENCODERS
from emotion_tf.frontend.encoders.weights import availability

HELP = "list the pretrained encoders: size, licence, languages, and whether their weights are on this machine"
EXAMPLE = ""


def add_flags(parser: argparse.ArgumentParser) -> None:
    """The command has none."""


def run(arguments: argparse.Namespace) -> int:
    """Lists them."""
    rows = [
        [
            info.name,
            f"{info.parameters_millions:g} M",
            f"{info.blocks} blocks of {info.width}",
            info.licence,
            info.languages,
            availability(info) or "not here",
        ]
        for info in ENCODERS.values()
    ]
    print_table(["encoder", "parameters", "size", "licence of the weights", "languages", "weights"], rows)
    return 0
