"""`emotion-tf compare`: systems under one protocol, and what each costs."""

import argparse
import dataclasses
from pathlib import Path

from emotion_tf.cli import flags, run_file
from emotion_tf.cli.checks import check_folds, check_inputs, check_protocol, check_workdir
from emotion_tf.recipes import PRESETS, preset
from emotion_tf.utils.files import records_dir_of

HELP = "train, test and time several presets on the same folds; a stopped call goes on"
EXAMPLE = "--corpus demo --presets paper-audio paper-text --protocol speaker-kfold:4 --workdir runs/compared"
AFTER_INTERRUPT = flags.RESUMES


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Adds the flags of the command."""
    flags.add_corpus_flags(parser)
    parser.add_argument(
        "--presets",
        nargs="+",
        required=True,
        metavar="PRESET",
        choices=tuple(PRESETS),
        help="the systems; `emotion-tf presets` lists them",
    )
    flags.add_setting_flags(parser)
    flags.add_protocol_flag(parser)
    parser.add_argument(
        "--workdir", type=Path, required=True, metavar="FOLDER", help="gets a run's folder a preset, and the table"
    )
    flags.add_records_flag(parser)


def run(arguments: argparse.Namespace) -> int:
    """Compares."""
    asked = {name: flags.config_of(arguments, name) for name in arguments.presets}
    check_protocol(arguments.protocol)
    records_dir = records_dir_of(arguments.workdir, arguments.records_dir)
    # Presets differ in much, but not in the labels.
    corpus, chosen = flags.corpus_of(arguments.corpus, arguments, records_dir, asked[arguments.presets[0]])
    systems = {name: dataclasses.replace(config, labels=chosen.labels) for name, config in asked.items()}
    for name, config in systems.items():
        check_inputs(corpus, config, arguments.skip_bad)
        check_folds(corpus, arguments.protocol, config)
        check_workdir(arguments.workdir / name, corpus, arguments.protocol, config)
    from emotion_tf import comparison

    for name, config in asked.items():
        run_file.write(arguments.workdir / name, arguments, name, preset(name), config)
    comparison.compare(corpus, systems, arguments.protocol, arguments.workdir, records_dir, arguments.skip_bad)
    print((arguments.workdir / "comparison.md").read_text(encoding="utf-8"), end="")
    return 0
