"""What every corpus yields."""

from dataclasses import dataclass
from pathlib import Path

from emotion_tf.text.dialogue import Turn, with_context
from emotion_tf.utils.paths import RemotePath, as_path


@dataclass(frozen=True, slots=True)
class Utterance:
    """One labelled utterance of one speaker.

    Args:
        id: Unique within its corpus.
        file: The audio file, local or behind a URL, or None where the corpus has words only. It is kept as text, since
            there may be many utterances and a path takes four times the memory.
        start: Where the utterance begins in the file, in seconds.
        end: Where it ends, in seconds; None means the end of the file.
        text: The reference transcript; empty where there is none.
        label: The emotion, by the name that the corpus or its reader gives it; "" where there is none.
        speaker: Who speaks. Speakers never stand in both train and test.
        session: The recording session, or "" where the corpus has none.
        votes: What the raters said, as pairs of an emotion and the number of raters, or their share, that chose it;
            empty where the corpus has no votes.
        ratings: Numbers such as arousal, in the order of `Corpus.dimensions`, NaN where one is missing; empty where
            the corpus has none.
        corpus: The corpus that it comes from; "" where nobody said.
        groups: Pairs of a group's name and what the utterance is of it, such as `("sex", "female")`.
        context: The turns before it in its dialogue, in the order in which they were spoken, at most the last
            `MOST_TURNS`; empty where the corpus has no dialogues.
    """

    id: str
    file: str | Path | RemotePath | None
    start: float
    end: float | None
    text: str
    label: str
    speaker: str
    session: str = ""
    votes: tuple[tuple[str, float], ...] = ()
    ratings: tuple[float, ...] = ()
    corpus: str = ""
    groups: tuple[tuple[str, str], ...] = ()
    context: tuple[Turn, ...] = ()

    def __post_init__(self) -> None:
        """Makes a text of the file."""
        if self.file is not None:
            object.__setattr__(self, "file", str(self.file))

    @property
    def audio(self) -> Path | RemotePath | None:
        """The audio file, or None where there is none."""
        return None if self.file is None else as_path(self.file)

    def transcript(self, turns: int) -> str:
        """What a network reads: the text, and behind it so many turns before it, as `with_context` writes them."""
        return with_context(self.text, self.context, turns)
