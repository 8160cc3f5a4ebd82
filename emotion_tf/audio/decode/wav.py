"""WAV: what its header claims, and plain files through tensorflow-io."""

import functools
import struct
import sys
from types import ModuleType

import numpy as np

from emotion_tf.audio.decode.span import Span
from emotion_tf.utils.tensorflow_io import tensorflow_io

ENCODINGS = {"PCM_U8": (1, np.uint8), "PCM_16": (2, np.int16), "PCM_24": (3, np.int32)}
"""Encodings of plain WAV files that tensorflow-io decodes: bytes of a sample, and the type that it insists on.

The rest is left to soundfile, since tensorflow-io 0.37 did this when it was tried: it took 32-bit integers for floats;
returned no samples, and no error, where a chunk of odd length came first; crashed the process on a WAV whose header
contradicts itself; never returned from a damaged FLAC; and differed from libsndfile in the last bits of MP3 and Vorbis.
"""

UNKNOWN_LENGTHS = (0, 2**32 - 1)
"""What stands for the length of the samples where the writer could not go back to fill it in."""

LEAST_GUESS = 2**31 - 2**16
"""Others write a large number: eSpeak NG and sox take numbers near 2³¹."""


def missing_bytes(content: Span) -> int:
    """How many bytes a WAV file lacks; libsndfile passes over that in silence.

    Nothing is missing where the writer did not know the length, as one that writes to a pipe, or counted too many bytes
    of samples in a file that as a whole is as long as it says.
    """
    whole, claimed, end = _lengths(content)
    if claimed in UNKNOWN_LENGTHS or (claimed >= LEAST_GUESS and len(content) < claimed // 2) or whole == len(content):
        return 0
    return max(0, end - len(content))


def with_length(content: Span) -> Span:
    """The file, with another length of its samples where that is 0 and yet there are some.

    A writer to a pipe leaves it so, and libsndfile then finds no samples.
    """
    _, claimed, end = _lengths(content)
    if claimed == 0 < end < len(content) and not _are_chunks(content, end):
        return content.patched(end - 4, struct.pack("<I", 2**32 - 1))
    return content


def _are_chunks(content: Span, position: int) -> bool:
    """Whether what follows is chunks up to the end."""
    while position + 8 <= len(content):
        name, size = struct.unpack("<4sI", content[position : position + 8])
        if not name.isascii():
            return False
        position += 8 + size + size % 2
    return position in (len(content), len(content) + 1)


def _lengths(content: Span) -> tuple[int, int, int]:
    """How long the file claims to be, how long its samples, and where they would end; all 0 without samples."""
    position = 12
    while position + 8 <= len(content):
        chunk, size = struct.unpack("<4sI", content[position : position + 8])
        position += 8 + size
        if chunk == b"data":
            return 8 + int.from_bytes(content[4:8], "little"), size, position
        position += size % 2
    return 0, 0, 0


def end_of_recording(content: Span) -> int:
    """Where another recording begins that was put behind this one; the end of the content if there is none."""
    end = 8 + int.from_bytes(content[4:8], "little")
    for begin in (end, end + end % 2):
        if content[begin : begin + 4] == b"RIFF" and content[begin + 8 : begin + 12] == b"WAVE":
            return begin
    return len(content)


def decode_plain(content: Span, encoding: str, channels: int, rate: int, frames: int) -> np.ndarray | None:
    """Samples (frames, channels) float32 of a plain WAV file, by tensorflow-io.

    Args:
        content: The whole file.
        encoding: What libsndfile calls its encoding.
        channels: Number of channels.
        rate: Rate in hertz.
        frames: Number of frames.

    Returns:
        None for another file, or without tensorflow-io.
    """
    sample_bytes, dtype = ENCODINGS.get(encoding, (0, None))
    frame_bytes = sample_bytes * channels
    size = frames * frame_bytes
    # A header that is the expected one to the byte has nothing in it that tensorflow-io could stumble over.
    if dtype is None or len(content) != 44 + size or content[:44] != _header(sample_bytes, channels, rate, size):
        return None
    audio = tensorflow_io_audio()
    if audio is None:
        return None
    samples = audio.decode_wav(content[:], dtype=dtype).numpy()
    full_scale = np.float32(2.0 ** (8 * samples.dtype.itemsize - 1))
    centre = full_scale if samples.dtype == np.uint8 else np.float32(0)
    return (samples.astype(np.float32) - centre) / full_scale


def _header(sample_bytes: int, channels: int, rate: int, size: int) -> bytes:
    """The header of a plain WAV file with `size` bytes of samples."""
    frame_bytes = sample_bytes * channels
    return struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        *(b"RIFF", size + 36, b"WAVE", b"fmt ", 16, 1, channels, rate),
        *(rate * frame_bytes % 2**32, frame_bytes, 8 * sample_bytes, b"data", size),
    )


def tensorflow_io_audio() -> ModuleType | None:
    """tensorflow-io's decoders; None where it is missing or belongs to another TensorFlow, or nobody uses TensorFlow.

    soundfile gives the same samples, so nothing is worth the seconds and the memory that importing TensorFlow takes.
    """
    return _loaded() if "tensorflow" in sys.modules else None


@functools.cache
def _loaded() -> ModuleType | None:
    package = tensorflow_io()
    if package is None:
        return None
    try:
        # The compiled ops load when one is first looked at, which is where another TensorFlow shows.
        package.python.ops.core_ops.io_audio_decode_wav  # noqa: B018
    except (ImportError, NotImplementedError):
        return None
    return package.audio
