"""`emotion-tf export`: a run, or a model from elsewhere, for servers and phones."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from emotion_tf.cli import flags, run_file
from emotion_tf.errors import EmotionTFError
from emotion_tf.ready import ready_model
from emotion_tf.utils.files import records_dir_of
from emotion_tf.utils.own_folder import check_own_folder

if TYPE_CHECKING:
    from emotion_tf.corpora import Corpus

HELP = "export a run, or a .keras file, to SavedModel and TFLite, proved equal"
EXAMPLE = "--workdir runs/demo --out export/demo"
AFTER_INTERRUPT = flags.NOTHING_WRITTEN


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Adds the flags of the command."""
    from emotion_tf.corpora import NAMES

    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--workdir", type=Path, metavar="RUN", help="the run's folder")
    source.add_argument(
        "--model", type=Path, metavar="FILE", help="a .keras file, such as `model.save` wrote, or a ready model"
    )
    parser.add_argument(
        "--corpus",
        metavar="CORPUS",
        choices=NAMES,
        help="with --model, a corpus on which int8 is calibrated and the artefacts are compared; a run knows its own",
    )
    flags.add_corpus_place_flags(parser)
    flags.add_transcript_flags(parser, default=None)
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="the export's folder")


def run(arguments: argparse.Namespace) -> int:
    """Exports."""
    read_corpus = _corpus_of_run if arguments.model is None else _corpus_of_file
    corpus = read_corpus(arguments)
    from emotion_tf import exporting

    exporting.export(arguments.model or arguments.workdir, arguments.out, corpus)
    print(f"what each artefact loses, weighs and costs: {arguments.out / 'MODEL_CARD.md'}")
    return 0


def _corpus_of_run(arguments: argparse.Namespace) -> "Corpus | None":
    """The corpus of a run, if it can be found again."""
    if arguments.corpus is not None:
        raise EmotionTFError("a run knows its corpus", fix="leave out --corpus, or name a .keras file with --model")
    from emotion_tf import evaluation

    run = evaluation.read_run(arguments.workdir)
    check_own_folder(arguments.out, "export")
    # By the corpus int8 is calibrated, and all is tested. Of all corpora the demo alone needs no folder.
    found = arguments.data_dir or run_file.place_of(arguments.workdir)[0]
    return flags.corpus_of_run(arguments, run) if found or run["corpus"] == "demo" else None


def _corpus_of_file(arguments: argparse.Namespace) -> "Corpus | None":
    """The corpus that is named beside a `.keras` file, with the classes of the model."""
    ready = ready_model(arguments.model)
    if ready is not None:
        arguments.model = ready.network
    if arguments.model.suffix != ".keras" or not arguments.model.is_file():
        raise EmotionTFError(
            f"{arguments.model} cannot be exported",
            expected="a .keras file",
            fix="name the folder of a run with --workdir",
        )
    check_own_folder(arguments.out, "export")
    if arguments.corpus is None:
        if arguments.data_dir is not None:
            raise EmotionTFError("nobody knows which corpus lies there", fix="name it with --corpus")
        return None
    from emotion_tf.inference.bundle import ModelBundle, as_asked

    arguments.transcripts = arguments.transcripts or "reference"
    records_dir = records_dir_of(arguments.model, arguments.records_dir)
    config = as_asked(ModelBundle.read(arguments.model)).config
    return flags.corpus_of(arguments.corpus, arguments, records_dir, config)[0]
