"""Recognisers of speech, all behind one interface: one module an engine, each with functions `version` and `load`."""

from types import ModuleType

from emotion_tf.asr import google, pocketsphinx, whisper
from emotion_tf.asr.cache import TranscriptCache, content_key
from emotion_tf.asr.error_rate import normalize, word_error_rate
from emotion_tf.asr.recognizer import Recognizer, RecognizerUnavailableError
from emotion_tf.errors import EmotionTFError

__all__ = [
    "ENGINES",
    "Recognizer",
    "RecognizerUnavailableError",
    "TranscriptCache",
    "content_key",
    "load",
    "normalize",
    "version",
    "word_error_rate",
]

_MODULES: dict[str, ModuleType] = {"pocketsphinx": pocketsphinx, "whisper": whisper, "google": google}

ENGINES = tuple(_MODULES)
"""Every engine that `load` knows."""


def load(engine: str, model: str | None = None) -> Recognizer:
    """Makes a recogniser ready.

    Args:
        engine: One of `ENGINES`.
        model: Which of the engine's models: for `whisper` a folder or a name, for `google` a name; None means its
            default. `pocketsphinx` has one model only.

    Returns:
        The recogniser.

    Raises:
        EmotionTFError: If there is no such engine or model, its package is not installed, or Google has no credentials.

    Example:

    >>> load("parrot")
    Traceback (most recent call last):
    ...
    emotion_tf.errors.EmotionTFError: unknown recogniser; expected one of pocketsphinx, whisper, google, ...
    """
    # The version comes first, since it looks at the model before a network is made of it.
    engine_version = version(engine, model)
    return Recognizer(engine, engine_version, _MODULES[engine].load(model))


def version(engine: str, model: str | None = None) -> str:
    """The version of the recogniser that `load` would make, without loading a network or asking for credentials.

    Args:
        engine: As for `load`.
        model: As for `load`.

    Returns:
        A text that changes whenever the answers may, as far as this machine can know.

    Raises:
        EmotionTFError: If there is no such engine or model, or its package is not installed.

    Example:

    >>> version("google")
    'v1, latest_long, en-US'
    """
    if engine not in _MODULES:
        raise EmotionTFError("unknown recogniser", expected=f"one of {', '.join(ENGINES)}", received=repr(engine))
    return _MODULES[engine].version(model)
