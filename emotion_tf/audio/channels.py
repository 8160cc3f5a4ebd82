"""From several channels to one: one of them, or their mean where that does not lose the sound."""

import logging
from typing import Literal

import numpy as np

from emotion_tf.errors import EmotionTFError

LOGGER = logging.getLogger(__name__)

Channel = int | Literal["mean"]
"""Which channel is heard: its number, from 1 on, or the mean of all."""

Channels = Channel | Literal["each"]
"""The same, or each channel for itself."""

MAX_AMPLITUDE = 2.0**15
"""Loudest sample of a float file that is not refused."""

LOST_SHARE = 0.5
"""Where the mean has less than this share of the power that one channel alone would give it, the channels cancel."""


class Mixer:
    """Makes one channel of several, block after block.

    The mean loses what the channels have with opposite signs, as after a wrongly wired microphone. Where it is fainter
    than the loudest channel with silence beside it would be, that channel is heard from there on, and a warning says
    so.

    Args:
        name: How messages call the recording.
        channel: What is heard.

    Call arguments:
        samples: (frames, channels) float32.
        rate: Rate in hertz.

    Returns:
        (frames,) float32.

    Raises:
        EmotionTFError: If there is no such channel, or a sample is no finite number or far too large.

    Example:

    >>> Mixer("call.wav")(np.array([[0.5, 0.25]], np.float32), 16_000)
    array([0.375], dtype=float32)
    >>> Mixer("call.wav", channel=2)(np.array([[0.5, 0.25]], np.float32), 16_000)
    array([0.25], dtype=float32)
    """

    def __init__(self, name: str, channel: Channel = "mean"):
        self._name, self._channel, self._frames = name, channel, 0
        self._mean_power: float = 0.0
        self._powers: np.ndarray = np.zeros(0)

    def __call__(self, samples: np.ndarray, rate: int) -> np.ndarray:
        """The channel that is heard."""
        mono = self._mix(samples)
        sound = np.abs(mono) <= MAX_AMPLITUDE  # False for NaN too.
        if not sound.all():
            index = int(np.argmin(sound))
            place = self._frames + index
            raise EmotionTFError(
                f"{self._name} holds samples that are no sound",
                expected=f"finite numbers within ±{MAX_AMPLITUDE:g}",
                received=f"{mono[index]:g} as sample {place}, at {place / rate:.3f} seconds",
                fix="write the file again from its source",
            )
        self._frames += len(mono)
        return mono

    def _mix(self, samples: np.ndarray) -> np.ndarray:
        channels = samples.shape[1]
        if self._channel != "mean":
            if not 1 <= self._channel <= channels:
                raise EmotionTFError(
                    f"{self._name} has no such channel", expected=f"1 to {channels}", received=f"{self._channel}"
                )
            return samples[:, self._channel - 1]
        if channels == 1:
            return samples[:, 0]
        with np.errstate(over="ignore", invalid="ignore"):
            # With each channel in one piece, NumPy averages them ten times as fast.
            ordered = np.asfortranarray(samples)
            mono = ordered.mean(axis=1)
            if self._lost(mono, ordered):
                self._channel = 1 + int(np.argmax(self._powers))
                LOGGER.warning(
                    "the channels of %s cancel each other; channel %d of %d, the loudest, is heard alone",
                    self._name,
                    self._channel,
                    channels,
                )
                return ordered[:, self._channel - 1]
        return mono

    def _lost(self, mono: np.ndarray, samples: np.ndarray) -> bool:
        """Whether the mean of what was heard until now is fainter than one channel alone would make it."""
        if len(self._powers) != samples.shape[1]:
            self._mean_power, self._powers = 0.0, np.zeros(samples.shape[1])
        self._mean_power += float(np.square(mono, dtype=np.float64).sum())
        self._powers += np.einsum("ij,ij->j", samples, samples, dtype=np.float64)
        return bool(self._mean_power < LOST_SHARE * self._powers.max() / samples.shape[1] ** 2)
