"""`emotion-tf evaluate`: the figures of a run, anew or on other transcripts."""

import argparse
from pathlib import Path

from emotion_tf.cli import flags
from emotion_tf.cli.results import print_result
from emotion_tf.errors import EmotionTFError

HELP = "make metrics.json and report.html anew, or test a run's models on other transcripts"
EXAMPLE = "--workdir runs/demo"


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Adds the flags of the command."""
    flags.add_corpus_of_run_flags(parser)
    flags.add_transcript_flags(parser, default=None)
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="the folder of the figures on other transcripts")


def run(arguments: argparse.Namespace) -> int:
    """Evaluates."""
    from emotion_tf import evaluation

    if arguments.transcripts is None:
        print_result(evaluation.evaluate(arguments.workdir), arguments.workdir)
        return 0
    if arguments.out is None:
        raise EmotionTFError("--transcripts needs a folder for the new figures", expected="--out FOLDER")
    corpus = flags.corpus_of_run(arguments, evaluation.read_run(arguments.workdir))
    # Only now is TensorFlow worth waiting for: figures are made anew from saved predictions without it.
    from emotion_tf import robustness

    print_result(robustness.retest(arguments.workdir, corpus, arguments.out, arguments.records_dir), arguments.out)
    return 0
