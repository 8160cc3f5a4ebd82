"""Windows over sound that arrives bit by bit."""

import math
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from emotion_tf.errors import EmotionTFError
from emotion_tf.inference.predictor import Predictor

WINDOW_SECONDS = 4.0
"""About as long as the utterances of the corpora from which the models learn. Shorter windows hold too little to judge,
longer ones more than one emotion."""

HOP_SECONDS = 2.0
"""Half a window, so that all but the first and last two seconds are heard twice."""

SMOOTHING_SECONDS = 2.0
"""Time constant of the smoothing: a hop of two seconds moves the smoothed probabilities 63 % of the way."""


@dataclass(frozen=True)
class Window:
    """What a model says of a stretch of sound.

    Args:
        start: Where the stretch begins, in seconds.
        end: Where it ends, in seconds.
        label: The likeliest emotion after smoothing; `undecided` where there is a reason not to name one; None of a
            model that has dimensions alone.
        probabilities: The probability of each emotion, in class order, from this window alone.
        smoothed: The same, smoothed over this window and those before, but for windows without speech.
        dimensions: The value of each dimension, such as arousal, from this window alone; none for most models.
        smoothed_dimensions: The same, smoothed.
        reason: Why it is undecided: `silence` or `no speech`.
    """

    start: float
    end: float
    label: str | None
    probabilities: dict[str, float]
    smoothed: dict[str, float]
    dimensions: dict[str, float] = field(default_factory=dict)
    smoothed_dimensions: dict[str, float] = field(default_factory=dict)
    reason: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """The fields as a JSON object, without those of which nothing is known."""
        return {name: value for name, value in asdict(self).items() if value not in (None, {})}


class Stream:
    """Names the emotions of a stream, window after window.

    The first window begins with the stream, and each begins a hop after the one before. The last one ends with the
    stream: it is moved back rather than cut, since a stub of some milliseconds says nothing. Only a stream that is
    shorter than a window has a window as short as itself.

    The smoothed probabilities are a moving average whose weights fall off exponentially with time. It looks back only,
    so they are final as soon as their window is full. Neither they nor anything else depends on how the samples are
    cut into chunks.

    Args:
        predictor: A model that hears, as `load` returns it.
        transcript: What is said, the same for all windows, if the model reads; None where nobody knows.
        speaker: (W,) speaker embedding, as for `Predictor.predict`.
        window_seconds: Length of a window, at most `features.max_seconds` of the model's settings: it would not hear
            the rest.
        hop_seconds: Time from one window's start to the next one's, at most a window, lest anything stays unheard.
        smoothing_seconds: Time after which a window's weight has fallen to 37 %; 0 smoothes nothing.
        any_sound: As for `Predictor.predict`.

    Raises:
        EmotionTFError: If the model only reads, or a time is out of its range.

    Example:

    >>> from types import SimpleNamespace
    >>> from emotion_tf.config import Config
    >>> from emotion_tf.inference import Prediction
    >>> says = Prediction("happy", {"angry": 0.0, "happy": 0.75, "neutral": 0.25, "sad": 0.0})
    >>> stream = Stream(SimpleNamespace(config=Config(), predict=lambda *asked, **how: says))
    >>> for chunk in np.zeros((9, 16_000), np.float32):
    ...     for window in stream.push(chunk):
    ...         print(window.start, window.end, window.label)
    0.0 4.0 happy
    2.0 6.0 happy
    4.0 8.0 happy
    >>> stream.finish()
    [Window(start=5.0, end=9.0, label='happy', ...)]
    """

    def __init__(
        self,
        predictor: Predictor,
        transcript: str | None = None,
        speaker: np.ndarray | None = None,
        *,
        window_seconds: float = WINDOW_SECONDS,
        hop_seconds: float = HOP_SECONDS,
        smoothing_seconds: float = SMOOTHING_SECONDS,
        any_sound: bool = False,
    ):
        config = predictor.config
        if not config.model.hears:
            raise EmotionTFError("the model reads only, and a stream is something to hear", fix="take one that hears")
        self._rate = config.features.sample_rate
        self._window = _samples("window", window_seconds, self._rate, config.features.max_seconds)
        self._hop = _samples("hop", hop_seconds, self._rate, window_seconds)
        self._asker = Asker(predictor, transcript, speaker, smoothing_seconds, any_sound)
        # It holds the latest window and the hop that is to come, or before the first window a hop of nothing. Thus
        # it is full when the next window is, and still holds what a last window needs that ends at any sample.
        self._buffer = np.zeros(self._hop + self._window, np.float32)
        self._begin()

    def _begin(self) -> None:
        """Forgets what was heard."""
        self._filled = self._hop
        self._heard = 0
        self._asked_until: int | None = None
        self._asker.begin()

    def push(self, samples: np.ndarray) -> list[Window]:
        """Hears more of the stream.

        Args:
            samples: (N,) what comes next, of any length, within [-1, 1] at `features.sample_rate` of the model's
                settings.

        Returns:
            The windows that became full, in order; often none.

        Raises:
            EmotionTFError: If the samples are not a row of finite floating-point numbers, or the transcript or speaker
                embedding does not fit the model.
        """
        samples = checked_samples(samples)
        windows = []
        while len(samples):
            taken = samples[: len(self._buffer) - self._filled]
            self._buffer[self._filled : self._filled + len(taken)] = taken
            self._filled += len(taken)
            self._heard += len(taken)
            samples = samples[len(taken) :]
            if self._filled == len(self._buffer):
                latest = self._buffer[self._hop :]
                windows.append(self._ask(latest))
                self._buffer[: self._window] = latest
                self._filled = self._window
        return windows

    def finish(self) -> list[Window]:
        """Ends the stream; what is pushed after that begins another.

        Returns:
            One last window, if there are samples that no window holds yet; else none.
        """
        if self._asked_until is None:
            rest = self._buffer[self._hop : self._filled]
        elif self._heard > self._asked_until:
            rest = self._buffer[self._filled - self._window : self._filled]
        else:
            rest = self._buffer[:0]
        windows = [self._ask(rest)] if len(rest) else []
        self._begin()
        return windows

    def _ask(self, samples: np.ndarray) -> Window:
        """The answer on samples that end at the latest one."""
        self._asked_until = self._heard
        return self._asker.ask(samples, (self._heard - len(samples)) / self._rate, self._heard / self._rate)


class Asker:
    """Asks about one stretch of a stream after the other, and smoothes the answers.

    Args:
        predictor: As for `Stream`, as are the others.
        transcript: Likewise.
        speaker: Likewise.
        smoothing_seconds: Likewise.
        any_sound: Likewise.

    Raises:
        EmotionTFError: If the smoothing is out of range.
    """

    def __init__(
        self,
        predictor: Predictor,
        transcript: str | None,
        speaker: np.ndarray | None,
        smoothing_seconds: float,
        any_sound: bool,
    ):
        if not 0 <= smoothing_seconds < math.inf:
            raise EmotionTFError(
                "the smoothing is out of range", expected="0 seconds or more", received=f"{smoothing_seconds:g}"
            )
        self._predictor, self._transcript, self._speaker = predictor, transcript, speaker
        self._smoothing_seconds, self._any_sound = smoothing_seconds, any_sound
        self.begin()

    def begin(self) -> None:
        """Forgets the answers."""
        self._last: tuple[float, np.ndarray] | None = None

    def ask(self, samples: np.ndarray, start: float, end: float) -> Window:
        """The answer on the samples (N,) between two times in seconds."""
        said = self._predictor.predict(samples, self._transcript, self._speaker, any_sound=self._any_sound)
        names, count = list(said.probabilities), len(said.probabilities)
        values = np.array([*said.probabilities.values(), *said.dimensions.values()])
        smoothed = values
        if self._last is not None:
            before, old = self._last
            if said.reason is not None:
                smoothed = old  # What nobody says changes nothing.
            elif self._smoothing_seconds:
                smoothed = values + math.exp(-(end - before) / self._smoothing_seconds) * (old - values)
        if said.reason is None:
            self._last = end, smoothed
        return Window(
            start=start,
            end=end,
            label=names[int(smoothed[:count].argmax())] if names and said.reason is None else said.label,
            probabilities=said.probabilities,
            smoothed=dict(zip(names, smoothed[:count].tolist(), strict=True)),
            dimensions=said.dimensions,
            smoothed_dimensions=dict(zip(said.dimensions, smoothed[count:].tolist(), strict=True)),
            reason=said.reason,
        )


def checked_samples(samples: np.ndarray) -> np.ndarray:
    """What comes next of a stream, if it is a row of floating-point numbers.

    Raises:
        EmotionTFError: If it is not.
    """
    samples = np.asarray(samples)
    # Integers of a sound card are a common mistake, and far too loud.
    if samples.ndim != 1 or not np.issubdtype(samples.dtype, np.floating):
        raise EmotionTFError(
            "the samples are not those of one channel",
            expected="a row of floating-point numbers",
            received=f"the shape {samples.shape} of {samples.dtype}",
        )
    return samples


def _samples(name: str, seconds: float, rate: int, most: float) -> int:
    """A time in samples, if it is at least one and no longer than it may be."""
    if not 1 <= seconds * rate <= most * rate:
        raise EmotionTFError(
            f"the {name} is out of range",
            expected=f"from {1 / rate:g} to {most:g} seconds",
            received=f"{seconds:g}",
        )
    return round(seconds * rate)
