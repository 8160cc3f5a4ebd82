"""`emotion-tf curve`: what more speakers and clips bring."""

import argparse
from pathlib import Path

from emotion_tf.cli import flags
from emotion_tf.cli.checks import check_folds, check_inputs, check_protocol
from emotion_tf.utils.files import records_dir_of

HELP = "train on more and more speakers or clips of the training part, and draw what they bring"
EXAMPLE = (
    "--corpus manifest --data-dir corpus.csv --preset strong-audio --protocol speaker-kfold:5 --speakers 2 4 8 16 "
    "--workdir runs/curve"
)
AFTER_INTERRUPT = flags.RESUMES


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Adds the flags of the command."""
    flags.add_training_flags(parser)
    for kind in ("speakers", "clips"):
        parser.add_argument(
            f"--{kind}", type=int, nargs="+", default=[], metavar="N", help=f"numbers of training {kind} of a fold"
        )
    parser.add_argument(
        "--workdir", type=Path, required=True, metavar="FOLDER", help="gets a run a point, and the curve"
    )
    flags.add_records_flag(parser)


def run(arguments: argparse.Namespace) -> int:
    """Trains and draws."""
    config = flags.config_of(arguments, arguments.preset)
    check_protocol(arguments.protocol)
    records_dir = records_dir_of(arguments.workdir, arguments.records_dir)
    corpus, config = flags.corpus_of(arguments.corpus, arguments, records_dir, config)
    check_inputs(corpus, config, skip_bad=False)
    check_folds(corpus, arguments.protocol, config)
    for kind in ("speakers", "clips"):
        for count in getattr(arguments, kind):
            config.override(f"training.max_{kind}={count}")
    from emotion_tf import tuning

    speakers, clips = arguments.speakers, arguments.clips
    tuning.learning_curve(corpus, config, arguments.protocol, arguments.workdir, speakers, clips, records_dir)
    print((arguments.workdir / "learning_curve.md").read_text(encoding="utf-8"), end="")
    return 0
