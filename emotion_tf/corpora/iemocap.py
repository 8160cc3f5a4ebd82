"""IEMOCAP: ten actors in five sessions of two, improvised and scripted."""

import dataclasses
import re
import sys
import warnings
from collections import Counter
from pathlib import Path

from emotion_tf.corpora.corpus import CorpusInfo
from emotion_tf.corpora.dialogue import with_dialogues
from emotion_tf.corpora.sources import wrong_folder
from emotion_tf.corpora.utterance import Utterance
from emotion_tf.errors import EmotionTFError
from emotion_tf.labels import FOUR, FOUR_SET, customary, label_set
from emotion_tf.utils.files import read_bounded

EMOTIONS = {
    "ang": "angry",
    "dis": "disgust",
    "exc": "excited",
    "fea": "fearful",
    "fru": "frustrated",
    "hap": "happy",
    "neu": "neutral",
    "oth": "other",
    "sad": "sad",
    "sur": "surprised",
}

UNDECIDED = "xxx"
"""The label of turns on which the raters did not agree; they have no label here."""

RATERS_WORDS = {"neutral state": "neutral"}
"""What raters wrote besides the customary names of emotions."""

INFO = CorpusInfo(
    title="IEMOCAP",
    citation="Busso, Bulut, Lee, Kazemzadeh, Mower, Kim, Chang, Lee and Narayanan, IEMOCAP: Interactive emotional "
    "dyadic motion capture database, Language Resources and Evaluation 42, 2008, doi 10.1007/s10579-008-9076-6",
    licence="for research only, on signing the release form of the University of Southern California",
    url="https://sail.usc.edu/iemocap/iemocap_release.htm",
    files="",
    layout="IEMOCAP_full_release or the folder around it, with Session1 to Session5 and in each of them "
    "dialog/EmoEvaluation/*.txt, dialog/transcriptions/*.txt and sentences/wav/DIALOG/TURN.wav",
    languages=("en",),
    labels=tuple(sorted(EMOTIONS.values())),
    label_sets={
        "four": FOUR_SET,
        "five": label_set(*FOUR, "frustrated", excited="happy"),
        "six": label_set(*FOUR, "excited", "frustrated"),
    },
    default_labels="four",
    dimensions={"arousal": (1.0, 5.0), "valence": (1.0, 5.0), "dominance": (1.0, 5.0)},
)

SESSIONS = ("Session1", "Session2", "Session3", "Session4", "Session5")

COUNTS = {
    "angry": 1103,
    "disgust": 2,
    "excited": 1041,
    "fearful": 40,
    "frustrated": 1849,
    "happy": 595,
    "neutral": 1708,
    "other": 3,
    "sad": 1084,
    "surprised": 107,
}
"""Labelled turns of the full release; 7532 in all. A further 2507 turns have no label on which the raters agreed."""

PARTS = ("improvised", "scripted")

_LABEL = re.compile(
    r"\[(?P<start>\d+(?:\.\d+)?) - [\d.]+\]\s+"
    r"(?P<turn>(?P<session>Ses\d\d)[FM]_\w+_(?P<gender>[FM])\w+)\s+"
    rf"(?P<emotion>{'|'.join(EMOTIONS)}|{UNDECIDED})\s+"
    r"\[(?P<valence>[\d.]+), (?P<arousal>[\d.]+), (?P<dominance>[\d.]+)\]"
)
# A rater may give several emotions; the actors themselves, C-F and C-M, are not counted among the raters.
_VOTE = re.compile(r"C-E\d+:\s*(?P<emotions>[^(]*)")
_TRANSCRIPT = re.compile(r"(?P<turn>Ses\w+) \[[^]]*\]:\s*(?P<text>.*)")


def read(data_dir: Path) -> tuple[Utterance, ...]:
    """Reads every turn, 10,039 in the full release; those on whose emotion the raters did not agree have no label.

    The turns before an utterance are those of its dialogue that begin before it.

    Votes are those of the raters, and ratings their means of arousal (activation), valence and dominance, 1 to 5. Warns
    if the counts of the emotions are not those of the full release.

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
        raise wrong_folder(INFO, data_dir, "Session1")
    utterances: list[Utterance] = []
    for session in SESSIONS:
        # The name keeps out stray files such as ._Ses01F_impro01.txt.
        evaluations = sorted((root / session / "dialog" / "EmoEvaluation").glob("Ses*.txt"))
        if not evaluations:
            raise _incomplete(root / session / "dialog" / "EmoEvaluation" / "Ses*.txt")
        for evaluation in evaluations:
            utterances += _dialogue(evaluation, root / session)
    counts = Counter(utterance.label for utterance in utterances if utterance.label)
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
    turns, starts = _turns(evaluation)
    for turn in turns:
        path = folder / f"{turn.id}.wav"
        if path.name not in there:
            raise _incomplete(path)
        if turn.id not in texts:
            raise EmotionTFError(
                f"{transcripts} has no transcript of {turn.id}",
                expected="a line for every turn that is labelled",
                fix="extract the archive of IEMOCAP again",
            )
        utterances.append(dataclasses.replace(turn, file=path, text=texts[turn.id], session=session.name))
    return with_dialogues(utterances, [evaluation.stem] * len(utterances), starts)


def _turns(evaluation: Path) -> tuple[list[Utterance], list[float]]:
    """The turns of a dialogue, with what the evaluation says of them; and when each begins, in seconds."""
    found: list[Utterance] = []
    starts: list[float] = []
    for number, line in enumerate(_lines(evaluation), start=1):
        # Between the lines that matter there are a header and the judgements of single raters.
        if not line.startswith("[") and evaluation.stem not in line:
            vote = _VOTE.match(line)
            if vote and found:
                found[-1] = dataclasses.replace(found[-1], votes=found[-1].votes + _votes(vote["emotions"]))
            continue
        match = _LABEL.fullmatch(line.strip())
        if not match:
            raise EmotionTFError(
                f"{evaluation}, line {number} is malformed",
                expected="[start - end], turn, emotion and [valence, activation, dominance], divided by tabs",
                received=repr(line[:80]),
                fix="extract the archive of IEMOCAP again",
            )
        starts.append(float(match["start"]))
        speaker = f"{match['session']}_{match['gender']}"
        ratings = tuple(float(match[name]) for name in INFO.dimensions)
        label = EMOTIONS.get(match["emotion"], "")
        sex = (("sex", "female" if match["gender"] == "F" else "male"),)
        found.append(
            Utterance(match["turn"], None, 0.0, None, "", label, sys.intern(speaker), ratings=ratings, groups=sex)
        )
    return [dataclasses.replace(turn, votes=_summed(turn.votes)) for turn in found], starts


def _votes(words: str) -> tuple[tuple[str, float], ...]:
    """The vote of one rater, which is shared among the emotions that the rater named."""
    names = [word.strip().lower() for word in words.split(";") if word.strip()]
    return tuple((sys.intern(customary(RATERS_WORDS.get(name, name))), 1 / len(names)) for name in names)


def _summed(votes: tuple[tuple[str, float], ...]) -> tuple[tuple[str, float], ...]:
    total: dict[str, float] = {}
    for name, number in votes:
        total[name] = total.get(name, 0.0) + number
    return tuple(sorted(total.items()))


def _lines(path: Path) -> list[str]:
    # In Latin-1 every byte is a character, so that a stray one fails no line of ASCII.
    return read_bounded(path).decode("latin-1").splitlines()


def _incomplete(path: Path) -> EmotionTFError:
    return EmotionTFError(f"{path} is missing", expected=INFO.layout, fix="extract the archive of IEMOCAP again, whole")


def _said(counts: dict[str, int]) -> str:
    each = ", ".join(f"{counts.get(emotion, 0)} {emotion}" for emotion in COUNTS)
    return f"{sum(counts.values())} utterances ({each})"
