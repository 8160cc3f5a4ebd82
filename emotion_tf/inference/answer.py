"""The answers to many recordings: each is a prediction, or says why there is none."""

from dataclasses import asdict, dataclass
from typing import Any

from emotion_tf.inference.predictor import Prediction


@dataclass(frozen=True)
class Answer:
    """What is said of one recording, or one text, among several.

    Args:
        file: The audio file, where files were asked about.
        id: The id of the utterance, where requests were.
        prediction: What the model says; None where there is an error.
        error: Why there is no prediction.

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

    @property
    def name(self) -> str | None:
        """What was asked about: the id, or else the file."""
        return self.file if self.id is None else self.id

    @property
    def label(self) -> str | None:
        """The emotion, or `undecided`; None where there is an error."""
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
            `id` or `file`, and either `error` or what is known of the fields of a `Prediction`. `file` is None for a
            text without a recording.
        """
        name = {"file": self.file} if self.id is None else {"id": self.id}
        if self.prediction is None:
            return {**name, "error": self.error}
        said = {field: value for field, value in asdict(self.prediction).items() if value not in (None, {})}
        return {**name, **said}
