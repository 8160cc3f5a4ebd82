"""Very many recordings: by length in batches, while the next are decoded, into one file that is never half done."""

import csv
import io
import json
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from emotion_tf.audio.folder import recordings_in
from emotion_tf.audio.reader import read_waveform
from emotion_tf.audio.speaker.embeddings import read_speaker_embeddings
from emotion_tf.errors import EmotionTFError
from emotion_tf.inference.predictor import Predictor, load
from emotion_tf.utils.files import digest, file_digest, read_json, write_json
from emotion_tf.utils.locks import locked
from emotion_tf.utils.paths import RemotePath

WINDOW = 128
"""Utterances that are sorted by length and written together; of so many, twice, the waves are in memory."""

BATCH_SIZE = 32

FORMATS = (".csv", ".jsonl")


@dataclass(frozen=True)
class Request:
    """One utterance whose emotion is to be found out.

    Args:
        id: What the answer is to be known by.
        audio: The audio file, or None where there are words only.
        start: Where the utterance begins in the file, in seconds.
        end: Where it ends; None means the end of the file.
        text: What is said; "" where nobody knows.
    """

    id: str
    audio: Path | RemotePath | None = None
    start: float = 0.0
    end: float | None = None
    text: str = ""


def requests_in(folder: str | Path) -> list[Request]:
    """A request for every recording in a folder and those below, known by its path from there, in order of names.

    Raises:
        EmotionTFError: If there is none.
    """
    return [Request(path.relative_to(folder).as_posix(), path) for path in recordings_in(folder)]


def predict_batch(
    requests: Sequence[Request],
    model: str | Path,
    out: str | Path,
    skip_bad: bool = False,
    speakers: str | Path | None = None,
    min_confidence: float = 0.0,
    report: Callable[[str], None] = print,
) -> int:
    """Names the emotions of very many utterances and writes them to a file, or goes on where it was stopped.

    What is finished lies in `.NAME.partial` beside the file, which becomes the file at the end; memory does not grow
    with the number of utterances. A call that was stopped ends with the same bytes as one that was not.

    Args:
        requests: The utterances; their ids must differ.
        model: What `load` takes.
        out: The file: a `.csv` of `id`, `label`, a column an emotion, and `error`, or a `.jsonl` of objects with `id`
            and either `label` and `probabilities` or `error`; a line an utterance, in the order of the requests.
        skip_bad: Write down what is wrong with an utterance that cannot be heard, and go on, instead of raising.
        speakers: As for `predict_files`; by id.
        min_confidence: As for `Predictor.predict`.
        report: Called with lines of progress.

    Returns:
        How many utterances could not be heard.

    Raises:
        EmotionTFError: If the model cannot be loaded, does not fit the utterances, or one cannot be heard; `out` has
            another suffix, or another call is writing it.
    """
    out = Path(out)
    if out.suffix not in FORMATS:
        raise EmotionTFError(f"{out} cannot be written", expected=" or ".join(FORMATS), received=repr(out.suffix))
    if len({request.id for request in requests}) < len(requests):
        raise EmotionTFError("two utterances have one id", expected="ids that differ")
    predictor = load(model)
    voices: Sequence[np.ndarray | None] = [None] * len(requests)
    if speakers is not None:
        voices = list(read_speaker_embeddings(speakers, [request.id for request in requests]))

    def busy() -> None:
        raise EmotionTFError(f"{out} is being written by another process", fix="wait for it, or name another file")

    partial, progress = (out.with_name(f".{out.name}.{kind}") for kind in ("partial", "progress.json"))
    with locked(out.with_name(f".{out.name}.lock"), busy), ThreadPoolExecutor(os.cpu_count()) as pool:
        order = digest([_identity(Path(model)), min_confidence, skip_bad, list(map(str, requests))])
        state = _resume(partial, progress, order)
        if state["answered"]:
            report(f"going on after {state['answered']} of {len(requests)} utterances")
        with partial.open("ab") as file:
            file.truncate(state["bytes"])
            if out.suffix == ".csv" and not state["answered"]:
                file.write(_csv_line(["id", "label", *predictor.labels, "error"]))
            asked = list(zip(requests, voices, strict=True))
            windows = [asked[start : start + WINDOW] for start in range(state["answered"], len(asked), WINDOW)]
            decoded = [[pool.submit(_hear, predictor, request) for request, _ in window] for window in windows[:1]]
            for number, window in enumerate(windows):
                # The next window is decoded while this one is answered.
                for following in windows[number + 1 : number + 2]:
                    decoded.append([pool.submit(_hear, predictor, request) for request, _ in following])
                waves = [future.result() for future in decoded.pop(0)]
                answers = _answer(predictor, window, waves, skip_bad, min_confidence)
                for answer in answers:
                    file.write(
                        _csv_line(_cells(answer, predictor.labels)) if out.suffix == ".csv" else _json_line(answer)
                    )
                file.flush()
                os.fsync(file.fileno())
                state["answered"] += len(window)
                state["failed"] += sum("error" in answer for answer in answers)
                write_json(progress, state | {"bytes": file.tell()})
                report(f"{state['answered']} of {len(requests)} utterances")
        partial.replace(out)
        progress.unlink(missing_ok=True)
    return state["failed"]


def _identity(model: Path) -> list[tuple[str, str]]:
    """Names and digests of the files of a model."""
    files = [model] if model.is_file() else sorted(path for path in model.rglob("*") if path.is_file())
    return [(str(path.relative_to(model)), file_digest(path)) for path in files]


def _resume(partial: Path, progress: Path, order: str) -> dict[str, Any]:
    """How far an earlier call with the same order came: `answered`, `failed`, and the `bytes` that hold the answers."""
    try:
        state = read_json(progress)
        if state["order"] == order and partial.stat().st_size >= state["bytes"]:
            return state
    except (EmotionTFError, OSError, KeyError, TypeError):
        pass  # There was no earlier call, or what it left is no use.
    return {"order": order, "answered": 0, "failed": 0, "bytes": 0}


def _hear(predictor: Predictor, request: Request) -> np.ndarray | EmotionTFError | None:
    """The wave of a request, or why it cannot be heard."""
    if request.audio is None or not predictor.config.model.hears:
        return None
    try:
        if not request.start and request.end is None:
            return predictor.read(request.audio)
        return read_waveform(request.audio, predictor.config.features.sample_rate, request.start, request.end)
    except EmotionTFError as error:
        return error


def _answer(
    predictor: Predictor,
    window: Sequence[tuple[Request, np.ndarray | None]],
    waves: Sequence[np.ndarray | EmotionTFError | None],
    skip_bad: bool,
    min_confidence: float,
) -> list[dict[str, Any]]:
    """The answers to a window of requests in their order."""
    answers: dict[int, dict[str, Any]] = {}
    able = []
    for place, wave in enumerate(waves):
        if not isinstance(wave, EmotionTFError):
            able.append(place)
        elif skip_bad:
            answers[place] = {"error": str(wave)}
        else:
            raise wave

    def length(place: int) -> int:
        wave = waves[place]
        return len(wave) if isinstance(wave, np.ndarray) else 0

    able.sort(key=length)
    for first in range(0, len(able), BATCH_SIZE):
        places = able[first : first + BATCH_SIZE]
        try:
            answers |= zip(places, _ask(predictor, window, waves, places, min_confidence), strict=True)
        except EmotionTFError:
            if not skip_bad:
                raise
            for place in places:
                try:
                    (answers[place],) = _ask(predictor, window, waves, [place], min_confidence)
                except EmotionTFError as error:
                    answers[place] = {"error": str(error)}
    return [{"id": request.id, **answers[place]} for place, (request, _) in enumerate(window)]


def _ask(
    predictor: Predictor,
    window: Sequence[tuple[Request, np.ndarray | None]],
    waves: Sequence[Any],
    places: Sequence[int],
    min_confidence: float,
) -> list[dict[str, Any]]:
    """The answers to the requests at some places of a window, asked at once."""
    reads = predictor.config.model.reads
    predictions = predictor.predict_batch(
        [waves[place] for place in places],
        [window[place][0].text if reads else None for place in places],
        [window[place][1] for place in places],
        min_confidence,
    )
    return [asdict(prediction) for prediction in predictions]


def _cells(answer: dict[str, Any], labels: Sequence[str]) -> list[str]:
    """The cells of an answer in a table."""
    probabilities = answer.get("probabilities", {})
    return [
        answer["id"],
        answer.get("label", ""),
        *(str(probabilities.get(name, "")) for name in labels),
        answer.get("error", ""),
    ]


def _csv_line(cells: Sequence[str]) -> bytes:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(cells)
    return line.getvalue().encode("utf-8", "backslashreplace")


def _json_line(answer: dict[str, Any]) -> bytes:
    return (json.dumps(answer, ensure_ascii=False) + "\n").encode("utf-8", "backslashreplace")
