"""CREMA-D: 91 actors speak twelve neutral sentences in six emotions, of which four are read."""

import re
from pathlib import Path

from emotion_tf.corpora.sources import clips, wrong_folder
from emotion_tf.corpora.utterance import Utterance

CITATION = (
    "Cao, Cooper, Keutmann, Gur, Nenkova and Verma, CREMA-D: Crowd-sourced Emotional Multimodal Actors Dataset, "
    "IEEE Transactions on Affective Computing 5(4), 2014, doi 10.1109/TAFFC.2014.2336244"
)
LICENCE = "Open Database License 1.0, contents under the Database Contents License 1.0"
SOURCE = "https://github.com/CheyneyComputerScience/CREMA-D, the folder AudioWAV, with Git LFS"
LAYOUT = "a folder with AudioWAV/AAAA_SSS_EEE_LL.wav, such as 1001_DFA_ANG_XX.wav, or AudioWAV itself"
DEFAULT_DIR = None
SYNTHETIC = False

EMOTIONS = {"ANG": "angry", "HAP": "happy", "NEU": "neutral", "SAD": "sad"}
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
_NAME = re.compile(rf"(?P<speaker>\d{{4}})_(?P<sentence>{'|'.join(SENTENCES)})_(?P<emotion>ANG|HAP|NEU|SAD)_[A-Z]+")


def read(data_dir: Path) -> tuple[Utterance, ...]:
    """Reads the clips that are angry, happy, neutral or sad; 4899 in the whole corpus.

    The one that is silent is left out. Anything else in the folder is passed over: other emotions and hidden files.

    Args:
        data_dir: The folder that holds `AudioWAV`, or that folder itself.

    Returns:
        The utterances, sorted by file name.

    Raises:
        EmotionTFError: If there is no such folder or no such clip in it.
    """
    found = clips([data_dir, data_dir / "AudioWAV"], _NAME)
    if not found:
        raise wrong_folder(
            "CREMA-D", data_dir, "clip of the four emotions", layout=LAYOUT, source=SOURCE, licence=LICENCE
        )
    return tuple(
        Utterance(
            id=path.stem,
            file=path,
            start=0.0,
            end=None,
            text=SENTENCES[name["sentence"]],
            label=EMOTIONS[name["emotion"]],
            speaker=name["speaker"],
        )
        for path, name in found
        if path.stem != SILENT
    )
