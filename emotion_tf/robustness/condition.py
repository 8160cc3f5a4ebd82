"""One condition under which the networks of a run are tested."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from emotion_tf.corpora.utterance import Utterance
from emotion_tf.robustness.result import Kind


@dataclass(frozen=True)
class Condition:
    """A condition of a stress test.

    Args:
        kind: `sound` changes what is heard, `words` what is read, `missing` leaves one of the two out.
        predict: Gives the probabilities (N, 4) of the network of a fold for some utterances.
        word_error_rate: That of the transcripts, where they were changed.
        recognizer: Whether the transcripts are those of a recogniser; otherwise their errors are simulated.
    """

    kind: Kind
    predict: Callable[[int, Sequence[Utterance]], np.ndarray]
    word_error_rate: float | None = None
    recognizer: bool = False
