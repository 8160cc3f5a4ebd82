"""From an audio file, here or elsewhere, to the wave that the front end hears."""

import io
import mmap
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np

from emotion_tf.audio.activity import onset
from emotion_tf.audio.channels import Channel, Mixer
from emotion_tf.audio.decode import bounds, decode, decode_blocks, seconds_of
from emotion_tf.audio.resample import BlockResampler, resample
from emotion_tf.errors import EmotionTFError
from emotion_tf.utils.paths import RemotePath, as_path

MARGIN_SECONDS = 0.05
"""Silence that is left before the sound where the rest is cut off."""


@dataclass(frozen=True)
class RecordingInMemory:
    """The bytes of an audio file that is nowhere else, such as one that a server was sent.

    Args:
        content: The whole file.
        name: How errors call it.
    """

    content: bytes
    name: str = "the recording"

    def __str__(self) -> str:
        return self.name


def read_waveform(
    path: str | Path | RemotePath,
    sample_rate: int,
    start: float = 0.0,
    end: float | None = None,
    channel: Channel = "mean",
) -> np.ndarray:
    """Reads an audio file, or a stretch of it, as one channel at the rate wanted.

    Of a stretch no more is kept than that, and no more decoded than what lies before it; WAV, FLAC and AIFF are sought
    in. What is wrong with the file elsewhere then stays unseen.

    Args:
        path: A file of a format that `decode` takes, or its URL.
        sample_rate: Rate of the result, in hertz.
        start: Where to begin, in seconds, rounded to a sample of the file.
        end: Where to end, in seconds; None means the end of the file.
        channel: Which channel is heard: its number, from 1 on, or `mean`.

    Returns:
        (samples,) float32. Integer formats lie within [-1, 1], but for the slight overshoot of resampling.

    Raises:
        EmotionTFError: If there is no such file, `decode` refuses it, or the stretch lies outside of it.

    Example:

    >>> import soundfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     soundfile.write(f"{folder}/tone.wav", np.zeros((48_000, 2)), 48_000)
    ...     read_waveform(f"{folder}/tone.wav", sample_rate=16_000, start=0.5).shape
    (8000,)
    """
    if start == 0 and end is None:
        return resample(*decode(_read(as_path(path)), str(path), channel), sample_rate)
    in_order = 0 <= start < np.inf if end is None else 0 <= start < end < np.inf
    found = _stretch(as_path(path), start, end, channel) if in_order else None
    return resample(*(found or _stretch_of_all(path, start, end, channel)), sample_rate)


def _stretch(
    path: Path | RemotePath, start: float, end: float | None, channel: Channel
) -> tuple[np.ndarray, int] | None:
    """A stretch of a file and its rate, in the memory that it takes; None where it is not inside the file."""
    mixer, blocks, heard, rate, wanted = Mixer(str(path), channel), [], 0, 0, np.inf
    for samples, block_rate in _decode_blocks(path, start):
        if rate not in (0, block_rate):
            return None  # Recordings of several rates, one behind the other, have to be joined first.
        rate = block_rate
        wanted = np.inf if end is None else round(end * rate) - round(start * rate)
        blocks.append(mixer(samples, rate))
        heard += len(samples)
        bounds.check_length(heard, samples.shape[1], rate, str(path))
        if heard > wanted:  # One sample more shows that the end lies inside the file.
            break
    # Half a sample of grace: an end that was written with few digits still is the end of the file.
    if not heard or (end is not None and (wanted < 1 or end * rate >= round(start * rate) + heard + 0.5)):
        return None
    return np.concatenate(blocks)[: heard if end is None else int(wanted)], rate


def _stretch_of_all(
    path: str | Path | RemotePath, start: float, end: float | None, channel: Channel
) -> tuple[np.ndarray, int]:
    """A stretch of a file that is decoded whole, and its rate.

    Raises:
        EmotionTFError: If the stretch is not inside the file.
    """
    samples, rate = decode(_read(as_path(path)), str(path), channel)
    first, last = start * rate, len(samples) if end is None else end * rate
    if not 0 <= first < last < len(samples) + 0.5:
        raise EmotionTFError(
            f"the stretch wanted of {path} is not inside the file",
            expected=f"a start before an end, both from 0 to {len(samples) / rate:g} seconds",
            received=f"start {start:g}, end {'of the file' if end is None else format(end, 'g')}",
        )
    stretch = samples[round(first) : round(last)]
    if not len(stretch):
        raise EmotionTFError(
            f"the stretch wanted of {path} holds no sample",
            expected=f"at least {1 / rate:g} seconds",
            received=f"{(last - first) / rate:g} seconds",
        )
    return stretch, rate


def read_blocks(
    path: str | Path | RemotePath | RecordingInMemory, sample_rate: int, channel: Channel = "mean"
) -> Iterator[np.ndarray]:
    """Reads an audio file as `read_waveform` does, block after block, in memory that does not grow with its length.

    Args:
        path: A file of a format that `decode` takes, of any size and any length, or its URL; of that the whole file is
            copied to the disk first. Or what is in memory already.
        sample_rate: Rate of the result, in hertz.
        channel: As for `read_waveform`.

    Yields:
        (samples,) float32, some seconds long at most; some may be empty. Joined, they are what `read_waveform` returns.

    Raises:
        EmotionTFError: As for `read_waveform`. What shows only where it stands, such as a FLAC file that breaks off, is
            refused after the blocks before it were given.

    Example:

    >>> import soundfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     soundfile.write(f"{folder}/tone.wav", np.zeros((480_000, 2)), 48_000)
    ...     sum(len(block) for block in read_blocks(f"{folder}/tone.wav", sample_rate=16_000))
    160000
    """
    heard, mixer = 0, Mixer(str(path), channel)
    resampler: BlockResampler | None = None
    for samples, rate in _decode_blocks(path if isinstance(path, RecordingInMemory) else as_path(path)):
        block = mixer(samples, rate)
        heard += len(block)
        # Another rate is that of another recording in the same file.
        if resampler is None or rate != resampler.rate:
            if resampler is not None:
                yield resampler.finish()
            resampler = BlockResampler(rate, sample_rate)
        yield resampler.push(block)
    if not heard or resampler is None:
        raise bounds.no_samples(str(path))
    yield resampler.finish()


@dataclass(frozen=True)
class Beginning:
    """The part of a recording that is heard.

    Args:
        waveform: (samples,) float32.
        start: Where it begins in the recording, in seconds.
        seconds: How long the recording is; None where only reading all of it would tell.
    """

    waveform: np.ndarray
    start: float
    seconds: float | None


def read_beginning(
    path: str | Path | RemotePath | RecordingInMemory, sample_rate: int, seconds: float, channel: Channel = "mean"
) -> np.ndarray:
    """Reads the first seconds of an audio file as `read_waveform` does, and decodes little more than that.

    Args:
        path: A file of a format that `decode` takes, of any size and any length, or its URL, or what is in memory.
        sample_rate: Rate of the result, in hertz.
        seconds: How much is wanted; a shorter file is read whole.
        channel: As for `read_waveform`.

    Returns:
        (samples,) float32, at most `seconds` long. Of a longer file, silence at its beginning is left out.

    Raises:
        EmotionTFError: As for `read_blocks`, but for what is wrong behind the part that is wanted.

    Example:

    >>> import soundfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     soundfile.write(f"{folder}/tone.wav", np.zeros((48_000, 2)), 48_000)
    ...     read_beginning(f"{folder}/tone.wav", sample_rate=16_000, seconds=0.5).shape
    (8000,)
    """
    return beginning_of(path, sample_rate, seconds, channel).waveform


def beginning_of(
    path: str | Path | RemotePath | RecordingInMemory, sample_rate: int, seconds: float, channel: Channel = "mean"
) -> Beginning:
    """What `read_beginning` reads, and where and of how much it is.

    Args:
        path: As for `read_beginning`.
        sample_rate: Likewise.
        seconds: Likewise.
        channel: Likewise.

    Raises:
        EmotionTFError: As for `read_beginning`.

    Example:

    >>> import soundfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     soundfile.write(f"{folder}/late.wav", np.append(np.zeros(32_000), np.sin(np.arange(8_000))), 8_000)
    ...     beginning = beginning_of(f"{folder}/late.wav", sample_rate=8_000, seconds=2.0)
    >>> len(beginning.waveform), beginning.start, beginning.seconds
    (8400, 3.95, 5.0)
    """
    wanted = round(seconds * sample_rate)
    opening: np.ndarray | None = None  # What is heard where all is silent.
    heard, skipped, sounds = np.zeros(0, np.float32), 0, False
    for block in read_blocks(path, sample_rate, channel):
        heard = np.concatenate([heard, block])
        while not sounds and len(heard) > wanted:
            opening = heard[:wanted] if opening is None else opening
            silent, sounds = _silence(heard[:wanted], sample_rate)
            heard, skipped = heard[silent:], skipped + silent
        if sounds and len(heard) >= wanted:
            return Beginning(heard[:wanted], skipped / sample_rate, _seconds_of(path))
    length = (skipped + len(heard)) / sample_rate
    if opening is not None and not sounds:
        silent, sounds = _silence(heard, sample_rate)
        heard, skipped = (heard[silent:], skipped + silent) if sounds else (opening, 0)
    return Beginning(heard, skipped / sample_rate, length)


def without_silence(waveform: np.ndarray, sample_rate: int, seconds: float) -> Beginning:
    """What is heard of a wave of which no more than some seconds can be heard.

    Args:
        waveform: (samples,) float32.
        sample_rate: Its rate, in hertz.
        seconds: How much can be heard. Of a longer wave, silence at its beginning is left out.

    Example:

    >>> late = np.append(np.zeros(32_000, np.float32), np.sin(np.arange(8_000, dtype=np.float32)))
    >>> heard = without_silence(late, sample_rate=8_000, seconds=2.0)
    >>> len(heard.waveform), heard.start, heard.seconds
    (8400, 3.95, 5.0)
    """
    wanted, length = round(seconds * sample_rate), len(waveform) / sample_rate
    if len(waveform) <= wanted:
        return Beginning(waveform, 0.0, length)
    silent, sounds = _silence(waveform, sample_rate)
    first = silent if sounds else 0
    return Beginning(waveform[first : first + wanted], first / sample_rate, length)


def channels_of(path: str | Path | RemotePath | RecordingInMemory) -> int:
    """How many channels an audio file has.

    Raises:
        EmotionTFError: As for `read_blocks`.
    """
    for samples, _ in _decode_blocks(path if isinstance(path, RecordingInMemory) else as_path(path)):
        return samples.shape[1]
    raise bounds.no_samples(str(path))


def _silence(waveform: np.ndarray, sample_rate: int) -> tuple[int, bool]:
    """How many samples at the beginning of a wave are silence that may be left out, and whether sound follows."""
    begins = onset(waveform, sample_rate)
    margin = min(round(MARGIN_SECONDS * sample_rate), len(waveform) // 2)
    return max(0, (len(waveform) if begins is None else begins) - margin), begins is not None


def _read(path: Path | RemotePath) -> bytes:
    """The bytes of a file that is not too large."""
    with _open(path) as stream:
        size = path.stat().st_size
        if size > bounds.MAX_BYTES:
            raise EmotionTFError(
                f"{path} is too large", expected=f"at most {bounds.MAX_BYTES} bytes", received=f"{size}"
            )
        try:
            return stream.read()
        except OSError as error:
            raise _not_read(path, error) from None


def _open(path: Path | RemotePath) -> BinaryIO:
    """Opens a file that is there."""
    try:
        if not path.exists():
            raise EmotionTFError(f"{path} does not exist", expected="an audio file")
        if not path.is_file():
            raise EmotionTFError(f"{path} is not a file", expected="an audio file", fix="name the file itself")
        return path.open("rb")
    except OSError as error:
        raise _not_read(path, error) from None


def _not_read(path: Path | RemotePath, error: OSError) -> EmotionTFError:
    return EmotionTFError(f"{path} cannot be read ({error.strerror})", expected="a readable file")


@contextmanager
def _on_disk(path: RemotePath) -> Iterator[BinaryIO]:
    """A copy of a remote file, which is gone once it is closed."""
    with tempfile.TemporaryFile() as copy:
        with _open(path) as stream:
            try:
                shutil.copyfileobj(stream, copy)
            except OSError as error:
                raise _not_read(path, error) from None
        copy.seek(0)
        yield cast(BinaryIO, copy)


def _decode_blocks(
    path: Path | RemotePath | RecordingInMemory, skip_seconds: float = 0.0
) -> Iterator[tuple[np.ndarray, int]]:
    """Blocks (frames, channels) float32 of an audio file, each with the rate."""
    if isinstance(path, RecordingInMemory):
        yield from decode_blocks(io.BytesIO(path.content), path.content, str(path), skip_seconds=skip_seconds)
        return
    with _on_disk(path) if isinstance(path, RemotePath) else _open(path) as stream:
        if not os.fstat(stream.fileno()).st_size:
            raise bounds.empty(str(path))
        # The checks look at a few places of the content, of which a map loads no more than those.
        with mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
            yield from decode_blocks(stream, content, str(path), skip_seconds=skip_seconds)


def _seconds_of(path: str | Path | RemotePath | RecordingInMemory) -> float | None:
    """How long a recording is by its header; None if that does not say."""
    if isinstance(path, RecordingInMemory):
        return seconds_of(io.BytesIO(path.content), path.content, str(path))
    path = as_path(path)
    if isinstance(path, RemotePath):
        return None
    with _open(path) as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return seconds_of(stream, content, str(path))
