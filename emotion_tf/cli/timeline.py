"""`emotion-tf timeline`: one recording of any length, window by window."""

import argparse
import json
from pathlib import Path

from emotion_tf.cli import flags
from emotion_tf.cli.predict import scores

HELP = "follow the emotion through one recording of any length, window by window"
EXAMPLE = "call.flac --model export/demo --out call.png"
AFTER_INTERRUPT = flags.NOTHING_WRITTEN


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Adds the flags of the command."""
    parser.add_argument("file", type=Path, metavar="FILE", help="an audio file")
    flags.add_model_flag(parser, required=False)
    flags.add_server_flag(parser)
    parser.add_argument("--text", metavar="TRANSCRIPT", help="what is said, the same for every window")
    parser.add_argument("--window", type=float, metavar="S", help="seconds of a window")
    parser.add_argument("--hop", type=float, metavar="S", help="seconds from window to window")
    parser.add_argument("--smoothing", type=float, metavar="S", help="seconds of memory, 0 for none")
    parser.add_argument("--json", action="store_true", help="print a JSON object a line")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write it there, as .png, .json or .csv")


def run(arguments: argparse.Namespace) -> int:
    """Follows it."""
    flags.check_model(arguments)
    flags.check_audio([arguments.file])
    from emotion_tf import inference

    if arguments.server is None:
        predictor = inference.load(arguments.model)
    else:
        predictor = inference.connect(arguments.server, arguments.model or inference.DEFAULT_MODEL)
    lengths = {
        f"{name}_seconds": getattr(arguments, name)
        for name in ("window", "hop", "smoothing")
        if getattr(arguments, name) is not None
    }
    windows = inference.timeline(predictor, arguments.file, arguments.text, **lengths)
    if arguments.out is not None:
        inference.write_timeline(arguments.out, windows, arguments.file, predictor.dimensions)
        return 0
    for window in windows:
        if arguments.json:
            print(json.dumps(window.as_dict()), flush=True)
        else:
            said = scores(window.smoothed, window.smoothed_dimensions)
            print(f"{window.start:.1f}\t{window.end:.1f}\t{window.label}\t{said}", flush=True)
    return 0
