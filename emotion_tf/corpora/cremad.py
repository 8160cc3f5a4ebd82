"""CREMA-D: 91 actors speak twelve neutral sentences in six emotions."""

import re
from pathlib import Path

from emotion_tf.corpora.corpus import CorpusInfo
from emotion_tf.corpora.sources import read_clips
from emotion_tf.corpora.utterance import Utterance
from emotion_tf.labels import FOUR_SET

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

SILENT = "1076_MTI_SAD_XX"
"""The one clip of the corpus that has no sound."""

# Actor, sentence, emotion and intensity; 1040_ITH_SAD_X lacks a letter of its intensity.
_NAME = re.compile(
    rf"(?P<speaker>\d{{4}})_(?P<sentence>{'|'.join(SENTENCES)})_(?P<emotion>ANG|DIS|FEA|HAP|NEU|SAD)_[A-Z]+"
)


def read(data_dir: Path) -> tuple[Utterance, ...]:
    """Reads every clip; 7441 in the whole corpus, since the one that is silent is left out.

    Args:
        data_dir: The folder that holds `AudioWAV`, or that folder itself.

    Returns:
        The utterances, sorted by file name.

    Raises:
        EmotionTFError: If there is no such folder or no such clip in it.
    """
    folders = [data_dir, data_dir / "AudioWAV"]
    found = read_clips(INFO, data_dir, folders, _NAME, EMOTIONS, lambda clip: SENTENCES[clip["sentence"]])
    return tuple(utterance for utterance in found if utterance.id != SILENT)
