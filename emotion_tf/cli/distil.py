"""`emotion-tf distil`: a small network that learns what larger ones say."""

import argparse
from pathlib import Path

from emotion_tf.cli import flags, run_file
from emotion_tf.cli.checks import check_folds, check_inputs, check_protocol
from emotion_tf.cli.results import print_result
from emotion_tf.recipes import preset
from emotion_tf.utils.files import records_dir_of

HELP = "train a small network on what larger ones say, also of recordings without labels"
EXAMPLE = (
    "--teacher runs/speech --preset strong-audio --corpus manifest --data-dir corpus.csv "
    "--recordings recordings/ --protocol speaker-kfold:5 --workdir runs/student"
)
AFTER_INTERRUPT = flags.RESUMES


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Adds the flags of the command."""
    parser.add_argument(
        "--teacher",
        nargs="+",
        required=True,
        metavar="MODEL",
        help="the model that teaches: a run, an export or a .keras file; the mean of several",
    )
    flags.add_training_flags(parser)
    flags.add_folds_flag(parser)
    parser.add_argument(
        "--recordings",
        nargs="+",
        type=Path,
        default=[],
        metavar="FOLDER",
        help="folders or manifests of recordings without labels, to be trained on too",
    )
    parser.add_argument("--temperature", type=float, default=2.0, help="softens what the teacher says; 2 if not given")
    parser.add_argument(
        "--label-weight",
        type=float,
        default=0.3,
        metavar="W",
        help="weight of the labels beside the teacher, 0 to 1; 0.3 if not given",
    )
    parser.add_argument(
        "--vector-weight",
        type=float,
        default=0.0,
        metavar="W",
        help="weight of the teacher's utterance vector as a second target; 0 if not given",
    )
    parser.add_argument(
        "--workdir", type=Path, required=True, metavar="FOLDER", help="the run's folder; a stopped run goes on"
    )
    flags.add_records_flag(parser)


def run(arguments: argparse.Namespace) -> int:
    """Distils."""
    asked = flags.config_of(arguments, arguments.preset)
    check_protocol(arguments.protocol)
    from emotion_tf.inference.loading import keras_file

    for model in arguments.teacher:
        keras_file(model)  # what is not there is known before TensorFlow is imported
    flags.check_audio(arguments.recordings)
    records_dir = records_dir_of(arguments.workdir, arguments.records_dir)
    corpus, config = flags.corpus_of(arguments.corpus, arguments, records_dir, asked)
    check_inputs(corpus, config, arguments.skip_bad)
    check_folds(corpus, arguments.protocol, config, arguments.folds)
    from emotion_tf import transfer

    # Whoever repeats the run may stand in another folder.
    arguments.teacher = [str(Path(model).absolute()) if Path(model).exists() else model for model in arguments.teacher]
    arguments.recordings = [str(folder.absolute()) for folder in arguments.recordings]
    run_file.write(arguments.workdir, arguments, arguments.preset, preset(arguments.preset), asked)
    result = transfer.distil(
        arguments.teacher,
        corpus,
        config,
        arguments.protocol,
        arguments.workdir,
        arguments.recordings,
        arguments.temperature,
        arguments.label_weight,
        arguments.vector_weight,
        records_dir,
        arguments.skip_bad,
        arguments.folds,
    )
    print_result(result, arguments.workdir)
    return 0
