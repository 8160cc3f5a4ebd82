"""Which module decodes which bytes."""

import io
import mmap
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np

from emotion_tf.audio.channels import mix
from emotion_tf.audio.decode import bounds, container, sound_file, wav


def decode(content: bytes, name: str = "the audio") -> tuple[np.ndarray, int]:
    """Decodes the bytes of an audio file.

    tensorflow-io decodes plain WAV files where it is there, PyAV the sound of video files, and soundfile all else.
    tensorflow-io and soundfile give the same samples.

    Args:
        content: The whole file: WAV (8, 16, 24, 32 bit or float), FLAC, OGG, MP3, MP4 or WebM, of a rate within
            `bounds.RATES` and any number of channels. Other formats that libsndfile reads are taken too, but not all of
            them are known to be whole; nor is WebM. Of a video the first sound track is taken.
        name: How errors call it.

    Returns:
        The mean of the channels (samples,) float32, within [-1, 1] for integer formats, and the rate in hertz.

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
    if not content:
        raise bounds.empty(name)
    heard, rate, waves = 0, 0, []
    for samples, rate in _blocks_at_once(content, name):
        waves.append(mix(samples, rate, name, heard))
        heard += len(samples)
        bounds.check_length(heard, samples.shape[1], rate, name)
    if not heard:
        raise bounds.no_samples(name)
    return np.concatenate(waves), rate


def decode_blocks(
    stream: BinaryIO, content: bytes | mmap.mmap, name: str = "the audio"
) -> Iterator[tuple[np.ndarray, int]]:
    """Decodes an audio file of any length, block after block.

    Args:
        stream: The open file.
        content: The same as bytes, of which a few places are looked at; a map loads no more than those.
        name: How errors call it.

    Yields:
        Blocks (frames, channels) float32, each with the rate in hertz.

    Raises:
        EmotionTFError: As for `decode`, but for the bounds on the length.
    """
    kind = container.container_of(content)
    if kind:
        yield from container.blocks(stream, kind, name)
    else:
        with sound_file.opened(stream, content, name) as file:
            yield from sound_file.blocks(file, stream, content, name)


def _blocks_at_once(content: bytes, name: str) -> Iterator[tuple[np.ndarray, int]]:
    """Blocks (frames, channels) float32 of a file of bounded length, each with the rate.

    Memory is taken for what there is, block by block, and not for what the header claims.
    """
    kind, stream = container.container_of(content), io.BytesIO(content)
    if kind:
        yield from container.blocks(stream, kind, name)
        return
    with sound_file.opened(stream, content, name) as file:
        bounds.check_length(file.frames, file.channels, file.samplerate, name)
        samples = wav.decode_plain(content, file.subtype, file.channels, file.samplerate, file.frames)
        if samples is None:
            yield from sound_file.blocks(file, stream, content, name)
        else:
            yield samples, file.samplerate
