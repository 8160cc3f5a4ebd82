"""What a network is taught beside the labels of its corpus."""

from collections.abc import Sequence
from typing import Any, Protocol

from emotion_tf.corpora.utterance import Utterance
from emotion_tf.dataset.extract import Records


class Lesson(Protocol):
    """Gives each fold the targets of its training part; `emotion_tf.transfer.distil` has one of teachers."""

    @property
    def description(self) -> dict[str, Any]:
        """What a run is known by: it is not continued with another lesson."""

    @property
    def notes(self) -> Sequence[str]:
        """What a reader must know beside the figures."""

    @property
    def recordings(self) -> tuple[Utterance, ...]:
        """Utterances without labels, which every fold is trained on."""

    def teach(self, fold: int, records: Records, train: Sequence[Utterance]) -> tuple[Records, tuple[Utterance, ...]]:
        """The records with the targets of a fold, and all utterances that it is trained on.

        Args:
            fold: Its number.
            records: Those of the corpus and the recordings.
            train: The labelled utterances of its training part.
        """
