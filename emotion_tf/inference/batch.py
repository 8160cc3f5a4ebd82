"""Very many recordings: by length in batches, while the next are decoded, into one file that is never half done."""

import csv
import io
import json
import logging
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from emotion_tf.audio.reader import read_waveform
from emotion_tf.audio.speaker.embeddings import read_speaker_embeddings
from emotion_tf.errors import EmotionTFError
from emotion_tf.inference.answer import Answer
from emotion_tf.inference.loading import find_artefact, load
from emotion_tf.inference.predictor import Prediction, Predictor
from emotion_tf.utils.files import digest, file_digest, read_json, write_json
from emotion_tf.utils.locks import locked
from emotion_tf.utils.paths import RemotePath
from emotion_tf.utils.progress import tracking

logger = logging.getLogger(__name__)

WINDOW = 128
"""Utterances that are sorted by length and written together; the waves of twice as many are in memory."""

BATCH_SIZE = 32

FORMATS = (".csv", ".jsonl")

AUDIO_SUFFIXES = frozenset(
    {".wav", ".flac", ".mp3", ".ogg", ".oga", ".opus", ".m4a", ".mp4", ".aac", ".aif", ".aiff", ".au", ".webm"}
)
"""Files that are taken for recordings where a folder is named."""


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


class Requested(Protocol):
    """What can be asked: a `Request`, or an utterance of a corpus, such as the rows of a manifest."""

    @property
    def id(self) -> str:
        """See `Request`."""

    @property
    def audio(self) -> Path | RemotePath | None:
        """See `Request`."""

    @property
    def start(self) -> float:
        """See `Request`."""

    @property
    def end(self) -> float | None:
        """See `Request`."""

    @property
    def text(self) -> str:
        """See `Request`."""


def requests_in(folder: str | Path) -> list[Request]:
    """A request for every recording in a folder and those below, known by its path from there, in order of names.

    Raises:
        EmotionTFError: If there is none.
    """
    folder = Path(folder)
    found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in AUDIO_SUFFIXES and path.is_file())
    if not found:
        raise EmotionTFError(f"{folder} holds no recording", expected=f"files of {', '.join(sorted(AUDIO_SUFFIXES))}")
    return [Request(path.relative_to(folder).as_posix(), path) for path in found]


def predict_requests(
    requests: Sequence[Requested],
    model: str | Path,
    skip_bad: bool = False,
    speakers: str | Path | None = None,
    min_confidence: float = 0.0,
) -> Iterator[Answer]:
    """Names the emotions of many utterances, in batches of like length, each answer as soon as it is known.

    Args:
        requests: The utterances.
        model: What `load` takes.
        skip_bad: Answer with what is wrong with an utterance that cannot be heard, and go on, instead of raising.
        speakers: As for `predict_files`; by id.
        min_confidence: As for `Predictor.predict`.

    Yields:
        An answer a request, in their order.

    Raises:
        EmotionTFError: If the model cannot be loaded, does not fit the utterances, or one cannot be heard.
    """
    asked = _with_voices(requests, speakers)
    for answers in _Bulk(load(model), skip_bad, min_confidence).answer(asked):
        yield from answers


def predict_batch(
    requests: Sequence[Requested],
    model: str | Path,
    out: str | Path,
    skip_bad: bool = False,
    speakers: str | Path | None = None,
    min_confidence: float = 0.0,
) -> int:
    """Names the emotions of very many utterances and writes them to a file, or goes on where it was stopped.

    What is finished lies in `.NAME.partial` beside the file, which becomes the file at the end; memory does not grow
    with the number of utterances. A call that was stopped ends with the same bytes as one that was not. It goes on only
    if it is the same call: the same requests of files of the same sizes and times, the same model, and the same
    speaker embeddings.

    Args:
        requests: The utterances; their ids must differ.
        model: What `load` takes.
        out: The file: a `.csv` of `id`, `label`, a column an emotion, one a dimension, and `error`, or a `.jsonl` of
            objects with `id` and either `label` and `probabilities` or `error`; a line an utterance, in the order of
            the requests.
        skip_bad: Write down what is wrong with an utterance that cannot be heard, and go on, instead of raising.
        speakers: As for `predict_files`; by id.
        min_confidence: As for `Predictor.predict`.

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
    asked = _with_voices(requests, speakers)

    def refuse() -> None:
        raise EmotionTFError(f"{out} is being written by another process", fix="wait for it, or name another file")

    bulk = _Bulk(predictor, skip_bad, min_confidence)
    partial, progress = (out.with_name(f".{out.name}.{kind}") for kind in ("partial", "progress.json"))
    with locked(out.with_name(f".{out.name}.lock"), refuse):
        call = digest([_identity(Path(model), speakers), min_confidence, skip_bad, list(map(_description, requests))])
        state = _resume(partial, progress, call)
        with partial.open("ab") as file, tracking("utterances", len(asked)) as advance:
            file.truncate(state["bytes"])
            if state["answered"]:
                logger.info("going on after %d of %d utterances", state["answered"], len(asked))
                advance(state["answered"])
            elif out.suffix == ".csv":
                file.write(_csv_line(["id", "label", *predictor.labels, *predictor.dimensions, "error"]))
            for answers in bulk.answer(asked[state["answered"] :]):
                for answer in answers:
                    file.write(_line(answer, out.suffix, predictor))
                file.flush()
                os.fsync(file.fileno())
                state["answered"] += len(answers)
                state["failed"] += sum(answer.error is not None for answer in answers)
                write_json(progress, state | {"bytes": file.tell()})
                advance(len(answers))
        partial.replace(out)
        progress.unlink(missing_ok=True)
    return state["failed"]


def _with_voices(requests: Sequence[Requested], speakers: str | Path | None) -> "Asked":
    """The requests, each with its speaker embedding from a file, if there is one."""
    if speakers is None:
        return [(request, None) for request in requests]
    voices = read_speaker_embeddings(speakers, [request.id for request in requests])
    return list(zip(requests, voices, strict=True))


def _identity(model: Path, speakers: str | Path | None) -> list[tuple[str, str]]:
    """Names and digests of the files of a model, which hold its settings and its vocabulary, and of the speakers."""
    artefact = find_artefact(model)
    files = [artefact] if artefact.is_file() else sorted(path for path in artefact.rglob("*") if path.is_file())
    others = [] if speakers is None else [("speakers", file_digest(speakers))]
    return [*((str(path.relative_to(artefact)), file_digest(path)) for path in files), *others]


def _description(request: Requested) -> list[Any]:
    """What an answer depends on: the request, and the size and time of its recording."""
    described = [request.id, str(request.audio), request.start, request.end, request.text]
    if isinstance(request.audio, Path) and request.audio.is_file():
        found = request.audio.stat()
        described += [found.st_size, found.st_mtime_ns]
    return described


def _resume(partial: Path, progress: Path, call: str) -> dict[str, Any]:
    """How far an earlier call of the same kind came: `answered`, `failed`, and the `bytes` that hold the answers."""
    try:
        state = read_json(progress)
        if state["call"] == call and partial.stat().st_size >= state["bytes"]:
            return state
    except (EmotionTFError, OSError, KeyError, TypeError):
        pass  # There was no earlier call, or what it left is no use.
    return {"call": call, "answered": 0, "failed": 0, "bytes": 0}


Asked = Sequence[tuple[Requested, np.ndarray | None]]
"""Requests, each with its speaker embedding."""

Wave = np.ndarray | EmotionTFError | None
"""A wave, why it cannot be heard, or None where there is nothing to hear."""


@dataclass(frozen=True)
class _Bulk:
    """What answers windows of requests.

    Args:
        predictor: The model.
        skip_bad: Whether an utterance that cannot be heard is an answer.
        min_confidence: As for `Predictor.predict`.
    """

    predictor: Predictor
    skip_bad: bool
    min_confidence: float

    def answer(self, asked: Asked) -> Iterator[list[Answer]]:
        """The answers window by window; the next window is decoded while one is answered."""
        windows = [asked[start : start + WINDOW] for start in range(0, len(asked), WINDOW)]
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            decoded = [[pool.submit(self._hear, request) for request, _ in window] for window in windows[:1]]
            for number, window in enumerate(windows):
                for following in windows[number + 1 : number + 2]:
                    decoded.append([pool.submit(self._hear, request) for request, _ in following])
                yield self._window(window, [future.result() for future in decoded.pop(0)])

    def _hear(self, request: Requested) -> Wave:
        """The wave of a request, or why it cannot be heard."""
        config = self.predictor.config
        if request.audio is None or not config.model.hears:
            return None
        try:
            if not request.start and request.end is None:
                return self.predictor.read(request.audio)
            return read_waveform(request.audio, config.features.sample_rate, request.start, request.end)
        except EmotionTFError as error:
            return error

    def _window(self, window: Asked, waves: Sequence[Wave]) -> list[Answer]:
        """The answers to a window of requests in their order."""
        answers: dict[int, Prediction | EmotionTFError] = {}
        lengths: dict[int, int] = {}
        for place, wave in enumerate(waves):
            if not isinstance(wave, EmotionTFError):
                lengths[place] = 0 if wave is None else len(wave)
            elif self.skip_bad:
                answers[place] = wave
            else:
                raise wave
        able = sorted(lengths, key=lengths.__getitem__)
        for first in range(0, len(able), BATCH_SIZE):
            places = able[first : first + BATCH_SIZE]
            try:
                answers |= zip(places, self._ask(window, waves, places), strict=True)
            except EmotionTFError:
                if not self.skip_bad:
                    raise
                for place in places:
                    try:
                        (answers[place],) = self._ask(window, waves, [place])
                    except EmotionTFError as error:
                        answers[place] = error
        return [_answer(request, answers[place]) for place, (request, _) in enumerate(window)]

    def _ask(self, window: Asked, waves: Sequence[Any], places: Sequence[int]) -> list[Prediction]:
        """The answers to the requests at some places of a window, asked at once."""
        reads = self.predictor.config.model.reads
        return self.predictor.predict_batch(
            [waves[place] for place in places],
            [window[place][0].text if reads else None for place in places],
            [window[place][1] for place in places],
            self.min_confidence,
        )


def _answer(request: Requested, found: Prediction | EmotionTFError) -> Answer:
    """The answer to a request."""
    if isinstance(found, Prediction):
        return Answer(id=request.id, prediction=found)
    return Answer(id=request.id, error=str(found))


def _line(answer: Answer, suffix: str, predictor: Predictor) -> bytes:
    """An answer as a line of the file."""
    if suffix == ".jsonl":
        return (json.dumps(answer.as_dict(), ensure_ascii=False) + "\n").encode("utf-8")
    numbers = [str(answer.probabilities.get(name, "")) for name in predictor.labels]
    numbers += [str(answer.dimensions.get(name, "")) for name in predictor.dimensions]
    return _csv_line([answer.id or "", answer.label or "", *numbers, answer.error or ""])


def _csv_line(cells: Sequence[str]) -> bytes:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(cells)
    return line.getvalue().encode("utf-8")
