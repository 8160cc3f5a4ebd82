"""WAV, FLAC, OGG, MP3 and whatever else libsndfile reads."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import soundfile

from emotion_tf.audio.decode import bounds, flac, mp3, ogg, wav
from emotion_tf.audio.decode.span import Span
from emotion_tf.errors import EmotionTFError

LOGGER = logging.getLogger(__name__)

MOST_FRAMES = 2**60
"""Where a header does not say how long the sound is, libsndfile claims more than this."""

INTEGER_PEAK = 8.0
"""Floating-point samples beyond this are 16-bit integers that somebody forgot to scale: full scale is 1."""

INTEGER_SCALE = 2.0**15

SOUGHT = ("WAV", "WAVEX", "FLAC", "AIFF", "AU", "W64", "RF64", "CAF")
"""Formats that begin at any sample as if all before it had been decoded."""

MPEG_DELAY = 2_304
"""Frames of silence of an MP3 encoder and decoder, which a WAV header around MP3 may count."""


class OneWayFile(soundfile.SoundFile):
    """A file that is read from its start to its end.

    soundfile moves to where it is already after each block that it reads, if it can. After that MP3 and Opus go on with
    other samples than those of a file that is read at once.
    """

    def seekable(self) -> bool:
        """Never."""
        return False


def blocks(
    content: Span, name: str, bounded: bool = False, skip_seconds: float = 0.0
) -> Iterator[tuple[np.ndarray, int]]:
    """Blocks (frames, channels) float32 of all recordings in a file, one behind the other, each with the rate.

    Args:
        content: The file.
        name: How errors call it.
        bounded: Whether its length is bounded, so that what a plain file holds may be decoded at once.
    """
    number, rest = 1, content
    while True:
        end = len(rest)
        if rest[:4] == b"OggS":
            end = ogg.end_of_recording(rest)
        elif rest[:4] == b"RIFF":
            end = wav.end_of_recording(rest)
        part = rest.within(0, end)
        if rest[:4] == b"RIFF":
            part = wav.with_length(part)
        if number == 2:
            LOGGER.warning("%s holds several recordings, one behind the other; all of them are heard", name)
        with _opened(part, name) as (file, read):
            first = round(skip_seconds * file.samplerate)
            skipped = first if file.format in SOUGHT and first < file.frames < MOST_FRAMES else 0
            skip_seconds = max(0.0, skip_seconds - file.frames / file.samplerate)
            found = _blocks_of(file, part, read, name, bounded, skipped)
            yield from without_beginning(found, first - skipped)
            if file.format == "MP3":
                end = mp3.end_of_recording(rest, read())
            elif file.format == "FLAC":
                end = flac.end_of_recording(rest, read())
        if end >= len(rest):
            return
        number, rest = number + 1, rest.within(end)


@contextmanager
def _opened(content: Span, name: str) -> Iterator[tuple[OneWayFile, Callable[[], int]]]:
    """A file that libsndfile reads, whose header has been checked, and what says how many bytes were read of it.

    What libsndfile says of its damage is told.
    """
    stream = content.stream()
    try:
        with mp3.quiet(content):
            file = OneWayFile(stream)
        with file:
            _check_header(file, content, name)
            yield file, stream.tell
    except soundfile.LibsndfileError as error:
        raise bounds.not_decoded(name, error.error_string) from None


def _blocks_of(
    file: OneWayFile, content: Span, read: Callable[[], int], name: str, bounded: bool, first: int
) -> Iterator[tuple[np.ndarray, int]]:
    """Blocks (frames, channels) float32 of an open file, each with the rate."""
    if bounded and file.frames < MOST_FRAMES:
        bounds.check_length(file.frames, file.channels, file.samplerate, name)
    scale = _scale(file, name)
    if bounded and not first:
        samples = wav.decode_plain(content, file.subtype, file.channels, file.samplerate, file.frames)
        if samples is not None:
            yield samples, file.samplerate
            return
    if first:
        file.seek(first)
    frames, step = first, bounds.block_frames(file.channels)
    # A read beyond the last frame might look at all that is left of an MP3, which tells nothing any more.
    while frames < file.frames:
        with mp3.quiet(content):
            samples = file.read(min(step, file.frames - frames), dtype="float32", always_2d=True)
        if not len(samples):
            break
        frames += len(samples)
        yield samples if scale == 1.0 else samples / np.float32(scale), file.samplerate
    _check_whole(file, content, frames, read(), name)


def _scale(file: OneWayFile, name: str) -> float:
    """What the samples are divided by, which is 1 but for integers that were written as floating-point numbers."""
    if file.format not in ("WAV", "WAVEX", "RF64", "W64", "AIFF", "AU", "CAF") or file.subtype not in (
        "FLOAT",
        "DOUBLE",
    ):
        return 1.0
    step, peak = bounds.block_frames(file.channels), 0.0
    while len(samples := file.read(step, dtype="float32", always_2d=True)) and peak <= INTEGER_PEAK:
        peak = max(peak, float(np.abs(samples).max()))
    file.seek(0)
    if not INTEGER_PEAK < peak <= INTEGER_SCALE:
        return 1.0
    LOGGER.warning("%s holds 16-bit integers that were written as floats without scaling; they are scaled", name)
    return INTEGER_SCALE


def without_beginning(found: Iterator[tuple[np.ndarray, int]], frames: int) -> Iterator[tuple[np.ndarray, int]]:
    """The blocks without so many frames at their beginning."""
    for samples, rate in found:
        if frames < len(samples):
            yield samples[frames:], rate
        frames = max(0, frames - len(samples))


def seconds(content: Span, name: str) -> float | None:
    """How long a file is by its header, if that says so and is to be believed."""
    with _opened(content, name) as (file, _):
        guessed = file.format == "MP3" and not mp3.states_its_length(content)
        return None if guessed or file.frames >= MOST_FRAMES else file.frames / file.samplerate


def _check_header(file: soundfile.SoundFile, content: Span, name: str) -> None:
    """Refuses a file that is shorter than its header says, or whose rate is none."""
    bounds.check_rate(file.samplerate, name)
    missing = {"WAV": wav.missing_bytes, "WAVEX": wav.missing_bytes, "OGG": ogg.missing_bytes}.get(file.format)
    if missing is not None and (count := missing(content)):
        raise bounds.cut_short(name, f"at least {len(content) + count} bytes", f"{len(content)}")


def _check_whole(file: soundfile.SoundFile, content: Span, num_frames: int, num_bytes: int, name: str) -> None:
    """Refuses a file of which fewer frames were decoded than it has."""
    if file.format != "MP3" or mp3.states_its_length(content):
        missing = file.frames - num_frames
        delay = MPEG_DELAY if file.format != "MP3" and file.subtype.startswith("MPEG") else 0
        if delay < missing and file.frames < MOST_FRAMES:
            raise bounds.cut_short(name, f"{file.frames} samples, as its header says", f"{num_frames}")
    elif num_bytes < 0.95 * len(content):
        # libsndfile guesses the length from the first bit rate and reads no further. Tags may stand behind the sound.
        raise EmotionTFError(
            f"{name} does not say how long it is, and its bit rate changes",
            expected="an MP3 with a Xing or Info header",
            fix="convert it, for example to FLAC",
        )
