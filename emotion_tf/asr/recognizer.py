"""What every engine yields, and what the engines share."""

import importlib.metadata
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from emotion_tf.errors import EmotionTFError

SAMPLE_RATE = 16_000
"""Rate of the waves that the engines take, in hertz."""


class RecognizerUnavailableError(EmotionTFError):
    """The recogniser itself is out of service, so that the next file would fare no better."""


@dataclass(frozen=True)
class Recognizer:
    """Writes down what is said.

    Args:
        name: Name of the engine.
        version: A text that changes whenever the answers may.
        recognize: The engine: from a wave (N,) float32 that is not silent to text. The answer depends on nothing but
            the wave.
        sample_rate: Rate of the waves, in hertz.

    Example:

    >>> recognizer = Recognizer("parrot", "1", lambda waveform: f" {len(waveform)} samples ")
    >>> recognizer.transcribe(np.ones(3, np.float32)), recognizer.transcribe(np.zeros(3, np.float32))
    ('3 samples', '')
    """

    name: str
    version: str
    recognize: Callable[[np.ndarray], str]
    sample_rate: int = SAMPLE_RATE

    def transcribe(self, waveform: np.ndarray) -> str:
        """The words of a wave, in English.

        Args:
            waveform: (N,) float32 at `sample_rate`, within [-1, 1].

        Returns:
            The text with single blanks; "" for an empty or silent wave, and where the engine understands nothing.

        Raises:
            RecognizerUnavailableError: If the recogniser is out of service.
            EmotionTFError: If it fails on this wave.
        """
        # Engines stumble over waves without samples, and hear words in digital silence.
        if not np.any(waveform):
            return ""
        try:
            return " ".join(self.recognize(waveform).split())
        except RuntimeError as error:
            # This is how compiled engines report whatever happens inside them.
            raise EmotionTFError(
                f"{self.name} failed ({one_line(error)})", expected="a wave that it can transcribe"
            ) from None


def linear16(waveform: np.ndarray) -> bytes:
    """A wave (N,) float32 as little-endian 16-bit integers.

    >>> linear16(np.array([0.5, -1.0, 1.0], np.float32)).hex(" ", 2)
    '0040 0080 ff7f'
    """
    return np.clip(np.round(waveform * 2.0**15), -(2**15), 2**15 - 1).astype("<i2").tobytes()


def one_line(error: Exception) -> str:
    """What another package's error says, without line breaks."""
    return " ".join(str(error).split())


def package_version(package: str, engine: str, extra: str) -> str:
    """The installed version of a package, or the error of `not_installed`."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        raise not_installed(package, engine, extra) from None


def not_installed(package: str, engine: str, extra: str) -> EmotionTFError:
    """The error for a package that an engine needs."""
    return EmotionTFError(
        f"the recogniser {engine} needs {package}, which is not installed", fix=f"pip install 'emotion-tf[{extra}]'"
    )
