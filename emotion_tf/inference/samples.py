"""From what people have in arrays to the wave that a model hears."""

import numpy as np

from emotion_tf.audio.decode import bounds
from emotion_tf.audio.resample import resample
from emotion_tf.errors import EmotionTFError

LOUDEST = 8.0
"""Largest float sample, 18 dB above full scale. What is louder is an integer that was not scaled."""


def to_waveform(samples: np.ndarray, rate: int | None, target_rate: int) -> np.ndarray:
    """Samples of one channel, of any rate and any usual type, as a wave.

    Args:
        samples: (N,) floats within [-1, 1], or integers of 8 (unsigned), 16 or 32 bits, which are scaled to it.
        rate: Their rate in hertz; None means `target_rate`.
        target_rate: The rate wanted.

    Returns:
        (N · target_rate / rate,) float32.

    Raises:
        EmotionTFError: If the samples are not one row, are not finite, are far louder than full scale, or are of
            another type.

    Example:

    >>> to_waveform(np.array([0, 16384, -32768], np.int16), None, 16_000)
    array([ 0. ,  0.5, -1. ], dtype=float32)
    >>> to_waveform(np.zeros(44_100), 44_100, 16_000).shape
    (16000,)
    """
    samples = np.asarray(samples)
    waveform = _scaled(samples)
    if waveform.ndim != 1 or not waveform.size or not np.isfinite(waveform).all():
        raise EmotionTFError(
            "the wave is not one that can be heard",
            expected="one row of at least one sample, all finite numbers",
            received=f"the shape {waveform.shape}, {np.count_nonzero(~np.isfinite(waveform))} not finite",
            fix=f"average the channels, waveform.mean(axis={int(np.argmin(waveform.shape))}), or take one of them"
            if waveform.ndim == 2
            else "",
        )
    loudest = float(np.abs(waveform).max())
    if loudest > LOUDEST:
        raise EmotionTFError(
            "the wave is far too loud",
            expected="floating-point samples within [-1, 1]",
            received=f"{loudest:g} as the largest",
            fix="divide by the full scale, waveform / 32768 for what was 16 bits, or pass the integers as they are",
        )
    if rate is None:
        return waveform
    bounds.check_rate(rate, "the wave")
    return resample(waveform, rate, target_rate)


def _scaled(samples: np.ndarray) -> np.ndarray:
    """The samples as float32, integers scaled by their full scale."""
    if np.issubdtype(samples.dtype, np.floating):
        return samples.astype(np.float32)
    if samples.dtype == np.uint8:
        return (samples.astype(np.float32) - 128) / 128
    if samples.dtype in (np.int16, np.int32):
        full_scale = 2.0 ** (8 * samples.dtype.itemsize - 1)
        return (samples / full_scale).astype(np.float32)
    raise EmotionTFError(
        "the samples are of a type that says nothing of their scale",
        expected="floating-point numbers within [-1, 1], or int16, int32 or uint8",
        received=f"{samples.dtype}",
        fix="convert the array to the type that the recording has, such as waveform.astype('int16')",
    )
