"""RAVDESS: 24 actors speak two neutral sentences in eight emotions, of which four are read."""

import re
from pathlib import Path

from emotion_tf.corpora.sources import clips, wrong_folder
from emotion_tf.corpora.utterance import Utterance

CITATION = (
    "Livingstone and Russo, The Ryerson Audio-Visual Database of Emotional Speech and Song (RAVDESS), "
    "PLoS ONE 13(5), 2018, doi 10.1371/journal.pone.0196391"
)
LICENCE = "CC BY-NC-SA 4.0"
SOURCE = "https://zenodo.org/records/1188976, the archive Audio_Speech_Actors_01-24.zip"
LAYOUT = "a folder with Actor_NN/03-01-EE-II-SS-RR-AA.wav or .flac"
DEFAULT_DIR = None
SYNTHETIC = False

EMOTIONS = {"01": "neutral", "03": "happy", "04": "sad", "05": "angry"}
SENTENCES = {"01": "Kids are talking by the door.", "02": "Dogs are sitting by the door."}

# Modality 03 is audio alone and vocal channel 01 is speech; then come emotion, intensity, sentence, repetition, actor.
_NAME = re.compile(r"03-01-(?P<emotion>0[1345])-\d\d-(?P<sentence>0[12])-\d\d-(?P<speaker>\d\d)")


def read(data_dir: Path) -> tuple[Utterance, ...]:
    """Reads the clips that are neutral, happy, sad or angry; 672 in the whole corpus.

    Anything else in the folders is passed over: other emotions, song, video, hidden files.

    Args:
        data_dir: The folder that holds `Actor_01` and so on.

    Returns:
        The utterances, sorted by folder and file name.

    Raises:
        EmotionTFError: If there is no such folder or no such clip in it.
    """
    found = clips(data_dir.glob("Actor_*"), _NAME)
    if not found:
        raise wrong_folder(
            "RAVDESS", data_dir, "clip of the four emotions", layout=LAYOUT, source=SOURCE, licence=LICENCE
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
    )
