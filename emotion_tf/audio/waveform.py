"""From an audio file to the wave that the front end hears, and what augmentation does to that wave."""

import functools
import io
import math
import mmap
import os
import shutil
import struct
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import ModuleType
from typing import BinaryIO, cast

import librosa
import numpy as np
import soundfile
import soxr

from emotion_tf.errors import EmotionTFError
from emotion_tf.utils.remote_path import RemotePath, as_path
from emotion_tf.utils.tensorflow_io import tensorflow_io

MAX_BYTES = 2**32
"""Largest file, and largest wave once it is decoded: what a WAV header can count."""

MAX_SECONDS = 6 * 60 * 60
"""Longest recording that is read at once."""

RATES = (1_000, 1_000_000)
"""Lowest and highest rate of a file, in hertz: a header that lies could make a wave of any length of a few samples."""

BLOCK_FRAMES = 2**16
"""Samples that are decoded at a time where a file is read in blocks, of all channels of three and more together."""

MAX_AMPLITUDE = 2.0**15
"""Loudest sample of a float file: some tools write 16-bit values as floats without scaling them."""

TENSORFLOW_IO_ENCODINGS = {"PCM_U8": (1, np.uint8), "PCM_16": (2, np.int16), "PCM_24": (3, np.int32)}
"""Encodings of plain WAV files that tensorflow-io decodes: bytes of a sample, and the type that it insists on.

The rest is left to soundfile, since tensorflow-io 0.37 did this when it was tried: it took 32-bit integers for floats;
returned no samples, and no error, where a chunk of odd length came first; crashed the process on a WAV whose header
contradicts itself; never returned from a damaged FLAC; and differed from libsndfile in the last bits of MP3 and Vorbis.
"""

VIDEO_CONTAINERS = {"mov": (4, b"ftyp"), "matroska": (0, b"\x1a\x45\xdf\xa3")}
"""Containers that PyAV opens: where the bytes begin by which they are known, and the bytes.

They are MP4 with its kin, such as MOV and M4A, and Matroska with WebM. FFmpeg is told which it is: left to guess, it
may take a file for a playlist and open what that names.
"""


def read_waveform(
    path: str | Path | RemotePath, sample_rate: int, start: float = 0.0, end: float | None = None
) -> np.ndarray:
    """Reads an audio file, or a stretch of it, as one channel at the rate wanted.

    Args:
        path: A file of a format that `decode` takes, or its URL.
        sample_rate: Rate of the result, in hertz.
        start: Where to begin, in seconds, rounded to a sample of the file.
        end: Where to end, in seconds; None means the end of the file.

    Returns:
        (samples,) float32. Integer formats lie within [-1, 1], but for the slight overshoot of resampling.

    Raises:
        EmotionTFError: If there is no such file, `decode` refuses it, or the stretch lies outside of it.

    Example:

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     soundfile.write(f"{folder}/tone.wav", np.zeros((48_000, 2)), 48_000)
    ...     read_waveform(f"{folder}/tone.wav", sample_rate=16_000, start=0.5).shape
    (8000,)
    """
    samples, rate = decode(_read(as_path(path)), str(path))
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
    return librosa.resample(stretch, orig_sr=rate, target_sr=sample_rate, res_type="soxr_hq")


def read_blocks(path: str | Path | RemotePath, sample_rate: int) -> Iterator[np.ndarray]:
    """Reads an audio file as `read_waveform` does, block after block, in memory that does not grow with its length.

    Args:
        path: A file of a format that `decode` takes, of any size and any length, or its URL; of that the whole file is
            copied to the disk first.
        sample_rate: Rate of the result, in hertz.

    Yields:
        (samples,) float32, some seconds long at most; some may be empty. Joined, they are what `read_waveform` returns.

    Raises:
        EmotionTFError: As for `read_waveform`. What shows only where it stands, such as a FLAC file that breaks off, is
            refused after the blocks before it were given.

    Example:

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     soundfile.write(f"{folder}/tone.wav", np.zeros((480_000, 2)), 48_000)
    ...     sum(len(block) for block in read_blocks(f"{folder}/tone.wav", sample_rate=16_000))
    160000
    """
    heard = given = 0
    resampler: soxr.ResampleStream | None = None
    for samples, rate in _decode_blocks(as_path(path)):
        block = _mono(samples, rate, str(path), heard)
        heard += len(block)
        if rate != sample_rate:
            resampler = resampler or soxr.ResampleStream(rate, sample_rate, num_channels=1, quality="HQ")
            block = resampler.resample_chunk(block)
        given += len(block)
        yield block
    if not heard:
        raise _no_samples(str(path))
    if resampler:
        rest = resampler.resample_chunk(np.zeros(0, np.float32), last=True)
        # Where librosa resamples a whole file it rounds the number of samples up and fills with zeros.
        yield np.pad(rest, (0, math.ceil(heard * (sample_rate / rate)) - given - len(rest)))


def read_beginning(path: str | Path | RemotePath, sample_rate: int, seconds: float) -> np.ndarray:
    """Reads the first seconds of an audio file as `read_waveform` does, and decodes little more than that.

    Args:
        path: A file of a format that `decode` takes, of any size and any length, or its URL.
        sample_rate: Rate of the result, in hertz.
        seconds: How much is wanted; a shorter file is read whole.

    Returns:
        (samples,) float32, at most `seconds` long.

    Raises:
        EmotionTFError: As for `read_blocks`, but for what is wrong behind the part that is wanted.

    Example:

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     soundfile.write(f"{folder}/tone.wav", np.zeros((48_000, 2)), 48_000)
    ...     read_beginning(f"{folder}/tone.wav", sample_rate=16_000, seconds=0.5).shape
    (8000,)
    """
    wanted, read, blocks = round(seconds * sample_rate), 0, []
    for block in read_blocks(path, sample_rate):
        blocks.append(block)
        read += len(block)
        if read >= wanted:
            break
    return np.concatenate(blocks)[:wanted]


def decode(content: bytes, name: str = "the audio") -> tuple[np.ndarray, int]:
    """Decodes the bytes of an audio file.

    tensorflow-io decodes plain WAV files where it is there, PyAV the sound of video files, and soundfile all else.
    tensorflow-io and soundfile give the same samples.

    Args:
        content: The whole file: WAV (8, 16, 24, 32 bit or float), FLAC, OGG, MP3, MP4 or WebM, of a rate within `RATES`
            and any number of channels. Other formats that libsndfile reads are taken too, but not all of them are known
            to be whole; nor is WebM. Of a video the first sound track is taken.
        name: How errors call it.

    Returns:
        The mean of the channels (samples,) float32, within [-1, 1] for integer formats, and the rate in hertz.

    Raises:
        EmotionTFError: If the content is empty, is no audio, is cut short, holds no samples, is too large, or holds
            samples that are not finite numbers; or if it is a video and PyAV is not installed.

    Example:

    >>> file = io.BytesIO()
    >>> soundfile.write(file, np.array([0.5, -0.25]), 8_000, format="WAV", subtype="PCM_16")
    >>> decode(file.getvalue())
    (array([ 0.5 , -0.25], dtype=float32), 8000)
    """
    if not content:
        raise _empty(name)
    heard, rate, waves = 0, 0, []
    for samples, rate in _blocks_at_once(content, name):
        waves.append(_mono(samples, rate, name, heard))
        heard += len(samples)
        _check_length(heard, samples.shape[1], rate, name)
    if not heard:
        raise _no_samples(name)
    return np.concatenate(waves), rate


def change_speed(waveform: np.ndarray, factor: float) -> np.ndarray:
    """Plays a wave faster or slower by resampling, so that tempo and pitch change together.

    Args:
        waveform: (samples,) float32.
        factor: Speed; 1.1 is a tenth faster and higher.

    Returns:
        (ceil(samples / factor),) float32.

    Example:

    >>> change_speed(np.zeros(16_000, np.float32), 0.5).shape
    (32000,)

    Reference:
        Ko, Peddinti, Povey, Khudanpur, "Audio augmentation for speech recognition", Interspeech 2015.
    """
    return librosa.resample(waveform, orig_sr=factor, target_sr=1.0, res_type="soxr_hq")


def _read(path: Path | RemotePath) -> bytes:
    """The bytes of a file that is not too large."""
    with _open(path) as stream:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise EmotionTFError(f"{path} is too large", expected=f"at most {MAX_BYTES} bytes", received=f"{size}")
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


def _mono(samples: np.ndarray, rate: int, name: str, first: int = 0) -> np.ndarray:
    """The mean of the channels (frames,) of samples (frames, channels), of which the first is number `first`."""
    if samples.shape[1] == 1:
        mono = samples[:, 0]
    else:
        with np.errstate(over="ignore", invalid="ignore"):
            # With each channel in one piece, NumPy averages them ten times as fast.
            mono = np.asfortranarray(samples).mean(axis=1)
    sound = np.abs(mono) <= MAX_AMPLITUDE  # False for NaN too.
    if not sound.all():
        index = int(np.argmin(sound))
        raise EmotionTFError(
            f"{name} holds samples that are no sound",
            expected=f"finite numbers within ±{MAX_AMPLITUDE:g}",
            received=f"{mono[index]:g} as sample {first + index}, at {(first + index) / rate:.3f} seconds",
            fix="write the file again from its source",
        )
    return mono


def _decode_blocks(path: Path | RemotePath) -> Iterator[tuple[np.ndarray, int]]:
    """Blocks (frames, channels) float32 of an audio file, each with the rate."""
    name = str(path)
    with _on_disk(path) if isinstance(path, RemotePath) else _open(path) as stream:
        if not os.fstat(stream.fileno()).st_size:
            raise _empty(name)
        # The checks look at a few places of the content, of which a map loads no more than those.
        with mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
            container = _video_container(content)
            if container:
                yield from _blocks_with_av(stream, container, name)
            else:
                with _opened(stream, content, name) as file:
                    yield from _blocks_with_soundfile(file, stream, content, name)


class _Stream:
    """What libsndfile reads: it seeks to wherever a damaged header points, be that before the beginning.

    An ordinary stream then raises, which soundfile prints as a traceback and passes over.
    """

    def __init__(self, stream: BinaryIO):
        self._stream = stream
        self.read, self.readinto, self.tell = stream.read, stream.readinto, stream.tell  # type: ignore[attr-defined]

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Stays where it is if there is no such place."""
        with suppress(OSError, ValueError):
            self._stream.seek(offset, whence)
        return self.tell()


_one_at_a_time = threading.Lock()


@contextmanager
def _quiet(content: bytes | mmap.mmap) -> Iterator[None]:
    """Keeps libmpg123, which decodes MP3 for libsndfile, from writing its remarks on damage to the standard error."""
    if content[:3] != b"ID3" and content[:1] != b"\xff":
        yield
        return
    with _one_at_a_time, Path(os.devnull).open("wb") as nowhere:
        stderr = os.dup(2)
        os.dup2(nowhere.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)


class _OneWayFile(soundfile.SoundFile):
    """A file that is read from its start to its end.

    soundfile moves to where it is already after each block that it reads, if it can. After that MP3 and Opus go on with
    other samples than those of a file that is read at once.
    """

    def seekable(self) -> bool:
        """Never."""
        return False


@contextmanager
def _opened(stream: BinaryIO, content: bytes | mmap.mmap, name: str) -> Iterator[_OneWayFile]:
    """A file that libsndfile reads, whose header has been checked; what libsndfile says of its damage is told."""
    try:
        with _quiet(content):
            file = _OneWayFile(_Stream(stream))
        with file:
            _check_header(file, content, name)
            yield file
    except soundfile.LibsndfileError as error:
        raise _not_decoded(name, error.error_string) from None


def _blocks_with_soundfile(
    file: _OneWayFile, stream: BinaryIO, content: bytes | mmap.mmap, name: str
) -> Iterator[tuple[np.ndarray, int]]:
    """Blocks (frames, channels) float32 of an open file, each with the rate."""
    frames = 0
    # Of a format with up to 1,024 channels, the blocks would else be a thousand times as large.
    block_frames = max(1, 2 * BLOCK_FRAMES // max(2, file.channels))
    # A read beyond the last frame might look at all that is left of an MP3, which tells nothing any more.
    while frames < file.frames:
        with _quiet(content):
            samples = file.read(min(block_frames, file.frames - frames), dtype="float32", always_2d=True)
        if not len(samples):
            break
        frames += len(samples)
        yield samples, file.samplerate
    _check_whole(file, content, frames, stream.tell(), name)


def _blocks_at_once(content: bytes, name: str) -> Iterator[tuple[np.ndarray, int]]:
    """Blocks (frames, channels) float32 of a file of bounded length, each with the rate.

    Memory is taken for what there is, block by block, and not for what the header claims.
    """
    container, stream = _video_container(content), io.BytesIO(content)
    if container:
        yield from _blocks_with_av(stream, container, name)
        return
    with _opened(stream, content, name) as file:
        _check_length(file.frames, file.channels, file.samplerate, name)
        samples = _decode_with_tensorflow_io(file, content)
        if samples is None:
            yield from _blocks_with_soundfile(file, stream, content, name)
        else:
            yield samples, file.samplerate


def _check_header(file: soundfile.SoundFile, content: bytes | mmap.mmap, name: str) -> None:
    """Refuses a file that is shorter than its header says, or whose rate is none."""
    _check_rate(file.samplerate, name)
    missing = _missing_bytes(content, file.format)
    if missing:
        raise _cut_short(name, f"at least {len(content) + missing} bytes", f"{len(content)}")


def _check_rate(rate: int, name: str) -> None:
    lowest, highest = RATES
    if not lowest <= rate <= highest:
        raise EmotionTFError(
            f"{name} has no rate at which there is sound",
            expected=f"{lowest} to {highest} Hz",
            received=f"{rate} Hz",
            fix="convert the recording again",
        )


def _check_length(frames: int, channels: int, rate: int, name: str) -> None:
    """Refuses what is too long, by its header or as far as it is decoded."""
    seconds = frames / rate
    size = frames * channels * np.dtype(np.float32).itemsize
    if seconds > MAX_SECONDS or size > MAX_BYTES:
        raise EmotionTFError(
            f"{name} is too long",
            expected=f"at most {MAX_SECONDS / 3600:g} hours and {MAX_BYTES} bytes as float32",
            received=f"at least {seconds / 3600:g} hours and {size} bytes",
            fix="cut the recording, or mend its header by converting it again",
        )


def _missing_bytes(content: bytes | mmap.mmap, container: str) -> int:
    """How many bytes a WAV or OGG file lacks at least; libsndfile passes over both in silence."""
    if container in ("WAV", "WAVEX"):
        position = 12
        while position + 8 <= len(content):
            chunk, size = struct.unpack_from("<4sI", content, position)
            position += 8 + size
            if chunk == b"data":
                return max(0, position - len(content))
            position += size % 2
    if container == "OGG":
        # Each page begins with 27 bytes, the last of which counts the segments whose lengths follow.
        start = content.rfind(b"OggS")
        page = content[start : start + 27 + 255]
        if len(page) < 27 or len(page) < 27 + page[26]:
            return 1
        ends_stream = page[5] & 4
        return max(0 if ends_stream else 1, start + 27 + page[26] + sum(page[27 : 27 + page[26]]) - len(content))
    return 0


def _empty(name: str) -> EmotionTFError:
    return EmotionTFError(f"{name} is empty", expected="an audio file", received="0 bytes")


def _no_samples(name: str) -> EmotionTFError:
    return EmotionTFError(f"{name} holds no samples", expected="some sound after the header")


def _not_read(path: Path | RemotePath, error: OSError) -> EmotionTFError:
    return EmotionTFError(f"{path} cannot be read ({error.strerror})", expected="a readable file")


def _not_decoded(name: str, reason: str) -> EmotionTFError:
    return EmotionTFError(
        f"{name} cannot be decoded ({reason.strip().rstrip('.')})",
        expected="a whole WAV, FLAC, OGG, MP3, MP4 or WebM file",
        fix="copy or convert the file again",
    )


def _cut_short(name: str, expected: str, received: str) -> EmotionTFError:
    return EmotionTFError(f"{name} is cut short", expected=expected, received=received, fix="copy or convert it again")


def _check_whole(
    file: soundfile.SoundFile, content: bytes | mmap.mmap, num_frames: int, num_bytes: int, name: str
) -> None:
    """Refuses a file of which fewer frames were decoded than it has."""
    if file.format != "MP3" or _states_its_length(content):
        if num_frames < file.frames:
            raise _cut_short(name, f"{file.frames} samples, as its header says", f"{num_frames}")
    elif num_bytes < 0.95 * len(content):
        # libsndfile guesses the length from the first bit rate and reads no further. Tags may stand behind the sound.
        raise EmotionTFError(
            f"{name} does not say how long it is, and its bit rate changes",
            expected="an MP3 with a Xing or Info header",
            fix="convert it, for example to FLAC",
        )


def _states_its_length(content: bytes | mmap.mmap) -> bool:
    """Whether an MP3 has the header of Xing or LAME, which counts its frames."""
    start = 0
    if content[:3] == b"ID3":
        # Four bytes of seven bits each say how long the tags are that follow their 10 bytes of header.
        start = 10 + sum(byte << shift for byte, shift in zip(content[6:10], (21, 14, 7, 0), strict=True))
    # It stands in the first frame, at most 38 bytes in.
    first_frame = content[start : start + 48]
    return b"Xing" in first_frame or b"Info" in first_frame


def _decode_with_tensorflow_io(file: soundfile.SoundFile, content: bytes) -> np.ndarray | None:
    """Samples (frames, channels) float32 of a plain WAV file; None for another file or without tensorflow-io."""
    sample_bytes, dtype = TENSORFLOW_IO_ENCODINGS.get(file.subtype, (0, None))
    frame_bytes = sample_bytes * file.channels
    size = file.frames * frame_bytes
    header = struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        *(b"RIFF", size + 36, b"WAVE", b"fmt ", 16, 1, file.channels, file.samplerate),
        *(file.samplerate * frame_bytes % 2**32, frame_bytes, 8 * sample_bytes, b"data", size),
    )
    # A header that is the expected one to the byte has nothing in it that tensorflow-io could stumble over.
    if dtype is None or content[:44] != header or len(content) != 44 + size:
        return None
    audio = _tensorflow_io_audio()
    if audio is None:
        return None
    samples = audio.decode_wav(content, dtype=dtype).numpy()
    full_scale = np.float32(2.0 ** (8 * samples.dtype.itemsize - 1))
    centre = full_scale if samples.dtype == np.uint8 else np.float32(0)
    return (samples.astype(np.float32) - centre) / full_scale


@functools.cache
def _tensorflow_io_audio() -> ModuleType | None:
    """tensorflow-io's decoders, or None where it is missing or was compiled for another TensorFlow."""
    package = tensorflow_io()
    if package is None:
        return None
    try:
        # The compiled ops load when one is first looked at, which is where another TensorFlow shows.
        package.python.ops.core_ops.io_audio_decode_wav  # noqa: B018
    except (ImportError, NotImplementedError):
        return None
    return package.audio


def _video_container(content: bytes | mmap.mmap) -> str | None:
    """FFmpeg's name of the container if it is one of `VIDEO_CONTAINERS`."""
    for container, (start, magic) in VIDEO_CONTAINERS.items():
        if content[start : start + len(magic)] == magic:
            return container
    return None


def _blocks_with_av(stream: BinaryIO, container: str, name: str) -> Iterator[tuple[np.ndarray, int]]:
    """Blocks (frames, channels) float32 of the first sound track of a video file, each with the rate."""
    try:
        import av
    except ImportError:
        raise EmotionTFError(
            f"{name} is a video, and PyAV, which reads its sound, is not installed",
            fix="pip install 'emotion-tf[video]'",
        ) from None
    try:
        with av.open(stream, format=container, metadata_errors="ignore") as file:
            if not file.streams.audio:
                raise EmotionTFError(f"{name} has no sound track", expected="a whole video file with sound")
            track = file.streams.audio[0]
            if track.codec_context is None:
                raise _not_decoded(name, "nobody knows the codec of its sound")
            seconds = None if track.duration is None else track.duration * track.time_base
            # Some tracks of AAC say half of their rate; what is decoded knows better.
            rate, frames = track.rate, 0
            resampler = av.AudioResampler(format="fltp")
            for packed in file.decode(track):
                for frame in resampler.resample(packed):
                    rate = frame.sample_rate
                    _check_rate(rate, name)
                    samples = frame.to_ndarray().T  # (samples of the frame, channels)
                    # Encoders fill up the last block; what they added lies beyond the duration.
                    yield samples if seconds is None else samples[: max(0, round(seconds * rate) - frames)], rate
                    frames += len(samples)
            if seconds is not None and frames < 0.95 * round(seconds * rate):
                raise _cut_short(name, f"{round(seconds * rate)} samples, as its header says", f"{frames}")
    except EmotionTFError:
        raise
    except (av.FFmpegError, ValueError) as error:  # The latter where the number of channels changes.
        raise _not_decoded(name, getattr(error, "strerror", None) or str(error)) from None
