"""Which module decodes which bytes."""

import io
import mmap
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np

from emotion_tf.audio.channels import Channel, Mixer
from emotion_tf.audio.decode import bounds, container, sound_file
from emotion_tf.audio.decode.span import Span
from emotion_tf.audio.resample import resample
from emotion_tf.errors import EmotionTFError

LFS_POINTER = b"version https://git-lfs.github.com/spec/"


def decode(content: bytes, name: str = "the audio", channel: Channel = "mean") -> tuple[np.ndarray, int]:
    """Decodes the bytes of an audio file.

    tensorflow-io decodes plain WAV files where TensorFlow is in use and it belongs to it, PyAV videos and what
    libsndfile does not know, and soundfile all else. tensorflow-io and soundfile give the same samples.

    Args:
        content: The whole file: WAV (8, 16, 24, 32 bit or float), FLAC, OGG, MP3, MP4, WebM, AAC or AMR, of a rate
            within `bounds.RATES` and any number of channels. Other formats that libsndfile reads are taken too, but not
            all of them are known to be whole; nor is WebM. Of a video the first sound track is taken. Where several
            recordings were put one behind the other, all of them are heard, at the rate of the first.
        name: How errors call it.
        channel: Which channel is heard.

    Returns:
        The wave (samples,) float32, within [-1, 1] for integer formats, and its rate in hertz.

    Raises:
        EmotionTFError: If the content is empty, is no audio, is cut short, holds no samples, is too large, or holds
            samples that are not finite numbers; or if it is a video and PyAV is not installed.

    Example:

    >>> import soundfile
    >>> file = io.BytesIO()
    >>> soundfile.write(file, np.array([0.5, -0.25]), 8_000, format="WAV", subtype="PCM_16")
    >>> decode(file.getvalue())
    (array([ 0.5 , -0.25], dtype=float32), 8000)
    """
    heard = 0
    parts: list[tuple[int, list[np.ndarray]]] = []  # The blocks of each recording, with its rate.
    mixer = Mixer(name, channel)
    for samples, rate in decode_blocks(io.BytesIO(content), content, name, bounded=True):
        if not parts or parts[-1][0] != rate:
            parts.append((rate, []))
        parts[-1][1].append(mixer(samples, rate))
        heard += len(samples)
        bounds.check_length(heard, samples.shape[1], rate, name)
    if not heard:
        raise bounds.no_samples(name)
    first_rate = parts[0][0]
    return np.concatenate([resample(np.concatenate(waves), rate, first_rate) for rate, waves in parts]), first_rate


def decode_blocks(
    stream: BinaryIO,
    content: bytes | mmap.mmap,
    name: str = "the audio",
    bounded: bool = False,
    skip_seconds: float = 0.0,
) -> Iterator[tuple[np.ndarray, int]]:
    """Decodes an audio file, block after block.

    Args:
        stream: The open file.
        content: The same as bytes, of which a few places are looked at; a map loads no more than those.
        name: How errors call it.
        bounded: Whether its length is bounded. Memory is taken for what there is, block by block, and not for what the
            header claims.
        skip_seconds: Where to begin, rounded to a sample; formats that allow it are sought in.

    Yields:
        Blocks (frames, channels) float32, each with the rate in hertz.

    Raises:
        EmotionTFError: As for `decode`, but for the bounds on the length unless that is `bounded`.
    """
    whole, kind = _whole(stream, content, name)
    if kind is None:
        yield from sound_file.blocks(whole, name, bounded, skip_seconds)
        return
    frames = 0
    for samples, rate in container.blocks(whole, kind, name):
        first = max(0, round(skip_seconds * rate) - frames)
        frames += len(samples)
        if first < len(samples):
            yield samples[first:], rate


def seconds_of(stream: BinaryIO, content: bytes | mmap.mmap, name: str = "the audio") -> float | None:
    """How long a recording is by its header; None if that does not say, or PyAV would have to read it.

    Raises:
        EmotionTFError: If it cannot be decoded.
    """
    whole, kind = _whole(stream, content, name)
    return sound_file.seconds(whole, name) if kind is None else None


def _whole(stream: BinaryIO, content: bytes | mmap.mmap, name: str) -> tuple[Span, container.Container | None]:
    """The content, and what PyAV has to open."""
    if not len(content):
        raise bounds.empty(name)
    if content[: len(LFS_POINTER)] == LFS_POINTER:
        raise EmotionTFError(
            f"{name} is a Git LFS pointer and not the recording itself", expected="an audio file", fix="git lfs pull"
        )
    whole = Span(stream, content)
    return whole, container.container_of(whole)
