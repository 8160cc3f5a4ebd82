"""`emotion-tf train`: a whole run."""

import argparse
from pathlib import Path

from emotion_tf.cli import flags, run_file
from emotion_tf.cli.checks import check_folds, check_inputs, check_protocol, check_workdir
from emotion_tf.cli.results import print_result
from emotion_tf.utils.files import records_dir_of

HELP = "train and test every fold of a protocol"
EXAMPLE = "--corpus demo --preset demo --protocol speaker-kfold:4 --workdir runs/demo"
AFTER_INTERRUPT = flags.RESUMES


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Adds the flags of the command."""
    flags.add_corpus_flags(parser)
    flags.add_preset_flag(parser)
    flags.add_setting_flags(parser)
    flags.add_protocol_flag(parser)
    parser.add_argument(
        "--folds", type=Path, metavar="FILE", help="the folds.json of another run, to test on its folds"
    )
    parser.add_argument(
        "--workdir", type=Path, required=True, metavar="FOLDER", help="the run's folder; a stopped run goes on"
    )
    flags.add_records_flag(parser)


def run(arguments: argparse.Namespace) -> int:
    """Trains."""
    asked = flags.config_of(arguments, arguments.preset)
    check_protocol(arguments.protocol)
    records_dir = records_dir_of(arguments.workdir, arguments.records_dir)
    corpus, config = flags.corpus_of(arguments.corpus, arguments, records_dir, asked)
    check_inputs(corpus, config, arguments.skip_bad)
    check_folds(corpus, arguments.protocol, config, arguments.folds)
    check_workdir(arguments.workdir, corpus, arguments.protocol, config)
    # Only now is TensorFlow worth waiting for.
    from emotion_tf import training

    run_file.write(arguments.workdir, arguments, arguments.preset, asked)
    result = training.train(
        corpus, config, arguments.protocol, arguments.workdir, records_dir, arguments.skip_bad, arguments.folds
    )
    print_result(result, arguments.workdir)
    return 0
