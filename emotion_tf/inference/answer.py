"""The answers to many recordings: each is a prediction, or says why there is none."""

import logging
from dataclasses import dataclass
from typing import Any

from emotion_tf.inference.predictor import Prediction

logger = logging.getLogger(__name__)

TOLERANCE_SECONDS = 0.05
"""How much longer than what a model hears a recording may be before that is said."""


@dataclass(frozen=True)
class Answer:
    """What is said of one recording, or one text, among several.

    Args:
        file: The audio file, where files were asked about.
        id: The id of the utterance, where requests were.
        prediction: What the model says; None where there is an error.
        error: Why there is no prediction.
        channel: Which channel, from 1 on, was heard, where each is answered.

    Example:

    >>> Answer("a.wav", prediction=Prediction("sad", {"happy": 0.25, "sad": 0.75})).label
    'sad'
    >>> Answer("b.wav", error="b.wav is empty").as_dict()
    {'file': 'b.wav', 'error': 'b.wav is empty'}
    """

    file: str | None = None
    id: str | None = None
    prediction: Prediction | None = None
    error: str | None = None
    channel: int | None = None

    @property
    def name(self) -> str | None:
        """What was asked about: the id, or else the file."""
        return self.file if self.id is None else self.id

    @property
    def label(self) -> str | None:
        """The emotion, or `undecided`; None where there is an error, or the model has dimensions alone."""
        return None if self.prediction is None else self.prediction.label

    @property
    def probabilities(self) -> dict[str, float]:
        """The probability of each emotion, in class order; none where there is an error."""
        return {} if self.prediction is None else self.prediction.probabilities

    @property
    def dimensions(self) -> dict[str, float]:
        """The value of each dimension; none where there is an error, or the model has no dimensions."""
        return {} if self.prediction is None else self.prediction.dimensions

    def as_dict(self) -> dict[str, Any]:
        """The answer as a JSON object.

        Returns:
            `id` or `file`, `channel` where each is answered, and either `error` or what is known of the fields of a
            `Prediction`. `file` is None for a text without a recording.
        """
        name: dict[str, Any] = {"file": self.file} if self.id is None else {"id": self.id}
        if self.channel is not None:
            name["channel"] = self.channel
        if self.prediction is None:
            return {**name, "error": self.error}
        return {**name, **self.prediction.as_dict()}

    def is_longer(self, max_seconds: float) -> bool:
        """Whether the recording goes on behind what a model heard that hears so many seconds."""
        said = self.prediction
        if said is None or said.heard_seconds is None or said.heard_seconds < max_seconds - TOLERANCE_SECONDS:
            return False
        return said.seconds is None or said.seconds > said.heard_seconds + TOLERANCE_SECONDS


def tell_of_longer(longer: int, answered: int, max_seconds: float) -> None:
    """Logs, in a line, how many of the recordings were longer than what the model hears, if any was."""
    if longer:
        logger.info(
            "%s longer than the %g s that the model hears; `emotion-tf timeline` hears a recording to its end",
            "the recording is" if answered == 1 else f"{longer} of {answered} recordings are",
            max_seconds,
        )
