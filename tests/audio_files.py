"""Audio files of every format, made in memory."""

import io
import struct
import tempfile
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import soundfile

# Container, encoding and the largest error that storing a sample in it may make.
LOSSLESS = [
    ("WAV", "PCM_U8", 2**-7),
    ("WAV", "PCM_16", 2**-15),
    ("WAV", "PCM_24", 2**-23),
    ("WAV", "PCM_32", 2**-24),
    ("WAV", "FLOAT", 2**-25),
    ("WAV", "DOUBLE", 2**-25),
    ("WAVEX", "PCM_16", 2**-15),
    ("WAVEX", "PCM_24", 2**-23),
    ("FLAC", "PCM_S8", 2**-7),
    ("FLAC", "PCM_16", 2**-15),
    ("FLAC", "PCM_24", 2**-23),
]
LOSSY = [("OGG", "VORBIS"), ("OGG", "OPUS"), ("MP3", "MPEG_LAYER_III")]
ENCODINGS = [(container, encoding) for container, encoding, _ in LOSSLESS] + LOSSY


def tones(channels: int, rate: int = 16_000, seconds: float = 0.5) -> np.ndarray:
    """(samples, channels) float64: a tone a channel, 300 Hz, 600 Hz and so on."""
    time = np.arange(round(rate * seconds)) / rate
    return np.stack([0.6 * np.sin(2 * np.pi * 300 * (n + 1) * time) for n in range(channels)], axis=1)


def encode(samples: np.ndarray, container: str = "WAV", encoding: str = "PCM_16", rate: int = 16_000) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, samples, rate, format=container, subtype=encoding)
    return file.getvalue()


def wav(data: bytes, claim: int | None = None, before: bytes = b"", block_bytes: int = 2, rate: int = 8_000) -> bytes:
    """A 16-bit mono WAV put together by hand, whose header may lie."""
    size = len(data) if claim is None else claim
    body = b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 1, rate, 2 * rate, block_bytes, 16) + before
    body += b"data" + struct.pack("<I", size) + data
    return b"RIFF" + struct.pack("<I", len(body)) + body


def flac_of_length(frames: int, rate: int) -> bytes:
    """A FLAC file with another rate and number of frames in its header; they stand from byte 18 on."""
    content = bytearray(encode(tones(1), "FLAC"))
    content[18:26] = (rate << 44 | 15 << 36 | frames).to_bytes(8, "big")
    return bytes(content)


def variable_rate_mp3(samples: np.ndarray) -> tuple[bytes, int]:
    """An MP3 at 16 kHz and the length of its first frame, which holds the header that tells its length."""
    file = io.BytesIO()
    with soundfile.SoundFile(file, "w", 16_000, 1, format="MP3", bitrate_mode="VARIABLE") as writer:
        writer.write(samples)
    content = file.getvalue()
    # Bit rates of MPEG-2 layer III in kbit/s; a frame holds 576 samples.
    rates = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160]
    return content, 72 * rates[content[2] >> 4] * 1000 // 16_000 + (content[2] >> 1 & 1)


def without_length(content: bytes, first_frame: int, guess: range) -> bytes:
    """The MP3 without its header of Xing, for which libsndfile guesses a length from the first bit rate."""
    assert b"Xing" in content[:first_frame]
    with soundfile.SoundFile(io.BytesIO(content[first_frame:])) as file:
        assert file.frames in guess
    return content[first_frame:]


def video(
    samples: np.ndarray | None, container: str = "mp4", codec: str = "aac", rate: int = 48_000, picture: bool = True
) -> bytes:
    """A video file that PyAV writes: half a second of grey, with `samples` (samples, channels) as its sound."""
    av = pytest.importorskip("av", reason="SKIPPED FOR WANT OF av")
    # The index of an MP4 comes first, as on the web, so that a file that is cut still opens; this needs a file on disk.
    options = {"movflags": "faststart"} if container in ("mp4", "mov") else {}
    with (
        tempfile.NamedTemporaryFile() as file,
        av.open(file.name, "w", format=container, options=options) as output,
    ):
        frames = []
        if picture:
            stream = output.add_stream("vp8" if container == "webm" else "mpeg4", rate=10)
            stream.width = stream.height = 32
            stream.pix_fmt = "yuv420p"
            for index in range(5):
                frame = av.VideoFrame.from_ndarray(np.full((48, 32), 128, np.uint8), format="yuv420p")
                frame.pts, frame.time_base = index, Fraction(1, 10)
                frames.append((stream, frame))
            frames.append((stream, None))
        if samples is not None:
            layout = {1: "mono", 2: "stereo"}[samples.shape[1]]
            stream = output.add_stream(codec, rate=rate, layout=layout)
            planes = np.ascontiguousarray(samples.T, np.float32)
            frame = av.AudioFrame.from_ndarray(planes, format="fltp", layout=layout)
            frame.sample_rate, frame.pts, frame.time_base = rate, 0, Fraction(1, rate)
            frames += [(stream, frame), (stream, None)]
        for stream, frame in frames:
            output.mux(stream.encode(frame))
        output.close()
        return Path(file.name).read_bytes()
