"""What is asked, and what is answered, between the protocols and the model."""

from dataclasses import dataclass, field

import numpy as np

from emotion_tf.inference import Prediction


@dataclass(frozen=True)
class Utterance:
    """One utterance as a client sent it.

    Args:
        audio: The bytes of a recording, of any format that can be read; b"" where there is none.
        waveform: (N,) float32 in place of the bytes, at the rate of the model.
        transcript: What is said; "" where nobody knows.
        speaker: (W,) float32 speaker embedding.
    """

    audio: bytes = b""
    waveform: np.ndarray | None = None
    transcript: str = ""
    speaker: np.ndarray | None = None


@dataclass(frozen=True)
class Answer:
    """What is said of one utterance: one of both.

    Args:
        prediction: What the model says.
        error: Why it says nothing.
    """

    prediction: Prediction | None = None
    error: str = field(default="")
