"""What every corpus yields."""

from dataclasses import dataclass
from pathlib import Path

from emotion_tf.remote_path import RemotePath


@dataclass(frozen=True, slots=True)
class Utterance:
    """One labelled utterance of one speaker.

    Args:
        id: Unique within its corpus.
        audio: The audio file, local or behind a URL, or None where the corpus has words only.
        start: Where the utterance begins in the file, in seconds.
        end: Where it ends, in seconds; None means the end of the file.
        text: The reference transcript; empty where there is none.
        label: One of `emotion_tf.labels.EMOTIONS`.
        speaker: Who speaks. Speakers never stand in both train and test.
        session: The recording session, or "" where the corpus has none.
    """

    id: str
    audio: Path | RemotePath | None
    start: float
    end: float | None
    text: str
    label: str
    speaker: str
    session: str = ""
