"""`emotion-tf adapt`: a model for other rooms, microphones and voices, without labels."""

import argparse
from pathlib import Path

from emotion_tf.cli import flags
from emotion_tf.utils.paths import as_path

HELP = "set a model to the rooms, microphones and voices of recordings without labels"
EXAMPLE = "--model runs/demo --recordings recordings/ --out adapted.keras"
AFTER_INTERRUPT = flags.NOTHING_WRITTEN


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Adds the flags of the command."""
    parser.add_argument("--model", required=True, metavar="MODEL", help="the model: a run, an export or a .keras file")
    parser.add_argument(
        "--recordings",
        type=Path,
        required=True,
        metavar="FOLDER",
        help="a folder of recordings, or a manifest; labels in it are not looked at",
    )
    flags.add_columns_flag(parser)
    parser.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="FILE",
        help="the .keras file to write; with --by-speaker the folder of one for each speaker",
    )
    parser.add_argument("--by-speaker", action="store_true", help="adapt to each speaker of the manifest alone")
    parser.add_argument(
        "--statistics",
        choices=("frames", "utterances"),
        default="utterances",
        help="whose statistics are set: those of the frames, or those of the utterance vector too, the default",
    )
    parser.add_argument(
        "--records-dir", type=as_path, metavar="FOLDER", help="where features are kept; nowhere if not given"
    )
    parser.add_argument("--skip-bad", action="store_true", help="leave out, and list, audio that cannot be read")


def run(arguments: argparse.Namespace) -> int:
    """Adapts."""
    from emotion_tf.inference.loading import keras_file

    keras_file(arguments.model)  # what is not there is known before TensorFlow is imported
    flags.check_audio([arguments.recordings])
    from emotion_tf import transfer

    for adapted in transfer.adapt(
        arguments.model,
        arguments.recordings,
        arguments.out,
        arguments.by_speaker,
        arguments.statistics,
        arguments.records_dir,
        arguments.skip_bad,
        arguments.columns,
    ):
        print(f"{adapted.file}: {adapted.note}")
    return 0
