"""TESS: two women speak 200 English words in a carrier phrase and seven emotions, of which four are read."""

import re
from pathlib import Path

from emotion_tf.corpora.sources import clips, wrong_folder
from emotion_tf.corpora.utterance import Utterance

CITATION = "Pichora-Fuller and Dupuis, Toronto emotional speech set (TESS), Borealis, 2020, doi 10.5683/SP2/E8H2MF"
LICENCE = "CC BY-NC-ND 4.0"
SOURCE = "https://doi.org/10.5683/SP2/E8H2MF"
LAYOUT = "a folder with SSS_emotion/SSS_word_emotion.wav, such as OAF_angry/OAF_back_angry.wav, or with the clips alone"
DEFAULT_DIR = None
SYNTHETIC = False

# Names vary in case, and OA_bite_neutral lacks the last letter of its speaker.
_NAME = re.compile(r"(?P<speaker>OA|YA)F?_(?P<word>[a-z]+)_(?P<emotion>angry|happy|neutral|sad)", re.IGNORECASE)


def read(data_dir: Path) -> tuple[Utterance, ...]:
    """Reads the clips that are angry, happy, neutral or sad; 1600 in the whole corpus.

    Anything else in the folders is passed over: other emotions and hidden files.

    Args:
        data_dir: The folder that holds the clips, or the folders in which they lie by speaker and emotion.

    Returns:
        The utterances, sorted by folder and file name.

    Raises:
        EmotionTFError: If there is no such folder or no such clip in it.
    """
    found = clips([data_dir, *data_dir.glob("*_*")], _NAME)
    if not found:
        raise wrong_folder("TESS", data_dir, "clip of the four emotions", layout=LAYOUT, source=SOURCE, licence=LICENCE)
    return tuple(
        Utterance(
            id=path.stem,
            file=path,
            start=0.0,
            end=None,
            text=f"Say the word {name['word'].lower()}.",
            label=name["emotion"].lower(),
            speaker=f"{name['speaker'].upper()}F",
        )
        for path, name in found
    )
