"""CREMA-D: 91 actors speak twelve neutral sentences in six emotions."""

import dataclasses
import re
from pathlib import Path

from emotion_tf.corpora.corpus import CorpusInfo
from emotion_tf.corpora.sources import read_clips, rows
from emotion_tf.corpora.utterance import Utterance
from emotion_tf.errors import EmotionTFError
from emotion_tf.labels import FOUR_SET
from emotion_tf.utils.files import read_text_lines

EMOTIONS = {"ang": "angry", "dis": "disgust", "fea": "fearful", "hap": "happy", "neu": "neutral", "sad": "sad"}

INFO = CorpusInfo(
    title="CREMA-D",
    citation="Cao, Cooper, Keutmann, Gur, Nenkova and Verma, CREMA-D: Crowd-sourced Emotional Multimodal Actors "
    "Dataset, IEEE Transactions on Affective Computing 5(4), 2014, doi 10.1109/TAFFC.2014.2336244",
    licence="Open Database License 1.0, contents under the Database Contents License 1.0",
    url="https://github.com/CheyneyComputerScience/CREMA-D",
    files="the folder AudioWAV, with Git LFS",
    layout="a folder with AudioWAV/AAAA_SSS_EEE_LL.wav, such as 1001_DFA_ANG_XX.wav, or AudioWAV itself",
    languages=("en",),
    labels=tuple(sorted(EMOTIONS.values())),
    label_sets={"four": FOUR_SET},
    default_labels="four",
)

SENTENCES = {
    "DFA": "Don't forget a jacket.",
    "IEO": "It's eleven o'clock.",
    "IOM": "I'm on my way to the meeting.",
    "ITH": "I think I have a doctor's appointment.",
    "ITS": "I think I've seen this before.",
    "IWL": "I would like a new alarm clock.",
    "IWW": "I wonder what this is about.",
    "MTI": "Maybe tomorrow it will be cold.",
    "TAI": "The airplane is almost full.",
    "TIE": "That is exactly what happened.",
    "TSI": "The surface is slick.",
    "WSI": "We'll stop in a couple of minutes.",
}

VOTES = "processedResults/tabulatedVotes.csv"
"""The table of the release that says how many raters took a clip for what, in columns of the emotions' initials."""

VOICE_ALONE = 1
"""First digit of the rows, of six digits, whose raters heard the voice and saw no face."""

SILENT = "1076_MTI_SAD_XX"
"""The one clip of the corpus that has no sound."""

# Actor, sentence, emotion and intensity; 1040_ITH_SAD_X lacks a letter of its intensity.
_NAME = re.compile(
    rf"(?P<speaker>\d{{4}})_(?P<sentence>{'|'.join(SENTENCES)})_(?P<emotion>ANG|DIS|FEA|HAP|NEU|SAD)_[A-Z]+"
)


def read(data_dir: Path) -> tuple[Utterance, ...]:
    """Reads every clip; 7441 in the whole corpus, since the one that is silent is left out.

    The label is what the actor was asked for. Where `processedResults/tabulatedVotes.csv` is beside the clips, each has
    the votes of the raters who heard it.

    Args:
        data_dir: The folder that holds `AudioWAV`, or that folder itself.

    Returns:
        The utterances, sorted by file name.

    Raises:
        EmotionTFError: If there is no such folder or no such clip in it.
    """
    folders = [data_dir, data_dir / "AudioWAV"]
    found = read_clips(INFO, data_dir, folders, _NAME, EMOTIONS, lambda clip: SENTENCES[clip["sentence"]])
    votes = _votes(data_dir / VOTES) or _votes(data_dir.parent / VOTES)
    return tuple(
        dataclasses.replace(utterance, votes=votes.get(utterance.id, ()))
        for utterance in found
        if utterance.id != SILENT
    )


def _votes(path: Path) -> dict[str, tuple[tuple[str, float], ...]]:
    """Clip to votes; empty where there is no such table."""
    if not path.is_file():
        return {}
    initials = {name[0].upper(): label for name, label in EMOTIONS.items()}
    found = {}
    for row in rows(path, read_text_lines(path), (*initials, "fileName")):
        # The first column, which has no name, is the way of rating and the number of the clip.
        number = next(iter(row.values()))
        try:
            votes = tuple((initials[letter], float(row[letter])) for letter in initials if float(row[letter]))
            if int(number) // 100_000 == VOICE_ALONE:
                found[row["fileName"].strip()] = tuple(sorted(votes))
        except ValueError:
            raise EmotionTFError(f"{path}: row {number!r} has votes that are no numbers") from None
    return found
