"""From one sample rate to another, at once or block after block."""

import math

import numpy as np
import soxr


def resample(waveform: np.ndarray, rate: float, target_rate: float) -> np.ndarray:
    """Resamples a wave, as librosa.resample does with `res_type="soxr_hq", fix=True, scale=False`.

    Args:
        waveform: (samples,) float32.
        rate: Its rate, in hertz.
        target_rate: The rate wanted, in hertz.

    Returns:
        (ceil(samples · target_rate / rate),) float32.

    Example:

    >>> resample(np.zeros(44_100, np.float32), 44_100, 16_000).shape
    (16000,)
    """
    if rate == target_rate:
        return waveform
    length = math.ceil(len(waveform) * (float(target_rate) / rate))
    return of_length(soxr.resample(waveform, rate, target_rate, quality="HQ"), length)


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
    return resample(waveform, factor, 1.0)


class BlockResampler:
    """Resamples a wave that comes in blocks; joined, the results are what `resample` gives for the whole.

    Args:
        rate: Rate of the blocks, in hertz.
        target_rate: The rate wanted, in hertz.
    """

    def __init__(self, rate: int, target_rate: int):
        self.rate, self.target_rate = rate, target_rate
        self._taken = self._given = 0
        self._stream = None
        if rate != target_rate:
            self._stream = soxr.ResampleStream(rate, target_rate, num_channels=1, quality="HQ")

    def push(self, block: np.ndarray) -> np.ndarray:
        """What is known of the result after one more block (samples,) float32."""
        if self._stream is None:
            return block
        result = self._stream.resample_chunk(block)
        self._taken += len(block)
        self._given += len(result)
        return result

    def finish(self) -> np.ndarray:
        """The rest of the result."""
        if self._stream is None:
            return np.zeros(0, np.float32)
        rest = self._stream.resample_chunk(np.zeros(0, np.float32), last=True)
        return of_length(rest, math.ceil(self._taken * (self.target_rate / self.rate)) - self._given)


def of_length(waveform: np.ndarray, length: int) -> np.ndarray:
    """The wave (samples,), cut or filled with zeros at its end."""
    return np.pad(waveform[:length], (0, max(0, length - len(waveform))))
