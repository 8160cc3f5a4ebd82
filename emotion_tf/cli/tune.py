"""`emotion-tf tune`: settings that are chosen by dev speakers."""

import argparse
from pathlib import Path

from emotion_tf.cli import flags
from emotion_tf.cli.checks import check_protocol, checked_corpora
from emotion_tf.utils.files import records_dir_of

HELP = "search settings over one corpus or several, by dev speakers alone; a stopped search goes on"
EXAMPLE = (
    "--corpus ravdess=RAVDESS nemo=nemo/manifest.csv --labels four --preset strong-audio --protocol speaker-kfold:5 "
    "--search training.learning_rate=1e-4..3e-3:log model.dropout=0.2..0.6 --trials 30 --workdir runs/tuned"
)
AFTER_INTERRUPT = flags.RESUMES


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Adds the flags of the command."""
    flags.add_training_flags(parser)
    parser.add_argument(
        "--search",
        nargs="+",
        required=True,
        metavar="SETTING=VALUES",
        help="what may change: LOW..HIGH, LOW..HIGH:log, or a JSON list of choices",
    )
    parser.add_argument("--trials", type=int, default=30, metavar="N", help="trials in all, 30 if not given")
    parser.add_argument(
        "--inner", type=int, default=3, metavar="K", help="parts by speaker of what is not put aside, 3 if not given"
    )
    parser.add_argument("--seed", type=int, default=0, metavar="SEED", help="seed of the search")
    parser.add_argument("--workdir", type=Path, required=True, metavar="FOLDER", help="gets all that was tried")
    flags.add_records_flag(parser)


def run(arguments: argparse.Namespace) -> int:
    """Searches."""
    from emotion_tf.tuning.space import read_space

    config = flags.config_of(arguments, arguments.preset)
    space = read_space(arguments.search, config)
    check_protocol(arguments.protocol)
    records_dir = records_dir_of(arguments.workdir, arguments.records_dir)
    corpora = checked_corpora(arguments, records_dir, config)
    from emotion_tf import tuning

    protocols = {corpus.name: arguments.protocol for corpus in corpora}
    trials, inner, seed = arguments.trials, arguments.inner, arguments.seed
    tuning.tune(corpora, config, space, protocols, arguments.workdir, trials, inner, records_dir, seed)
    print((arguments.workdir / "best.toml").read_text(encoding="utf-8"), end="")
    print(f"what was tried: {arguments.workdir / 'trials.csv'}")
    return 0
