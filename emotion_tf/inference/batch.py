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

from emotion_tf.audio.channels import Channel, Channels
from emotion_tf.audio.reader import Beginning, channels_of, read_waveform, without_silence
from emotion_tf.audio.speaker.embeddings import read_speaker_embeddings
from emotion_tf.errors import EmotionTFError
from emotion_tf.inference.answer import Answer, tell_of_longer
from emotion_tf.inference.loading import find_artefact, load
from emotion_tf.inference.predictor import Prediction, Predictor
from emotion_tf.text.dialogue import Turn
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
        context: The turns before it in its dialogue, which are read by a model with `words.context_turns`.
    """

    id: str
    audio: Path | RemotePath | None = None
    start: float = 0.0
    end: float | None = None
    text: str = ""
    context: Sequence[Turn] = ()


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

    @property
    def context(self) -> Sequence[Turn]:
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
    channel: Channels = "mean",
    any_sound: bool = False,
) -> Iterator[Answer]:
    """Names the emotions of many utterances, in batches of like length, each answer as soon as it is known.

    Args:
        requests: The utterances.
        model: What `load` takes.
        skip_bad: Answer with what is wrong with an utterance that cannot be heard, and go on, instead of raising.
        speakers: As for `predict_files`; by id.
        min_confidence: As for `Predictor.predict`.
        channel: As for `predict_files`.
        any_sound: As for `Predictor.predict`.

    Yields:
        An answer a request, or a channel, in their order.

    Raises:
        EmotionTFError: If the model cannot be loaded, does not fit the utterances, or one cannot be heard.
    """
    asked = _with_voices(requests, speakers)
    bulk, longer = _Bulk(load(model), skip_bad, min_confidence, channel, any_sound), 0
    for window in bulk.answer(asked):
        for answers in window:
            longer += bulk.is_longer(answers)
            yield from answers
    tell_of_longer(longer, len(asked), bulk.max_seconds)


def predict_batch(
    requests: Sequence[Requested],
    model: str | Path,
    out: str | Path,
    skip_bad: bool = False,
    speakers: str | Path | None = None,
    min_confidence: float = 0.0,
    channel: Channels = "mean",
    any_sound: bool = False,
) -> int:
    """Names the emotions of very many utterances and writes them to a file, or goes on where it was stopped.

    What is finished lies in `.NAME.partial` beside the file, which becomes the file at the end; memory does not grow
    with the number of utterances. A call that was stopped ends with the same answers as one that was not. It goes on
    only if it is the same call: the same requests of files of the same sizes and times, the same model, and the same
    speaker embeddings.

    Args:
        requests: The utterances; their ids must differ.
        model: What `load` takes.
        out: The file: a `.csv` of `id`, `channel` where each is answered, `label`, if there are classes, a column an
            emotion, one a dimension, `seconds`, `heard_seconds`, `reason` and `error`, or a `.jsonl` of what
            `Answer.as_dict` gives; a line an utterance, or a channel, in the order of the requests.
        skip_bad: Write down what is wrong with an utterance that cannot be heard, and go on, instead of raising.
        speakers: As for `predict_files`; by id.
        min_confidence: As for `Predictor.predict`.
        channel: As for `predict_files`.
        any_sound: As for `Predictor.predict`.

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

    bulk = _Bulk(predictor, skip_bad, min_confidence, channel, any_sound)
    table = _Table(predictor.labels, list(predictor.dimensions), channel == "each") if out.suffix == ".csv" else None
    partial, progress = (out.with_name(f".{out.name}.{kind}") for kind in ("partial", "progress.json"))
    with locked(out.with_name(f".{out.name}.lock"), refuse):
        options = [min_confidence, skip_bad, channel, any_sound]
        call = digest([_identity(Path(model), speakers), *options, list(map(_description, requests))])
        state = _resume(partial, progress, call)
        with partial.open("ab") as file, tracking("utterances", len(asked)) as advance:
            file.truncate(state["bytes"])
            if state["answered"]:
                logger.info("going on after %d of %d utterances", state["answered"], len(asked))
                advance(state["answered"])
            elif table is not None:
                file.write(table.header())
            for window in bulk.answer(asked[state["answered"] :]):
                for answers in window:
                    file.writelines(_json_line(answer) if table is None else table.line(answer) for answer in answers)
                    state["failed"] += any(answer.error is not None for answer in answers)
                    state["longer"] += bulk.is_longer(answers)
                file.flush()
                os.fsync(file.fileno())
                state["answered"] += len(window)
                write_json(progress, state | {"bytes": file.tell()})
                advance(len(window))
        partial.replace(out)
        progress.unlink(missing_ok=True)
    tell_of_longer(state["longer"], len(asked), bulk.max_seconds)
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
    described += [[turn.text, turn.same_speaker] for turn in request.context]
    if isinstance(request.audio, Path) and request.audio.is_file():
        found = request.audio.stat()
        described += [found.st_size, found.st_mtime_ns]
    return described


def _resume(partial: Path, progress: Path, call: str) -> dict[str, Any]:
    """How far an earlier call of the same kind came: `answered`, of which `failed` cannot be heard and `longer` are not
    heard to their end, and the `bytes` that hold the answers."""
    try:
        state = read_json(progress)
        if state["call"] == call and partial.stat().st_size >= state["bytes"]:
            return state
    except (EmotionTFError, OSError, KeyError, TypeError):
        pass  # There was no earlier call, or what it left is no use.
    return {"call": call, "answered": 0, "failed": 0, "longer": 0, "bytes": 0}


Asked = Sequence[tuple[Requested, np.ndarray | None]]
"""Requests, each with its speaker embedding."""

Heard = tuple[int | None, Beginning | EmotionTFError | None]
"""A channel, where each is answered, and what is heard, why it cannot be, or None where there is nothing to hear."""


@dataclass(frozen=True)
class _Bulk:
    """What answers windows of requests.

    Args:
        predictor: The model.
        skip_bad: Whether an utterance that cannot be heard is an answer.
        min_confidence: As for `Predictor.predict`.
        channel: As for `predict_files`.
        any_sound: As for `Predictor.predict`.
    """

    predictor: Predictor
    skip_bad: bool
    min_confidence: float
    channel: Channels = "mean"
    any_sound: bool = False

    @property
    def max_seconds(self) -> float:
        """How much the model hears."""
        return self.predictor.config.features.max_seconds

    def is_longer(self, answers: Sequence[Answer]) -> bool:
        """Whether the recording of a request goes on behind what the model hears."""
        return any(answer.is_longer(self.max_seconds) for answer in answers)

    def answer(self, asked: Asked) -> Iterator[list[list[Answer]]]:
        """The answers to each request, window by window; the next window is decoded while one is answered."""
        windows = [asked[start : start + WINDOW] for start in range(0, len(asked), WINDOW)]
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            decoded = [[pool.submit(self._hear, request) for request, _ in window] for window in windows[:1]]
            for number, window in enumerate(windows):
                for following in windows[number + 1 : number + 2]:
                    decoded.append([pool.submit(self._hear, request) for request, _ in following])
                yield self._window(window, [future.result() for future in decoded.pop(0)])

    def _hear(self, request: Requested) -> list[Heard]:
        """What is heard of a request, or of each channel, or why it cannot be."""
        audio = request.audio
        if audio is None or not self.predictor.config.model.hears:
            return [(None, None)]
        try:
            if self.channel != "each":
                return [(None, self._hear_channel(request, audio, self.channel))]
            numbers = range(1, channels_of(audio) + 1)
            return [(number, self._hear_channel(request, audio, number)) for number in numbers]
        except EmotionTFError as error:
            return [(None, error)]

    def _hear_channel(self, request: Requested, audio: Path | RemotePath, channel: Channel) -> Beginning:
        """What is heard of a channel of a request."""
        if not request.start and request.end is None:
            return self.predictor.hear(audio, channel)
        rate = self.predictor.config.features.sample_rate
        stretch = read_waveform(audio, rate, request.start, request.end, channel)
        return without_silence(stretch, rate, self.max_seconds)

    def _window(self, window: Asked, heard: Sequence[Sequence[Heard]]) -> list[list[Answer]]:
        """The answers to a window of requests in their order."""
        # A row for each channel: of which request, and what is heard.
        rows = [(number, *found) for number, channels in enumerate(heard) for found in channels]
        found: dict[int, Prediction | EmotionTFError] = {}
        lengths: dict[int, int] = {}
        for row, (_, _, beginning) in enumerate(rows):
            if not isinstance(beginning, EmotionTFError):
                lengths[row] = 0 if beginning is None else len(beginning.waveform)
            elif self.skip_bad:
                found[row] = beginning
            else:
                raise beginning
        able = sorted(lengths, key=lengths.__getitem__)
        asked = [(window[number][0], window[number][1], beginning) for number, _, beginning in rows]
        for first in range(0, len(able), BATCH_SIZE):
            batch = able[first : first + BATCH_SIZE]
            found |= zip(batch, self._ask_or_say_why([asked[row] for row in batch]), strict=True)
        answers: list[list[Answer]] = [[] for _ in window]
        for row, (number, channel, _) in enumerate(rows):
            answers[number].append(_answer(window[number][0], found[row], channel))
        return answers

    def _ask_or_say_why(self, asked: Sequence[tuple[Any, ...]]) -> Sequence[Prediction | EmotionTFError]:
        """The answers to requests, of which one that the model refuses does not end the others."""
        try:
            return self._ask(asked)
        except EmotionTFError as error:
            if not self.skip_bad:
                raise
            if len(asked) == 1:
                return [error]
        return [answer for each in asked for answer in self._ask_or_say_why([each])]

    def _ask(self, asked: Sequence[tuple[Any, ...]]) -> list[Prediction]:
        """The answers to requests, speaker embeddings and what is heard, asked at once."""
        reads, turns = self.predictor.config.model.reads, self.predictor.config.words.context_turns
        return self.predictor.predict_batch(
            [beginning for _, _, beginning in asked],
            [request.text if reads else None for request, _, _ in asked],
            [voice for _, voice, _ in asked],
            self.min_confidence,
            any_sound=self.any_sound,
            contexts=[request.context if reads and turns else () for request, _, _ in asked],
        )


def _answer(request: Requested, found: Prediction | EmotionTFError, channel: int | None) -> Answer:
    """The answer to a request."""
    if isinstance(found, Prediction):
        return Answer(id=request.id, prediction=found, channel=channel)
    return Answer(id=request.id, error=str(found), channel=channel)


@dataclass(frozen=True)
class _Table:
    """The lines of a table of answers.

    Args:
        labels: The emotions.
        dimensions: The dimensions.
        with_channel: Whether each channel is answered.
    """

    labels: Sequence[str]
    dimensions: Sequence[str]
    with_channel: bool

    def header(self) -> bytes:
        """The names of the columns."""
        channel = ["channel"] * self.with_channel
        rest = ["seconds", "heard_seconds", "reason", "error"]
        return _csv_line(["id", *channel, *self._label("label"), *self.labels, *self.dimensions, *rest])

    def _label(self, cell: str) -> list[str]:
        """The cell of the label, which there is not without classes."""
        return [cell] if self.labels else []

    def line(self, answer: Answer) -> bytes:
        """An answer."""
        said = answer.as_dict()
        numbers = [answer.probabilities.get(name, "") for name in self.labels]
        numbers += [answer.dimensions.get(name, "") for name in self.dimensions]
        channel = [said.get("channel", "")] * self.with_channel
        rest = [said.get(name, "") for name in ("seconds", "heard_seconds", "reason", "error")]
        return _csv_line([answer.id, *channel, *self._label(answer.label or ""), *numbers, *rest])


def _csv_line(cells: Sequence[Any]) -> bytes:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(cells)
    return line.getvalue().encode("utf-8")


def _json_line(answer: Answer) -> bytes:
    return (json.dumps(answer.as_dict(), ensure_ascii=False) + "\n").encode("utf-8")
