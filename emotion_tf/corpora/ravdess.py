"""RAVDESS: 24 actors speak two neutral sentences in eight emotions."""

import re
from pathlib import Path

from emotion_tf.corpora.corpus import CorpusInfo
from emotion_tf.corpora.sources import read_clips
from emotion_tf.corpora.utterance import Utterance
from emotion_tf.labels import FOUR_SET

EMOTIONS = {
    "01": "neutral",
    "02": "calm",
    "03": "happy",
    "04": "sad",
    "05": "angry",
    "06": "fearful",
    "07": "disgust",
    "08": "surprised",
}

INFO = CorpusInfo(
    title="RAVDESS",
    citation="Livingstone and Russo, The Ryerson Audio-Visual Database of Emotional Speech and Song (RAVDESS), "
    "PLoS ONE 13(5), 2018, doi 10.1371/journal.pone.0196391",
    licence="CC BY-NC-SA 4.0",
    url="https://zenodo.org/records/1188976",
    files="the archive Audio_Speech_Actors_01-24.zip",
    layout="a folder with Actor_NN/03-01-EE-II-SS-RR-AA.wav or .flac",
    languages=("en",),
    labels=tuple(sorted(EMOTIONS.values())),
    label_sets={"four": FOUR_SET},
    default_labels="four",
)

SENTENCES = {"01": "Kids are talking by the door.", "02": "Dogs are sitting by the door."}

# Modality 03 is audio alone and vocal channel 01 is speech; then come emotion, intensity, sentence, repetition, actor.
_NAME = re.compile(r"03-01-(?P<emotion>0[1-8])-\d\d-(?P<sentence>0[12])-\d\d-(?P<speaker>\d\d)")


def read(data_dir: Path) -> tuple[Utterance, ...]:
    """Reads every clip of speech; 1440 in the whole corpus.

    Song, video and hidden files are passed over.

    Args:
        data_dir: The folder that holds `Actor_01` and so on.

    Returns:
        The utterances, sorted by folder and file name.

    Raises:
        EmotionTFError: If there is no such folder or no such clip in it.
    """
    folders = data_dir.glob("Actor_*")
    return read_clips(INFO, data_dir, folders, _NAME, EMOTIONS, lambda clip: SENTENCES[clip["sentence"]], _sex)


def _sex(speaker: str) -> str:
    """Actors of even numbers are women."""
    return "male" if int(speaker) % 2 else "female"
