"""`emotion-tf cross`: every corpus trained on, every corpus tested on."""

import argparse
from pathlib import Path

from emotion_tf.cli import flags
from emotion_tf.cli.checks import check_protocol, checked_corpora
from emotion_tf.utils.files import records_dir_of

HELP = "train on each of several corpora, test on all of them, and fill the matrix"
EXAMPLE = (
    "--corpus ravdess=RAVDESS nemo=nemo/manifest.csv --labels four --preset strong-audio --protocol speaker-kfold:5 "
    "--workdir runs/cross"
)
AFTER_INTERRUPT = flags.RESUMES


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Adds the flags of the command."""
    flags.add_training_flags(parser)
    parser.add_argument(
        "--workdir", type=Path, required=True, metavar="FOLDER", help="gets two runs a corpus, and the matrix"
    )
    flags.add_records_flag(parser)


def run(arguments: argparse.Namespace) -> int:
    """Crosses."""
    config = flags.config_of(arguments, arguments.preset)
    check_protocol(arguments.protocol)
    records_dir = records_dir_of(arguments.workdir, arguments.records_dir)
    corpora = checked_corpora(arguments, records_dir, config, arguments.skip_bad)
    from emotion_tf import comparison

    comparison.cross(corpora, config, arguments.protocol, arguments.workdir, records_dir, arguments.skip_bad)
    print((arguments.workdir / "cross.md").read_text(encoding="utf-8"), end="")
    return 0
