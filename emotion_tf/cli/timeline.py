"""`emotion-tf timeline`: one recording of any length, window by window."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from emotion_tf.cli import flags
from emotion_tf.cli.predict import labelled, scores
from emotion_tf.errors import EmotionTFError

if TYPE_CHECKING:
    from emotion_tf.audio.channels import Channel
    from emotion_tf.inference import Predictor

HELP = "follow the emotion through one recording of any length, by windows or by stretches of speech"
EXAMPLE = "call.flac --model export/demo --out call.png"
AFTER_INTERRUPT = flags.NOTHING_WRITTEN


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Adds the flags of the command."""
    parser.add_argument("file", type=Path, metavar="FILE", help="an audio file")
    flags.add_model_flag(parser, required=False)
    flags.add_server_flag(parser)
    parser.add_argument("--text", metavar="TRANSCRIPT", help="what is said, the same for every window")
    flags.add_channel_flags(parser)
    parser.add_argument(
        "--by",
        choices=("window", "speech"),
        default="window",
        help="answer windows of one length, if not given, or stretches of speech, which pauses end",
    )
    parser.add_argument("--window", type=float, metavar="S", help="seconds of a window")
    parser.add_argument("--hop", type=float, metavar="S", help="seconds from window to window")
    parser.add_argument("--smoothing", type=float, metavar="S", help="seconds of memory, 0 for none")
    parser.add_argument("--json", action="store_true", help="print a JSON object a line")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write it there, as .png, .json or .csv")


def run(arguments: argparse.Namespace) -> int:
    """Follows it."""
    flags.check_model(arguments)
    flags.check_audio([arguments.file])
    if arguments.by == "speech" and (arguments.window is not None or arguments.hop is not None):
        raise EmotionTFError("stretches of speech have no length that is given", fix="leave out --window and --hop")
    from emotion_tf import inference

    if arguments.server is None:
        predictor = inference.load(arguments.model)
    else:
        predictor = inference.connect(arguments.server, arguments.model or inference.DEFAULT_MODEL)
    if arguments.channel != "each":
        _follow(arguments, predictor, arguments.channel, arguments.out)
        return 0
    from emotion_tf.audio.reader import channels_of

    for channel in range(1, channels_of(arguments.file) + 1):
        out = arguments.out and arguments.out.with_stem(f"{arguments.out.stem}-{channel}")
        _follow(arguments, predictor, channel, out)
    return 0


def _follow(arguments: argparse.Namespace, predictor: "Predictor", channel: "Channel", out: Path | None) -> None:
    """Prints or writes the timeline of one channel."""
    from emotion_tf import inference

    lengths = {
        f"{name}_seconds": getattr(arguments, name)
        for name in ("window", "hop", "smoothing")
        if getattr(arguments, name) is not None
    }
    windows = inference.timeline(
        predictor,
        arguments.file,
        arguments.text,
        **lengths,
        channel=channel,
        by=arguments.by,
        any_sound=arguments.any_sound,
    )
    if out is not None:
        inference.write_timeline(out, windows, arguments.file, predictor.dimensions, channel)
        return
    each = arguments.channel == "each"
    for window in windows:
        if arguments.json:
            print(json.dumps({**({"channel": channel} if each else {}), **window.as_dict()}), flush=True)
        else:
            said = scores(window.smoothed, window.smoothed_dimensions)
            cells = [f"{window.start:.1f}", f"{window.end:.1f}", *labelled(window.label, window.reason), said]
            print("\t".join([f"channel {channel}"] * each + cells), flush=True)
