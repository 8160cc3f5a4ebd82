"""`emotion-tf predict`: the emotions of recordings."""

import argparse
import dataclasses
import json
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emotion_tf.cli import flags
from emotion_tf.errors import EmotionTFError

if TYPE_CHECKING:
    from emotion_tf.inference import Answer, Request, Requested
    from emotion_tf.text.dialogue import Turn

HELP = "say how the speaker feels, a line a recording"
EXAMPLE = "clip.wav recordings/"
AFTER_INTERRUPT = f"with --out, {flags.RESUMES}"

STANDARD_INPUT = "-"


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Adds the flags of the command."""
    parser.add_argument(
        "files",
        nargs="*",
        metavar="FILE",
        help="audio files; folders of them; a manifest of the columns id, audio, text, start, end as far as they are "
        "known; - for a recording on the standard input; none for a model that reads alone, or can",
    )
    flags.add_model_flag(parser, required=False)
    flags.add_server_flag(parser)
    parser.add_argument(
        "--text",
        action="append",
        metavar="TRANSCRIPT",
        help="what is said: once for all files, or once for each; - for a line of the standard input each",
    )
    parser.add_argument(
        "--context",
        action="append",
        type=_turn_of_another,
        default=[],
        metavar="TURN",
        help="what somebody else said before, once for each turn, in order, for a model that reads earlier turns; in a "
        "manifest, the columns dialogue, turn and speaker say it",
    )
    parser.add_argument(
        "--own-context",
        dest="context",
        action="append",
        type=_turn_of_the_same,
        metavar="TURN",
        help="likewise, what the speaker of the utterance said before",
    )
    flags.add_columns_flag(parser)
    flags.add_speaker_file_flag(parser)
    flags.add_channel_flags(parser)
    parser.add_argument(
        "--min-confidence",
        type=float,
        default=0.0,
        metavar="P",
        help='answer "undecided" where no emotion is this likely, 0 to 1',
    )
    parser.add_argument("--json", action="store_true", help="print a JSON object a line")
    parser.add_argument("--skip-bad", action="store_true", help="go on after a file that cannot be read")
    parser.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        help="write the answers there, as .csv or .jsonl, many at a time; a call that was stopped goes on",
    )


def _turn_of_another(text: str) -> "Turn":
    from emotion_tf.text.dialogue import Turn

    return Turn(text)


def _turn_of_the_same(text: str) -> "Turn":
    from emotion_tf.text.dialogue import Turn

    return Turn(text, same_speaker=True)


def run(arguments: argparse.Namespace) -> int:
    """Answers."""
    if not (arguments.files or arguments.text or arguments.model or arguments.server):
        raise EmotionTFError("there is nothing to hear", expected="audio files, a folder or a manifest")
    flags.check_model(arguments)
    if arguments.out is not None and arguments.server is not None:
        raise EmotionTFError("a server's answers are printed", fix="leave out --out, or name an export with --model")
    if arguments.text == [STANDARD_INPUT]:
        if STANDARD_INPUT in arguments.files:
            raise EmotionTFError("the standard input is a recording or a text", fix="name a file for one of both")
        arguments.text = [line.strip() for line in sys.stdin if line.strip()]
    if not arguments.skip_bad:
        flags.check_audio(file for file in arguments.files if file != STANDARD_INPUT)
    with ExitStack() as stack:
        files = [
            stack.enter_context(_standard_input()) if file == STANDARD_INPUT else Path(file) for file in arguments.files
        ]
        if arguments.out is not None:
            return _write(arguments, _requests(arguments, files))
        if any(_is_manifest(file) for file in files):
            if arguments.server is not None:
                raise EmotionTFError("a server is asked about files and folders", fix="name an export with --model")
            return _print(arguments, _predict_requests(arguments, _requests(arguments, files)))
        return _print(arguments, _predict_files(arguments, files))


def _predict_files(arguments: argparse.Namespace, files: list[Path]) -> "Iterator[Answer]":
    """The answers to audio files and those in folders, each as soon as it is known."""
    from emotion_tf import inference

    audio: list[Any] = [
        request.audio
        for file in files
        for request in (_in_folder(file, arguments.skip_bad) if file.is_dir() else [_request(file)])
    ]
    answers = inference.predict_files(
        audio,
        arguments.model or inference.DEFAULT_MODEL,
        arguments.text,
        arguments.skip_bad,
        arguments.speaker_embeddings,
        arguments.server,
        arguments.min_confidence,
        arguments.channel,
        arguments.any_sound,
        arguments.context,
    )
    for answer in answers:
        yield dataclasses.replace(answer, file=answer.file and _name(Path(answer.file)))


def _name(file: Path) -> str:
    """What a file is called in an answer."""
    return STANDARD_INPUT if file.name == STANDARD_INPUT else str(file)


def _print(arguments: argparse.Namespace, answers: "Iterator[Answer]") -> int:
    """Prints answers, a line each; 1 if one of them is an error."""
    failed = 0
    for answer in answers:
        if arguments.json:
            print(json.dumps(answer.as_dict(), ensure_ascii=False), flush=True)
        elif answer.error is not None:
            print(f"emotion-tf: {answer.error}", file=sys.stderr)
        else:
            print(_line(answer), flush=True)
        failed += answer.error is not None
    return 1 if failed else 0


def _line(answer: "Answer") -> str:
    """An answer for people: what was asked about, its label, and the probabilities or why there is no label."""
    name = answer.name or STANDARD_INPUT
    if answer.channel is not None:
        name += f" (channel {answer.channel})"
    reason = answer.prediction.reason if answer.prediction else None
    return "\t".join([name, *labelled(answer.label, reason), scores(answer.probabilities, answer.dimensions)])


def labelled(label: str | None, reason: str | None) -> list[str]:
    """The cell of a label and of the reason why there is none; no cell where there is neither.

    >>> labelled("sad", None), labelled("undecided", "silence"), labelled(None, "silence"), labelled(None, None)
    (['sad'], ['undecided (silence)'], ['(silence)'], [])
    """
    parts = [label or "", f"({reason})" if reason else ""]
    return [" ".join(filter(None, parts))] if any(parts) else []


def scores(probabilities: dict[str, float], dimensions: dict[str, float] | None = None) -> str:
    """Probabilities in a line, and dimensions behind them.

    >>> scores({"angry": 0.75, "sad": 0.25}, {"arousal": 5.5})
    'angry 0.750  sad 0.250  arousal 5.500'
    """
    return "  ".join(f"{name} {value:.3f}" for name, value in [*probabilities.items(), *(dimensions or {}).items()])


def _write(arguments: argparse.Namespace, requests: list["Requested"]) -> int:
    """Writes the answers to a file; 1 if one of them is an error."""
    from emotion_tf import inference

    failed = inference.predict_batch(
        requests,
        arguments.model,
        arguments.out,
        arguments.skip_bad,
        arguments.speaker_embeddings,
        arguments.min_confidence,
        arguments.channel,
        arguments.any_sound,
    )
    if failed:
        print(f"emotion-tf: {failed} of {len(requests)} could not be heard; {arguments.out} says why", file=sys.stderr)
    return 1 if failed else 0


def _predict_requests(arguments: argparse.Namespace, requests: list["Requested"]) -> "Iterator[Answer]":
    """The answers to the rows of manifests."""
    from emotion_tf import inference

    return inference.predict_requests(
        requests,
        arguments.model,
        arguments.skip_bad,
        arguments.speaker_embeddings,
        arguments.min_confidence,
        arguments.channel,
        arguments.any_sound,
    )


def _requests(arguments: argparse.Namespace, files: list[Path]) -> list["Requested"]:
    """What is asked about files, folders and manifests."""
    from emotion_tf.corpora import manifest

    if arguments.context:
        raise EmotionTFError(
            "earlier turns belong to one utterance, whose answer is printed",
            fix="leave out --out, or list the utterances in a manifest with the columns dialogue and turn",
        )
    texts = arguments.text or [""]
    if len(texts) not in (1, len(files)) or (texts != [""] and any(map(_is_manifest, files))):
        raise EmotionTFError(
            "files and texts do not pair",
            expected="no text, one for all files or one a file; the transcripts of a manifest in the manifest",
            received=f"{len(files)} files and {len(texts)} texts",
        )
    requests: list[Requested] = []
    for file, text in zip(files, texts * len(files) if len(texts) == 1 else texts, strict=True):
        if _is_manifest(file):
            requests += manifest.read(file, labelled=False, columns=arguments.columns)
        elif file.is_dir():
            found = _in_folder(file, arguments.skip_bad)
            # A folder alone needs no name in front of its files'.
            requests += [
                _request(request.audio, text, request.id if len(files) == 1 else str(request.audio))
                for request in found
            ]
        else:
            requests.append(_request(file, text))
    if not requests:
        raise EmotionTFError("there is nothing to hear", expected="audio files, a folder or a manifest")
    return requests


def _in_folder(folder: Path, skip_bad: bool) -> list["Request"]:
    """The recordings in a folder; one that holds none is asked itself if bad files are skipped, which says why."""
    from emotion_tf import inference

    try:
        return inference.requests_in(folder)
    except EmotionTFError:
        if not skip_bad:
            raise
        return [_request(folder)]


def _request(file: Any, text: str = "", name: str | None = None) -> "Request":
    from emotion_tf import inference

    return inference.Request(name or _name(file), file, text=text)


def _is_manifest(file: Path) -> bool:
    from emotion_tf.corpora.table import TABLE_SUFFIXES

    return file.suffix.lower() in TABLE_SUFFIXES and not file.is_dir()


@contextmanager
def _standard_input() -> Iterator[Path]:
    """A file of what is on the standard input, which formats of audio that need to be searched cannot be read from."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, STANDARD_INPUT)
        with path.open("wb") as file:
            shutil.copyfileobj(sys.stdin.buffer, file)
        yield path
