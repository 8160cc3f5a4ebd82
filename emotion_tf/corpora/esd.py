"""ESD: ten speakers of Mandarin and ten of English speak 350 sentences in five emotions."""

import codecs
import re
from pathlib import Path

from emotion_tf.corpora.corpus import CorpusInfo
from emotion_tf.corpora.sources import clips, wrong_folder
from emotion_tf.corpora.utterance import Utterance
from emotion_tf.errors import EmotionTFError
from emotion_tf.labels import FOUR_SET
from emotion_tf.utils.files import read_bounded

EMOTIONS = {"Angry": "angry", "Happy": "happy", "Neutral": "neutral", "Sad": "sad", "Surprise": "surprised"}
"""Folder to label."""

INFO = CorpusInfo(
    title="ESD",
    citation="Zhou, Sisman, Liu and Li, Emotional voice conversion: Theory, databases and ESD, Speech Communication "
    "137, 2022, doi 10.1016/j.specom.2021.11.006",
    licence="for research only, on signing the form of its authors",
    url="https://github.com/HLTSingapore/Emotional-Speech-Data",
    files="",
    layout="a folder with SSSS/SSSS.txt and SSSS/Emotion/SSSS_NNNNNN.wav, such as 0001/Angry/0001_000351.wav",
    languages=("en", "zh"),
    labels=tuple(sorted(EMOTIONS.values())),
    label_sets={"four": FOUR_SET},
    default_labels="four",
)

PARTS = ("", "evaluation", "test", "train")
"""Folders within an emotion; the releases differ in whether they have them."""

LAST_OF_MANDARIN = "0010"
"""Speakers up to this one speak Mandarin, those after it English."""

_NAME = re.compile(r"\d{4}_\d{6}")
# The fields are id, text and emotion; a few lines lack the emotion or have spaces for tabs.
_LINE = re.compile(r"(?P<id>\d{4}_\d{6})\s+(?P<text>.*?)(\t.*|\s+(Angry|Happy|Neutral|Sad|Surprise))?")


def read(data_dir: Path) -> tuple[Utterance, ...]:
    """Reads every clip; 35,000 in the whole corpus.

    A clip that has no line in the transcripts has an empty text.

    Args:
        data_dir: The folder that holds `0001` and so on. Leave the speakers of a language away to read the other alone.

    Returns:
        The utterances, sorted by speaker, emotion and file name.

    Raises:
        EmotionTFError: If there is no such folder or no such clip in it, or the transcripts of a speaker are missing.
    """
    utterances = []
    for speaker in sorted(data_dir.glob("[0-9][0-9][0-9][0-9]")):
        texts = _texts(speaker / f"{speaker.name}.txt")
        for emotion, label in EMOTIONS.items():
            for path, _ in clips((speaker / emotion / part for part in PARTS), _NAME):
                text = texts.get(path.stem, "")
                utterances.append(Utterance(path.stem, path, 0.0, None, text, label, speaker.name))
    if not utterances:
        raise wrong_folder(INFO, data_dir, "clip of the corpus")
    return tuple(utterances)


def _texts(path: Path) -> dict[str, str]:
    """Clip to text."""
    if not path.is_file():
        raise EmotionTFError(f"{path} is missing", expected="the transcripts of the speaker", fix="extract ESD again")
    lines = (_LINE.fullmatch(line.strip()) for line in _decoded(path).splitlines())
    texts = {line["id"]: line["text"] for line in lines if line}
    if not texts:
        raise EmotionTFError(f"{path} holds no transcript", expected="lines of id, text and emotion, divided by tabs")
    return texts


def _decoded(path: Path) -> str:
    """The content of a file of transcripts; the release mixes four encodings."""
    content = read_bounded(path)
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16", errors="replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("gb18030" if path.stem <= LAST_OF_MANDARIN else "cp1252", errors="replace")
