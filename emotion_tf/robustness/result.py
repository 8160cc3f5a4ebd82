"""What a run reaches in a stress test, as `stress.json` holds it."""

from dataclasses import dataclass
from typing import Literal

from emotion_tf.evaluation.result import Interval

Kind = Literal["sound", "words", "missing"]


@dataclass(frozen=True)
class ConditionResult:
    """What a run reaches under one condition.

    Args:
        kind: `sound`, `words` or `missing`.
        ua: Unweighted accuracy.
        ua_ci95: Its 95 % interval over speakers; None for one speaker.
        wa: Weighted accuracy.
        wa_ci95: Its 95 % interval over speakers; None for one speaker.
        expected_calibration_error: Mean gap between confidence and share of right ones.
        word_error_rate: That of the transcripts under conditions of words, otherwise None.
        recognizer: Whether the transcripts are those of a recogniser.
    """

    kind: Kind
    ua: float
    ua_ci95: Interval | None
    wa: float
    wa_ci95: Interval | None
    expected_calibration_error: float
    word_error_rate: float | None = None
    recognizer: bool = False


@dataclass(frozen=True)
class StressResult:
    """What a run reaches under the conditions of a stress test.

    Args:
        corpus: Name of the corpus.
        protocol: The protocol of the run.
        notes: What a reader must know beside the figures.
        n: Number of utterances.
        conditions: The result under each condition, by its name.
    """

    corpus: str
    protocol: str
    notes: list[str]
    n: int
    conditions: dict[str, ConditionResult]
