"""The sound of video files, and sound that libsndfile does not know, by PyAV."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any, BinaryIO

import numpy as np

from emotion_tf.audio.decode import bounds
from emotion_tf.audio.decode.span import Span
from emotion_tf.errors import EmotionTFError


@dataclass(frozen=True)
class Container:
    """What PyAV opens.

    FFmpeg is told which it is: left to guess, it may take a file for a playlist and open what that names.

    Args:
        ffmpeg: FFmpeg's name of the format.
        description: What a person would call it.
        states_its_length: Whether its header says how long the sound is. FFmpeg guesses where that is not so.
    """

    ffmpeg: str
    description: str
    states_its_length: bool = True


MP4 = Container("mov", "a video or sound file of the MP4 kind")
MATROSKA = Container("matroska", "a video or sound file of the Matroska or WebM kind")
ADTS = Container("aac", "AAC without a container (ADTS)", states_its_length=False)
AMR = Container("amr", "AMR, as phones record it", states_its_length=False)
ASF = Container("asf", "a WMA or WMV file")
AVI = Container("avi", "an AVI video")
FLV = Container("flv", "a Flash video")


def container_of(content: Span) -> Container | None:
    """What PyAV has to open, by the first bytes; None for what libsndfile reads."""
    head = content[:16]
    if head[:1] == b"\xff" and len(head) > 1 and head[1] & 0xF6 == 0xF0:
        return ADTS
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        return AVI
    beginnings = {
        (4, b"ftyp"): MP4,
        (0, b"\x1a\x45\xdf\xa3"): MATROSKA,
        (0, b"#!AMR"): AMR,
        (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11"): ASF,
        (0, b"FLV\x01"): FLV,
    }
    for (place, magic), container in beginnings.items():
        if head[place : place + len(magic)] == magic:
            return container
    return None


def blocks(content: Span, container: Container, name: str) -> Iterator[tuple[np.ndarray, int]]:
    """Blocks (frames, channels) float32 of the first sound track, each with the rate."""
    try:
        import av
    except ImportError:
        raise EmotionTFError(
            f"{name} is {container.description}, and PyAV, which reads its sound, is not installed",
            fix="pip install 'emotion-tf[video]', or convert it, for example with ffmpeg to FLAC",
        ) from None
    try:
        with _opened(av, content.stream(), container) as file:
            yield from _blocks_of(av, file, container, name)
    except EmotionTFError:
        raise
    except (av.FFmpegError, ValueError) as error:  # The latter where the number of channels changes.
        raise bounds.not_decoded(name, getattr(error, "strerror", None) or str(error)) from None


AMR_ENCODER, AMR_RATE = "libopencore_amrnb", 8_000
"""FFmpeg's encoder of AMR-NB, and the one rate that it takes, in hertz."""


def can_write_amr() -> bool:
    """Whether PyAV is installed and writes AMR-NB, the codec of mobile phones."""
    try:
        import av
    except ImportError:
        return False
    try:
        av.Codec(AMR_ENCODER, "w")
    except ValueError:
        return False
    return True


def write_amr(samples: np.ndarray, bit_rate: int) -> bytes:
    """An AMR-NB file.

    Args:
        samples: (samples,) within [-1, 1], at `AMR_RATE`.
        bit_rate: Of the eight modes of the codec, such as 12,200 or 4,750 bits a second.

    Returns:
        The file, whose sound is some milliseconds late. Only where `can_write_amr` says so.
    """
    import av

    content = io.BytesIO()
    with av.open(content, "w", format="amr") as file:
        track = file.add_stream(AMR_ENCODER, rate=AMR_RATE, layout="mono")
        track.bit_rate = bit_rate
        integers = np.round(np.clip(samples, -1, 1) * 32_767).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(integers[np.newaxis], format="s16", layout="mono")
        frame.sample_rate = AMR_RATE
        for packet in (*track.encode(frame), *track.encode(None)):
            file.mux(packet)
    return content.getvalue()


def _opened(av: ModuleType, stream: BinaryIO, container: Container) -> Any:
    """The open file; tags that are not UTF-8 are no reason to refuse it."""
    try:
        return av.open(stream, format=container.ffmpeg, metadata_errors="ignore")
    except TypeError:  # Newer releases of PyAV take such tags by themselves.
        return av.open(stream, format=container.ffmpeg)


def _blocks_of(av: ModuleType, file: Any, container: Container, name: str) -> Iterator[tuple[np.ndarray, int]]:
    """Blocks (frames, channels) float32 of an open file, each with the rate."""
    if not file.streams.audio:
        raise EmotionTFError(f"{name} has no sound track", expected="a whole video file with sound")
    track = file.streams.audio[0]
    if track.codec_context is None:
        raise bounds.not_decoded(name, "nobody knows the codec of its sound")
    known = container.states_its_length and track.duration is not None
    seconds = track.duration * track.time_base if known else None
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
