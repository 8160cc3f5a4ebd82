"""`emotion-tf export`: a run for servers and phones."""

import argparse
from pathlib import Path

from emotion_tf.cli import flags
from emotion_tf.utils.own_folder import check_own_folder

HELP = "export a run to SavedModel and TFLite, proved equal"
EXAMPLE = "--workdir runs/demo --out export/demo"
AFTER_INTERRUPT = flags.NOTHING_WRITTEN


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Adds the flags of the command."""
    flags.add_corpus_of_run_flags(parser)
    flags.add_transcript_flags(parser, default=None)
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="the export's folder")


def run(arguments: argparse.Namespace) -> int:
    """Exports."""
    from emotion_tf import evaluation

    run = evaluation.read_run(arguments.workdir)
    check_own_folder(arguments.out, "export")
    # Of all corpora the demo alone needs no folder. By the corpus int8 is calibrated, and all is tested.
    has_corpus = arguments.data_dir is not None or run["corpus"] == "demo"
    corpus = flags.corpus_of_run(arguments, run) if has_corpus else None
    from emotion_tf import exporting

    exporting.export(arguments.workdir, arguments.out, corpus)
    print(f"what each artefact loses, weighs and costs: {arguments.out / 'MODEL_CARD.md'}")
    return 0
