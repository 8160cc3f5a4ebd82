"""MSP-Podcast: spontaneous English speech from podcasts, rated in categories and in dimensions, with its own split."""

import io
import math
import sys
from pathlib import Path

from emotion_tf.corpora.corpus import CorpusInfo
from emotion_tf.corpora.sources import rows, wrong_folder
from emotion_tf.corpora.utterance import Utterance
from emotion_tf.errors import EmotionTFError
from emotion_tf.labels import FOUR, FOUR_SET, label_set
from emotion_tf.utils.files import read_bounded

EMOTIONS = {
    "A": "angry",
    "C": "contempt",
    "D": "disgust",
    "F": "fearful",
    "H": "happy",
    "N": "neutral",
    "O": "other",
    "S": "sad",
    "U": "surprised",
}

UNDECIDED = "X"
"""The label of turns on which the raters did not agree; they have no label here."""

INFO = CorpusInfo(
    title="MSP-Podcast",
    citation="Lotfian and Busso, Building Naturalistic Emotionally Balanced Speech Corpus by Retrieving Emotional "
    "Speech From Existing Podcast Recordings, IEEE Transactions on Affective Computing 10(4), 2019, "
    "doi 10.1109/TAFFC.2017.2736999",
    licence="for research on signing the agreement of the University of Texas at Dallas",
    url="https://lab-msp.com/MSP/MSP-Podcast.html",
    files="",
    layout="a folder with labels_consensus.csv or Labels/labels_consensus.csv, the clips in Audios or Audio, and if "
    "there are such, transcripts as Transcripts/CLIP.txt",
    languages=("en",),
    labels=tuple(sorted(EMOTIONS.values())),
    label_sets={"four": FOUR_SET, "eight": label_set(*FOUR, "contempt", "disgust", "fearful", "surprised")},
    default_labels="four",
    dimensions={"arousal": (1.0, 7.0), "valence": (1.0, 7.0), "dominance": (1.0, 7.0)},
)

SPLITS = {"Train": "train", "Development": "dev", "Test1": "test"}
"""What the parts of the release are called as sessions; other test sets are read by `read_part`."""

UNKNOWN_SPEAKER = "Unknown"

COLUMNS = ("FileName", "EmoClass", "EmoAct", "EmoVal", "EmoDom", "SpkrID", "Split_Set")

MAX_BYTES = 2**28
"""Largest table of labels; that of release 2.0 has 20 MB."""


def read(data_dir: Path) -> tuple[Utterance, ...]:
    """Reads the turns of the parts Train, Development and Test1.

    Sessions are `train`, `dev` and `test`, so that the protocol `published-split` is that of the corpus. A turn whose
    speaker is not known counts as a speaker of its own.

    Args:
        data_dir: The folder of the release.

    Returns:
        The utterances in the order of the table. Their ratings are arousal, valence and dominance, from 1 to 7.

    Raises:
        EmotionTFError: If it is not such a folder, the table is damaged, or a clip is missing.
    """
    return read_part(data_dir, "Test1")


def read_part(data_dir: Path, test: str) -> tuple[Utterance, ...]:
    """As `read`, with another test set of the release, such as `Test2`, in place of `Test1`."""
    table = _first(data_dir, ("labels_consensus.csv", "Labels/labels_consensus.csv"), "labels_consensus.csv")
    folder = _first(data_dir, ("Audios", "Audio"), "folder Audios")
    splits = {**{name: part for name, part in SPLITS.items() if part != "test"}, test: "test"}
    there = {path.name for path in folder.iterdir()}
    transcripts = data_dir / "Transcripts"
    said = {path.stem for path in transcripts.iterdir()} if transcripts.is_dir() else set()
    utterances = []
    content = io.StringIO(read_bounded(table, MAX_BYTES).decode("utf-8-sig", errors="replace"), newline="")
    for row in rows(table, content, COLUMNS):
        if row["Split_Set"] not in splits:
            continue
        name = row["FileName"].strip()
        id = name.removesuffix(".wav")
        if name not in there:
            raise EmotionTFError(f"{folder / name} is missing", expected=INFO.layout, fix="extract the corpus again")
        text = (transcripts / f"{id}.txt").read_text(encoding="utf-8", errors="replace") if id in said else ""
        speaker = row["SpkrID"].strip()
        utterances.append(
            Utterance(
                id=id,
                file=folder / name,
                start=0.0,
                end=None,
                text=text.strip(),
                label=_label(row["EmoClass"].strip(), table, name),
                speaker=f"unknown-{id}" if speaker in ("", UNKNOWN_SPEAKER) else sys.intern(speaker),
                session=splits[row["Split_Set"]],
                ratings=tuple(_rating(row[column], table, name) for column in ("EmoAct", "EmoVal", "EmoDom")),
            )
        )
    if not utterances:
        raise wrong_folder(INFO, data_dir, f"turn of {', '.join(splits)} in {table.name}")
    return tuple(utterances)


def _first(data_dir: Path, names: tuple[str, ...], lacks: str) -> Path:
    for name in names:
        if (data_dir / name).exists():
            return data_dir / name
    raise wrong_folder(INFO, data_dir, lacks)


def _label(letter: str, table: Path, name: str) -> str:
    if letter == UNDECIDED:
        return ""
    if letter not in EMOTIONS:
        raise EmotionTFError(
            f"{table}: {name} has an unknown label",
            expected=f"one of {', '.join([*EMOTIONS, UNDECIDED])}",
            received=repr(letter),
        )
    return EMOTIONS[letter]


def _rating(cell: str, table: Path, name: str) -> float:
    """The number of a cell; NaN where it is empty."""
    try:
        return float(cell) if cell.strip() else math.nan
    except ValueError:
        raise EmotionTFError(f"{table}: {name} has a rating that is no number", received=repr(cell)) from None
