"""`emotion-tf train`: a whole run."""

import argparse
from pathlib import Path

from emotion_tf.cli import flags, run_file
from emotion_tf.cli.checks import check_folds, check_inputs, check_protocol, check_workdir
from emotion_tf.cli.results import print_result
from emotion_tf.config import Config
from emotion_tf.errors import EmotionTFError
from emotion_tf.recipes import check_taken_over, fine_tuning, preset
from emotion_tf.utils.files import file_digest, records_dir_of

DEFAULT_PRESET = "paper"

HELP = "train and test every fold of a protocol"
EXAMPLE = "--corpus demo --preset demo --protocol speaker-kfold:4 --workdir runs/demo"
AFTER_INTERRUPT = flags.RESUMES


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Adds the flags of the command."""
    flags.add_corpus_flags(parser)
    flags.add_preset_flag(parser)
    parser.set_defaults(preset=None)  # with --init there is none
    parser.add_argument(
        "--init",
        metavar="MODEL",
        help="go on from the weights of this model: a run, an export or a .keras file; front end, words and network "
        "are its own, and the recipe is that for few data",
    )
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
    preset_name, base, init = _base(arguments)
    asked = base.override(*flags.changes_of(arguments))
    if init is not None:
        check_taken_over(base, asked)
    check_protocol(arguments.protocol)
    records_dir = records_dir_of(arguments.workdir, arguments.records_dir)
    corpus, config = flags.corpus_of(arguments.corpus, arguments, records_dir, asked)
    check_inputs(corpus, config, arguments.skip_bad)
    check_folds(corpus, arguments.protocol, config, arguments.folds)
    check_workdir(arguments.workdir, corpus, arguments.protocol, config, None if init is None else file_digest(init))
    # Only now is TensorFlow worth waiting for.
    from emotion_tf import training

    run_file.write(arguments.workdir, arguments, preset_name, base, asked)
    result = training.train(
        corpus,
        config,
        arguments.protocol,
        arguments.workdir,
        records_dir,
        arguments.skip_bad,
        arguments.folds,
        init=arguments.init,
    )
    print_result(result, arguments.workdir)
    return 0


def _base(arguments: argparse.Namespace) -> tuple[str | None, Config, Path | None]:
    """The preset and its settings; or those of a model from which training goes on, and its file."""
    if arguments.init is None:
        name = arguments.preset or DEFAULT_PRESET
        return name, preset(name), None
    if arguments.preset is not None:
        raise EmotionTFError(
            "a model from which training goes on brings its settings",
            received=f"--init and --preset {arguments.preset}",
            fix="leave out --preset, and change the recipe with --set",
        )
    from emotion_tf.inference.bundle import ModelBundle
    from emotion_tf.inference.loading import keras_file

    file = keras_file(arguments.init)
    return None, fine_tuning(ModelBundle.read(file).config), file
