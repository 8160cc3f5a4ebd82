"""What no recording may exceed, checked before memory is taken, and the errors that all decoders share."""

import numpy as np

from emotion_tf.errors import EmotionTFError

MAX_BYTES = 2**32
"""Largest file, and largest wave once it is decoded: what a WAV header can count."""

MAX_SECONDS = 6 * 60 * 60
"""Longest recording that is read at once."""

RATES = (1_000, 1_000_000)
"""Lowest and highest rate of a file, in hertz: a header that lies could make a wave of any length of a few samples."""

BLOCK_FRAMES = 2**16
"""Samples that are decoded at a time where a file is read in blocks, of all channels of three and more together."""


def block_frames(channels: int) -> int:
    """Frames of a block; with up to 1,024 channels, a block of `BLOCK_FRAMES` frames would be 500 times as large."""
    return max(1, 2 * BLOCK_FRAMES // max(2, channels))


def check_rate(rate: int, name: str) -> None:
    """Refuses a rate at which there is no sound."""
    lowest, highest = RATES
    if not lowest <= rate <= highest:
        raise EmotionTFError(
            f"{name} has no rate at which there is sound",
            expected=f"{lowest} to {highest} Hz",
            received=f"{rate} Hz",
            fix="convert the recording again",
        )


def check_length(frames: int, channels: int, rate: int, name: str) -> None:
    """Refuses what is too long, by its header or by what was decoded until now."""
    seconds = frames / rate
    size = frames * channels * np.dtype(np.float32).itemsize
    if seconds > MAX_SECONDS or size > MAX_BYTES:
        raise EmotionTFError(
            f"{name} is too long",
            expected=f"at most {MAX_SECONDS / 3600:g} hours and {MAX_BYTES} bytes as float32",
            received=f"at least {seconds / 3600:g} hours and {size} bytes",
            fix="cut the recording, or mend its header by converting it again",
        )


def empty(name: str) -> EmotionTFError:
    """The error for a file of no bytes."""
    return EmotionTFError(f"{name} is empty", expected="an audio file", received="0 bytes")


def no_samples(name: str) -> EmotionTFError:
    """The error for a header without sound."""
    return EmotionTFError(f"{name} holds no samples", expected="some sound after the header")


def not_decoded(name: str, reason: str) -> EmotionTFError:
    """The error for what a decoder refuses."""
    return EmotionTFError(
        f"{name} cannot be decoded ({reason.strip().rstrip('.')})",
        expected="a whole WAV, FLAC, OGG, MP3, MP4, WebM, AAC or AMR file",
        fix="copy or convert the file again",
    )


def cut_short(name: str, expected: str, received: str) -> EmotionTFError:
    """The error for a file that is shorter than it says."""
    return EmotionTFError(f"{name} is cut short", expected=expected, received=received, fix="copy or convert it again")
