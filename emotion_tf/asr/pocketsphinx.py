"""PocketSphinx: small, offline, with an English model inside its package; it makes many errors."""

from collections.abc import Callable

import numpy as np

from emotion_tf.asr.recognizer import linear16, not_installed, package_version
from emotion_tf.errors import EmotionTFError


def version(model: str | None) -> str:
    """The version of the package, which carries the model."""
    if model is not None:
        raise EmotionTFError(
            "pocketsphinx has one model only, which it carries itself",
            expected="no model",
            received=repr(model),
            fix="leave the model out",
        )
    return package_version("pocketsphinx", "pocketsphinx", "asr")


def load(model: str | None) -> Callable[[np.ndarray], str]:
    """The engine.

    Reference:
        Huggins-Daines et al., "PocketSphinx: A Free, Real-Time Continuous Speech Recognition System for Hand-Held
        Devices", ICASSP 2006.
    """
    try:
        import pocketsphinx
    except ImportError:
        raise not_installed("pocketsphinx", "pocketsphinx", "asr") from None

    decoder = pocketsphinx.Decoder(loglevel="FATAL")

    def recognize(waveform: np.ndarray) -> str:
        # What the front end has learnt of the noise would go on into the next utterance, and change its words.
        decoder.reinit_feat()
        decoder.start_utt()
        try:
            decoder.process_raw(linear16(waveform), full_utt=True)
        finally:
            decoder.end_utt()
        hypothesis = decoder.hyp()
        return "" if hypothesis is None else hypothesis.hypstr

    return recognize
