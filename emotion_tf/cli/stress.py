"""`emotion-tf stress`: a run's models under conditions that they were not trained for."""

import argparse
from pathlib import Path

from emotion_tf.cli import flags
from emotion_tf.errors import EmotionTFError

HELP = "test a run's models under noise, on wrong words, and without the audio or the words"
EXAMPLE = "--workdir runs/demo --out runs/demo-noise"
AFTER_INTERRUPT = flags.RESUMES


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Adds the flags of the command."""
    flags.add_corpus_of_run_flags(parser)
    parser.add_argument(
        "--conditions",
        nargs="+",
        choices=("sound", "words", "missing"),
        default=["sound"],
        help="sound, if not given: noise, rooms, telephones; words: transcripts with more and more errors, and those "
        "of recognisers that prepare left; missing: no audio, and no words",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="the folder of the new figures")
    parser.set_defaults(engine_model=None)


def run(arguments: argparse.Namespace) -> int:
    """Tests."""
    if arguments.out.resolve() == arguments.workdir.resolve():
        raise EmotionTFError("--out is the run itself", expected="a folder for the new figures")
    from emotion_tf.evaluation.run import read_run

    # Words are misheard from what was said; all else reads what the run was trained on.
    arguments.transcripts = "reference" if "words" in arguments.conditions else None
    corpus = flags.corpus_of_run(arguments, read_run(arguments.workdir))
    from emotion_tf import robustness

    result = robustness.stress(arguments.workdir, corpus, arguments.out, arguments.conditions, arguments.records_dir)
    for condition, figures in result.conditions.items():
        rate = "" if figures.word_error_rate is None else f"WER {figures.word_error_rate:.3f}, "
        print(f"{condition}: {rate}WA {figures.wa:.3f}, UA {figures.ua:.3f}")
    print(f"report: {arguments.out / 'report.html'}")
    return 0
