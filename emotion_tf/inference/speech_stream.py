"""Stretches of speech in sound that arrives bit by bit."""

import numpy as np

from emotion_tf.audio.activity import DETECTOR_FRAME, DETECTOR_RATE, MIN_SPEECH_SECONDS, SpeechDetector
from emotion_tf.errors import EmotionTFError
from emotion_tf.inference.predictor import Predictor
from emotion_tf.inference.streaming import SMOOTHING_SECONDS, Asker, Window, checked_samples

PAUSE_SECONDS = 0.5
"""A pause as long as this ends a stretch of speech."""

MARGIN_SECONDS = 0.1
"""What is heard before and after the frames in which somebody speaks: the ends of words are soft."""


class SpeechStream:
    """Names the emotion of each stretch of speech in a stream, which pauses end.

    A stretch ends where nobody speaks for `PAUSE_SECONDS`, or where the model stops to hear. What is shorter than
    `MIN_SPEECH_SECONDS` is no speech. Memory does not grow with the length of the stream.

    Args:
        predictor: As for `Stream`.
        transcript: As for `Stream`.
        speaker: As for `Stream`.
        smoothing_seconds: As for `Stream`, over the stretches.

    Raises:
        EmotionTFError: If the model only reads, or the smoothing is out of range.

    Example:

    >>> from types import SimpleNamespace
    >>> from emotion_tf.config import Config
    >>> stream = SpeechStream(SimpleNamespace(config=Config()))
    >>> stream.push(np.zeros(16_000, np.float32)), stream.finish()
    ([], [])
    """

    def __init__(
        self,
        predictor: Predictor,
        transcript: str | None = None,
        speaker: np.ndarray | None = None,
        *,
        smoothing_seconds: float = SMOOTHING_SECONDS,
    ):
        config = predictor.config
        if not config.model.hears:
            raise EmotionTFError("the model reads only, and a stream is something to hear", fix="take one that hears")
        self._rate = config.features.sample_rate
        self._frame_seconds = DETECTOR_FRAME / DETECTOR_RATE
        self._most = config.features.max_seconds - MARGIN_SECONDS
        # Speech was heard already: that it is not heard again by the stretch alone changes nothing.
        self._asker = Asker(predictor, transcript, speaker, smoothing_seconds, any_sound=True)
        self._begin()

    def _begin(self) -> None:
        """Forgets what was heard."""
        self._detector = SpeechDetector(self._rate)
        self._frames = 0
        self._kept, self._first = np.zeros(0, np.float32), 0
        self._start: float | None = None
        self._end = self._spoken = 0.0
        self._asker.begin()

    def push(self, samples: np.ndarray) -> list[Window]:
        """Hears more of the stream.

        Args:
            samples: As for `Stream.push`.

        Returns:
            The stretches of speech that ended, in order; often none.

        Raises:
            EmotionTFError: As for `Stream.push`.
        """
        samples = checked_samples(samples).astype(np.float32)
        windows = []
        # A long block may hold many stretches.
        for first in range(0, len(samples), self._rate):
            part = samples[first : first + self._rate]
            self._kept = np.concatenate([self._kept, part])
            windows += self._hear(self._detector.push(part))
            self._forget()
        return windows

    def finish(self) -> list[Window]:
        """Ends the stream; what is pushed after that begins another.

        Returns:
            The stretch of speech that the end of the stream ends, if there is one.
        """
        windows = self._hear(self._detector.finish()) + self._ended()
        self._begin()
        return windows

    def _hear(self, frames: np.ndarray) -> list[Window]:
        """The stretches that end within some more frames."""
        windows = []
        for is_speech in frames:
            begins = self._frames * self._frame_seconds
            self._frames += 1
            if is_speech:
                if self._start is None:
                    self._start = max(0.0, begins - MARGIN_SECONDS, self._end)
                    self._spoken = 0.0
                self._end = begins + self._frame_seconds
                self._spoken += self._frame_seconds
            if self._start is not None and (
                begins + self._frame_seconds - self._end >= PAUSE_SECONDS
                or begins + 2 * self._frame_seconds - self._start > self._most
            ):
                windows += self._ended()
        return windows

    def _ended(self) -> list[Window]:
        """The answer on the stretch that has ended, if it is long enough to be speech."""
        if self._start is None or self._spoken < MIN_SPEECH_SECONDS:
            self._start = None
            return []
        first = round(self._start * self._rate)
        samples = self._kept[first - self._first : round((self._end + MARGIN_SECONDS) * self._rate) - self._first]
        self._start, self._end = None, (first + len(samples)) / self._rate
        return [self._asker.ask(samples, first / self._rate, self._end)]

    def _forget(self) -> None:
        """Drops samples that no further stretch will hold."""
        known = self._frames * self._frame_seconds - MARGIN_SECONDS if self._start is None else self._start
        drop = max(0, round(known * self._rate) - self._first)
        self._kept, self._first = self._kept[drop:], self._first + drop
