"""Where no emotion is named, and why."""

import numpy as np

from emotion_tf.audio.activity import has_speech, is_silent

UNDECIDED = "undecided"
"""The label where no emotion is named."""

SILENCE, NO_SPEECH, LOW_CONFIDENCE = "silence", "no speech", "low confidence"
"""Why: nothing is heard, nobody is heard to speak, or no emotion is as likely as was asked for."""


def why_not_heard(waveform: np.ndarray, sample_rate: int) -> str | None:
    """Why what is heard says nothing of how somebody speaks; None where somebody speaks.

    Args:
        waveform: (samples,) float32.
        sample_rate: Its rate, in hertz.

    Example:

    >>> why_not_heard(np.zeros(16_000, np.float32), 16_000)
    'silence'
    """
    if is_silent(waveform, sample_rate):
        return SILENCE
    return None if has_speech(waveform, sample_rate) else NO_SPEECH
