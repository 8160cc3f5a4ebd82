"""IEMOCAP: ten actors in five sessions of two, improvised and scripted, of whose emotions four are read."""

import re
import warnings
from collections import Counter
from pathlib import Path

from emotion_tf.corpora.sources import wrong_folder
from emotion_tf.corpora.utterance import Utterance
from emotion_tf.errors import EmotionTFError
from emotion_tf.labels import EMOTIONS, canonical
from emotion_tf.utils.files import read_bounded

CITATION = (
    "Busso, Bulut, Lee, Kazemzadeh, Mower, Kim, Chang, Lee and Narayanan, IEMOCAP: Interactive emotional dyadic motion "
    "capture database, Language Resources and Evaluation 42, 2008, doi 10.1007/s10579-008-9076-6"
)
LICENCE = "for research only, on signing the release form of the University of Southern California"
SOURCE = "https://sail.usc.edu/iemocap/iemocap_release.htm"
LAYOUT = (
    "IEMOCAP_full_release or the folder around it, with Session1 to Session5 and in each of them "
    "dialog/EmoEvaluation/*.txt, dialog/transcriptions/*.txt and sentences/wav/DIALOG/TURN.wav"
)
DEFAULT_DIR = None
SYNTHETIC = False

SESSIONS = ("Session1", "Session2", "Session3", "Session4", "Session5")

OTHER_EMOTIONS = ("fru", "sur", "xxx", "dis", "fea", "oth")
"""Labels that are left out; `xxx` is where the raters did not agree."""

COUNTS = {"angry": 1103, "happy": 1636, "neutral": 1708, "sad": 1084}
"""Utterances of the full release, excited counted as happy; 5531 in all."""

PARTS = ("improvised", "scripted")

_LABEL = re.compile(
    r"\[[\d.]+ - [\d.]+\]\s+"
    r"(?P<turn>(?P<session>Ses\d\d)[FM]_\w+_(?P<gender>[FM])\w+)\s+"
    rf"(?P<emotion>ang|hap|exc|neu|sad|{'|'.join(OTHER_EMOTIONS)})\s+"
    r"\[[\d.]+, [\d.]+, [\d.]+\]"
)
_TRANSCRIPT = re.compile(r"(?P<turn>Ses\w+) \[[^]]*\]:\s*(?P<text>.*)")


def read(data_dir: Path) -> tuple[Utterance, ...]:
    """Reads the turns whose label is anger, happiness, excitement, sadness or neutral; 5531 in the full release.

    Warns if the four counts are not those of the full release.

    Args:
        data_dir: `IEMOCAP_full_release`, or the folder that holds it.

    Returns:
        The utterances, sorted by session and dialogue and in the order of the evaluation files. A speaker is such as
        `Ses01_F`, a session such as `Session1`.

    Raises:
        EmotionTFError: If it is not such a folder, something of it is missing, or a line is malformed.
    """
    inner = data_dir / "IEMOCAP_full_release"
    root = inner if inner.is_dir() else data_dir
    if not any(root.glob("Session[1-5]")):
        raise wrong_folder("IEMOCAP", data_dir, "Session1", layout=LAYOUT, source=SOURCE, licence=LICENCE)
    utterances: list[Utterance] = []
    for session in SESSIONS:
        # The name keeps out stray files such as ._Ses01F_impro01.txt.
        evaluations = sorted((root / session / "dialog" / "EmoEvaluation").glob("Ses*.txt"))
        if not evaluations:
            raise _incomplete(root / session / "dialog" / "EmoEvaluation" / "Ses*.txt")
        for evaluation in evaluations:
            utterances += _dialogue(evaluation, root / session)
    counts = Counter(utterance.label for utterance in utterances)
    if counts != COUNTS:
        warnings.warn(
            f"{root} is not the full release of IEMOCAP; expected {_said(COUNTS)}, received {_said(counts)}",
            stacklevel=2,
        )
    return tuple(utterances)


def part(utterance: Utterance) -> str:
    """Which of `PARTS` an utterance belongs to."""
    return "improvised" if "_impro" in utterance.id else "scripted"


def _dialogue(evaluation: Path, session: Path) -> list[Utterance]:
    """The utterances of one dialogue."""
    transcripts = session / "dialog" / "transcriptions" / evaluation.name
    folder = session / "sentences" / "wav" / evaluation.stem
    for needed in (transcripts, folder):
        if not needed.exists():
            raise _incomplete(needed)
    lines = (_TRANSCRIPT.match(line) for line in _lines(transcripts))
    texts = {line["turn"]: line["text"].strip() for line in lines if line}
    there = {path.name for path in folder.iterdir()}
    utterances = []
    for turn, label, speaker in _labels(evaluation):
        path = folder / f"{turn}.wav"
        if path.name not in there:
            raise _incomplete(path)
        if turn not in texts:
            raise EmotionTFError(
                f"{transcripts} has no transcript of {turn}",
                expected="a line for every turn that is labelled",
                fix="extract the archive of IEMOCAP again",
            )
        utterances.append(Utterance(turn, path, 0.0, None, texts[turn], label, speaker, session.name))
    return utterances


def _labels(evaluation: Path) -> list[tuple[str, str, str]]:
    """Turn, label and speaker of the turns of the four emotions."""
    found = []
    for number, line in enumerate(_lines(evaluation), start=1):
        # Between the lines that matter there are a header and the judgements of single raters.
        if not line.startswith("[") and evaluation.stem not in line:
            continue
        match = _LABEL.fullmatch(line.strip())
        if not match:
            raise EmotionTFError(
                f"{evaluation}, line {number} is malformed",
                expected="[start - end], turn, emotion and [valence, activation, dominance], divided by tabs",
                received=repr(line[:80]),
                fix="extract the archive of IEMOCAP again",
            )
        label = canonical(match["emotion"])
        if label:
            found.append((match["turn"], label, f"{match['session']}_{match['gender']}"))
    return found


def _lines(path: Path) -> list[str]:
    # In Latin-1 every byte is a character, so that a stray one fails no line of ASCII.
    return read_bounded(path).decode("latin-1").splitlines()


def _incomplete(path: Path) -> EmotionTFError:
    return EmotionTFError(f"{path} is missing", expected=LAYOUT, fix="extract the archive of IEMOCAP again, whole")


def _said(counts: dict[str, int]) -> str:
    each = ", ".join(f"{counts.get(emotion, 0)} {emotion}" for emotion in EMOTIONS)
    return f"{sum(counts.values())} utterances ({each})"
