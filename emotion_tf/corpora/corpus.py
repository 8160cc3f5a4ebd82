"""What `emotion_tf.corpora.load` gives."""

from dataclasses import dataclass

from emotion_tf.corpora.utterance import Utterance


@dataclass(frozen=True)
class Corpus:
    """The utterances of a corpus and what must be said about it wherever it is used.

    Args:
        name: One of `emotion_tf.corpora.NAMES`.
        citation: Whom to cite.
        licence: Under what terms the recordings may be used.
        synthetic: Whether machines speak; figures that were reached on such a corpus say so.
        utterances: Every utterance of the four emotions, in an order that stays the same on every machine.
        transcripts: Whose transcripts the utterances have: `reference`, or the name of a recogniser.
    """

    name: str
    citation: str
    licence: str
    synthetic: bool
    utterances: tuple[Utterance, ...]
    transcripts: str = "reference"
