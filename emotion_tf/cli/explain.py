"""`emotion-tf explain`: which words and which stretches of audio one answer comes from."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from emotion_tf.cli import flags
from emotion_tf.cli.predict import scores

if TYPE_CHECKING:
    from emotion_tf.inference import Explanation

HELP = "say which words and which stretches of audio one answer comes from"
EXAMPLE = 'clip.wav --text "I knew it!" --model runs/demo --out why.png'
AFTER_INTERRUPT = flags.NOTHING_WRITTEN


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Adds the flags of the command."""
    parser.add_argument(
        "file", type=Path, nargs="?", metavar="FILE", help="an audio file; none for a model that reads alone, or can"
    )
    flags.add_model_flag(parser)
    parser.add_argument("--text", metavar="TRANSCRIPT", help="what is said")
    flags.add_speaker_file_flag(parser)
    parser.add_argument("--json", action="store_true", help="print all that is known, as a JSON object")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write it there, as .png or .json")


def run(arguments: argparse.Namespace) -> int:
    """Explains."""
    flags.check_model(arguments)
    flags.check_audio(() if arguments.file is None else [arguments.file])
    from emotion_tf import inference

    speaker = None
    if arguments.speaker_embeddings is not None and arguments.file is not None:
        from emotion_tf.audio.speaker.embeddings import read_speaker_embeddings

        (speaker,) = read_speaker_embeddings(arguments.speaker_embeddings, [arguments.file.stem])
    explanation = inference.explain(arguments.model, arguments.file, arguments.text, speaker)
    if arguments.out is not None:
        inference.write_explanation(arguments.out, explanation, arguments.file)
    elif arguments.json:
        file = arguments.file and str(arguments.file)
        print(json.dumps({"file": file, **explanation.as_dict()}, ensure_ascii=False))
    else:
        _print(explanation, arguments.file)
    return 0


def _print(explanation: "Explanation", file: Path | None) -> None:
    """The answer, and what weighs most in it."""
    print(f"{file or '-'}\t{explanation.label}\t{scores(explanation.probabilities, explanation.dimensions)}")
    if explanation.heard is not None:
        for stretch in explanation.heard.stretches:
            print(f"heard\t{stretch.start:.2f} s to {stretch.end:.2f} s\t{stretch.share:.1%} of the maxima")
    if explanation.read is not None:
        read = explanation.read
        weights = read.mean_attention or read.maxima.share
        what = "of the attention" if read.mean_attention else "of the maxima"
        for word, weight, known in zip(read.words, weights, read.known, strict=True):
            print(f"read\t{word}{'' if known else ' (unknown)'}\t{weight:.1%} {what}")
