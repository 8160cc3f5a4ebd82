"""TESS: two women speak 200 English words in a carrier phrase and seven emotions."""

import dataclasses
import re
from pathlib import Path

from emotion_tf.corpora.corpus import CorpusInfo
from emotion_tf.corpora.sources import read_clips
from emotion_tf.corpora.utterance import Utterance
from emotion_tf.labels import FOUR_SET

# The letters ps are pleasant surprise.
EMOTIONS = {
    "angry": "angry",
    "disgust": "disgust",
    "fear": "fearful",
    "happy": "happy",
    "neutral": "neutral",
    "ps": "surprised",
    "sad": "sad",
}

INFO = CorpusInfo(
    title="TESS",
    citation="Pichora-Fuller and Dupuis, Toronto emotional speech set (TESS), Borealis, 2020, doi 10.5683/SP2/E8H2MF",
    licence="CC BY-NC-ND 4.0",
    url="https://doi.org/10.5683/SP2/E8H2MF",
    files="",
    layout="a folder with SSS_emotion/SSS_word_emotion.wav, such as OAF_angry/OAF_back_angry.wav, or with the clips "
    "alone",
    languages=("en",),
    labels=tuple(sorted(EMOTIONS.values())),
    label_sets={"four": FOUR_SET},
    default_labels="four",
)

# Names vary in case, and OA_bite_neutral lacks the last letter of its speaker.
_NAME = re.compile(rf"(?P<speaker>OA|YA)F?_(?P<word>[a-z]+)_(?P<emotion>{'|'.join(EMOTIONS)})", re.IGNORECASE)


def read(data_dir: Path) -> tuple[Utterance, ...]:
    """Reads every clip; 2800 in the whole corpus.

    Args:
        data_dir: The folder that holds the clips, or the folders in which they lie by speaker and emotion.

    Returns:
        The utterances, sorted by folder and file name. The speakers are `OAF` and `YAF`.

    Raises:
        EmotionTFError: If there is no such folder or no such clip in it.
    """
    folders = [data_dir, *data_dir.glob("*_*")]
    found = read_clips(INFO, data_dir, folders, _NAME, EMOTIONS, lambda clip: f"Say the word {clip['word'].lower()}.")
    return tuple(dataclasses.replace(item, speaker=f"{item.speaker.upper()}F") for item in found)
