"""What is known of a corpus, and what `emotion_tf.corpora.load` gives."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from emotion_tf.config import LabelConfig
from emotion_tf.corpora.utterance import Utterance

ALL = "all"
"""The label set of every emotion that a corpus has."""


@dataclass(frozen=True)
class CorpusInfo:
    """What is known of a corpus before it is read. Each module of a corpus has one as `INFO`.

    Args:
        title: The name that its authors gave it.
        citation: Whom to cite.
        licence: Under what terms the recordings may be used.
        url: Where it can be got.
        files: Which files of that page are needed.
        layout: What the folder of the corpus looks like.
        languages: What is spoken, as ISO 639-1 codes; empty where the user decides.
        labels: Every emotion that it has, in alphabetical order; empty where the user decides.
        label_sets: Customary choices among them by name, each an emotion-to-class mapping. The set `all` always exists.
        default_labels: The set that is taken where the settings choose none.
        dimensions: Ratings beside the labels, such as arousal, each with its lowest and highest value.
        default_folder: Where the corpus lies if the user does not say; None means that the user must.
        synthetic: Whether machines speak; figures that were reached on such a corpus say so.
    """

    title: str
    citation: str
    licence: str
    url: str
    files: str
    layout: str
    languages: tuple[str, ...]
    labels: tuple[str, ...]
    label_sets: Mapping[str, Mapping[str, str]]
    default_labels: str = ALL
    dimensions: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    default_folder: Path | None = None
    synthetic: bool = False

    @property
    def source(self) -> str:
        """Where it can be got, and which files are needed."""
        return f"{self.url}, {self.files}" if self.files else self.url


@dataclass(frozen=True)
class Corpus:
    """The utterances of a corpus and what must be said about it wherever it is used.

    Args:
        name: One of `emotion_tf.corpora.NAMES`.
        citation: Whom to cite.
        licence: Under what terms the recordings may be used.
        synthetic: Whether machines speak; figures that were reached on such a corpus say so.
        utterances: Every utterance, in an order that stays the same on every machine.
        transcripts: Whose transcripts the utterances have: `reference`, or the name of a recogniser.
        label_sets: Customary choices among the emotions by name, each an emotion-to-class mapping.
        default_labels: The set that is taken where the settings choose none.
        dimensions: Ratings of the utterances, such as arousal, each with its lowest and highest value, in the order of
            `Utterance.ratings`; None where nobody says the range.
        chosen: The settings by which `emotion_tf.corpora.choose_labels` chose among the labels; None before.
    """

    name: str
    citation: str
    licence: str
    synthetic: bool
    utterances: tuple[Utterance, ...]
    transcripts: str = "reference"
    label_sets: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    default_labels: str = ALL
    dimensions: Mapping[str, tuple[float, float] | None] = field(default_factory=dict)
    chosen: LabelConfig | None = None
