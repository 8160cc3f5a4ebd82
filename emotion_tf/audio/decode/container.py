"""The sound of video files, by PyAV."""

import mmap
from collections.abc import Iterator
from types import ModuleType
from typing import Any, BinaryIO

import numpy as np

from emotion_tf.audio.decode import bounds
from emotion_tf.errors import EmotionTFError

CONTAINERS = {"mov": (4, b"ftyp"), "matroska": (0, b"\x1a\x45\xdf\xa3")}
"""Containers that PyAV opens: where the bytes begin by which they are known, and the bytes.

They are MP4 with its kin, such as MOV and M4A, and Matroska with WebM. FFmpeg is told which it is: left to guess, it
may take a file for a playlist and open what that names.
"""


def container_of(content: bytes | mmap.mmap) -> str | None:
    """FFmpeg's name of the container if it is one of `CONTAINERS`."""
    for container, (start, magic) in CONTAINERS.items():
        if content[start : start + len(magic)] == magic:
            return container
    return None


def blocks(stream: BinaryIO, container: str, name: str) -> Iterator[tuple[np.ndarray, int]]:
    """Blocks (frames, channels) float32 of the first sound track of a video file, each with the rate."""
    try:
        import av
    except ImportError:
        raise EmotionTFError(
            f"{name} is a video, and PyAV, which reads its sound, is not installed",
            fix="pip install 'emotion-tf[video]'",
        ) from None
    try:
        with _opened(av, stream, container) as file:
            if not file.streams.audio:
                raise EmotionTFError(f"{name} has no sound track", expected="a whole video file with sound")
            track = file.streams.audio[0]
            if track.codec_context is None:
                raise bounds.not_decoded(name, "nobody knows the codec of its sound")
            seconds = None if track.duration is None else track.duration * track.time_base
            # Some tracks of AAC say half of their rate; what is decoded knows better.
            rate, frames = track.rate, 0
            resampler = av.AudioResampler(format="fltp")
            for packed in file.decode(track):
                for frame in resampler.resample(packed):
                    rate = frame.sample_rate
                    bounds.check_rate(rate, name)
                    samples = frame.to_ndarray().T  # (samples of the frame, channels)
                    # Encoders fill up the last block; what they added lies beyond the duration.
                    yield samples if seconds is None else samples[: max(0, round(seconds * rate) - frames)], rate
                    frames += len(samples)
            if seconds is not None and frames < 0.95 * round(seconds * rate):
                raise bounds.cut_short(name, f"{round(seconds * rate)} samples, as its header says", f"{frames}")
    except EmotionTFError:
        raise
    except (av.FFmpegError, ValueError) as error:  # The latter where the number of channels changes.
        raise bounds.not_decoded(name, getattr(error, "strerror", None) or str(error)) from None


def _opened(av: ModuleType, stream: BinaryIO, container: str) -> Any:
    """The open file; tags that are not UTF-8 are no reason to refuse it."""
    try:
        return av.open(stream, format=container, metadata_errors="ignore")
    except TypeError:  # Newer releases of PyAV take such tags by themselves.
        return av.open(stream, format=container)
