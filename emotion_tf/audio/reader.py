"""From an audio file, here or elsewhere, to the wave that the front end hears."""

import mmap
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np

from emotion_tf.audio.channels import Channel, Mixer
from emotion_tf.audio.decode import bounds, decode, decode_blocks
from emotion_tf.audio.resample import BlockResampler, resample
from emotion_tf.errors import EmotionTFError
from emotion_tf.utils.paths import RemotePath, as_path


def read_waveform(
    path: str | Path | RemotePath,
    sample_rate: int,
    start: float = 0.0,
    end: float | None = None,
    channel: Channel = "mean",
) -> np.ndarray:
    """Reads an audio file, or a stretch of it, as one channel at the rate wanted.

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
    samples, rate = decode(_read(as_path(path)), str(path), channel)
    first, last = start * rate, len(samples) if end is None else end * rate
    # Half a sample of grace: an end that was written with few digits still is the end of the file.
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
    return resample(stretch, rate, sample_rate)


def read_blocks(path: str | Path | RemotePath, sample_rate: int, channel: Channel = "mean") -> Iterator[np.ndarray]:
    """Reads an audio file as `read_waveform` does, block after block, in memory that does not grow with its length.

    Args:
        path: A file of a format that `decode` takes, of any size and any length, or its URL; of that the whole file is
            copied to the disk first.
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
    for samples, rate in _decode_blocks(as_path(path)):
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


def read_beginning(
    path: str | Path | RemotePath, sample_rate: int, seconds: float, channel: Channel = "mean"
) -> np.ndarray:
    """Reads the first seconds of an audio file as `read_waveform` does, and decodes little more than that.

    Args:
        path: A file of a format that `decode` takes, of any size and any length, or its URL.
        sample_rate: Rate of the result, in hertz.
        seconds: How much is wanted; a shorter file is read whole.
        channel: As for `read_waveform`.

    Returns:
        (samples,) float32, at most `seconds` long.

    Raises:
        EmotionTFError: As for `read_blocks`, but for what is wrong behind the part that is wanted.

    Example:

    >>> import soundfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     soundfile.write(f"{folder}/tone.wav", np.zeros((48_000, 2)), 48_000)
    ...     read_beginning(f"{folder}/tone.wav", sample_rate=16_000, seconds=0.5).shape
    (8000,)
    """
    wanted, read, blocks = round(seconds * sample_rate), 0, []
    for block in read_blocks(path, sample_rate, channel):
        blocks.append(block)
        read += len(block)
        if read >= wanted:
            break
    return np.concatenate(blocks)[:wanted]


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


def _decode_blocks(path: Path | RemotePath) -> Iterator[tuple[np.ndarray, int]]:
    """Blocks (frames, channels) float32 of an audio file, each with the rate."""
    with _on_disk(path) if isinstance(path, RemotePath) else _open(path) as stream:
        if not os.fstat(stream.fileno()).st_size:
            raise bounds.empty(str(path))
        # The checks look at a few places of the content, of which a map loads no more than those.
        with mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
            yield from decode_blocks(stream, content, str(path))
