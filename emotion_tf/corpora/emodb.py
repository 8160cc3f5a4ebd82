"""Emo-DB: ten actors speak ten German sentences in seven emotions."""

import re
from pathlib import Path

from emotion_tf.corpora.corpus import CorpusInfo
from emotion_tf.corpora.sources import read_clips
from emotion_tf.corpora.utterance import Utterance
from emotion_tf.labels import FOUR_SET

# Initials of Angst, Ekel, Freude, Langeweile, neutral, Trauer, Wut.
EMOTIONS = {
    "a": "fearful",
    "e": "disgust",
    "f": "happy",
    "l": "bored",
    "n": "neutral",
    "t": "sad",
    "w": "angry",
}

INFO = CorpusInfo(
    title="Emo-DB",
    citation="Burkhardt, Paeschke, Rolfes, Sendlmeier and Weiss, A Database of German Emotional Speech, Interspeech "
    "2005, doi 10.21437/Interspeech.2005-446",
    licence="CC0 1.0",
    url="http://emodb.bilderbar.info",
    files="the archive download.zip",
    layout="a folder with wav/SSTTTEV.wav, such as 03a01Fa.wav, or wav itself",
    languages=("de",),
    labels=tuple(sorted(EMOTIONS.values())),
    label_sets={"four": FOUR_SET},
    default_labels="four",
)

SENTENCES = {
    "a01": "Der Lappen liegt auf dem Eisschrank.",
    "a02": "Das will sie am Mittwoch abgeben.",
    "a04": "Heute abend könnte ich es ihm sagen.",
    "a05": "Das schwarze Stück Papier befindet sich da oben neben dem Holzstück.",
    "a07": "In sieben Stunden wird es soweit sein.",
    "b01": "Was sind denn das für Tüten, die da unter dem Tisch stehen?",
    "b02": "Sie haben es gerade hochgetragen und jetzt gehen sie wieder runter.",
    "b03": "An den Wochenenden bin ich jetzt immer nach Hause gefahren und habe Agnes besucht.",
    "b09": "Ich will das eben wegbringen und dann mit Karl was trinken gehen.",
    "b10": "Die wird auf dem Platz sein, wo wir sie immer hinlegen.",
}

MEN = ("03", "10", "11", "12", "15")

# Speaker, sentence, emotion, and a letter where there are several takes.
_NAME = re.compile(rf"(?P<speaker>\d\d)(?P<sentence>{'|'.join(SENTENCES)})(?P<emotion>[AEFLNTW])[a-z]?")


def read(data_dir: Path) -> tuple[Utterance, ...]:
    """Reads every clip; 535 in the whole corpus.

    Args:
        data_dir: The folder that holds `wav`, or that folder itself.

    Returns:
        The utterances, sorted by file name.

    Raises:
        EmotionTFError: If there is no such folder or no such clip in it.
    """
    folders = [data_dir, data_dir / "wav"]
    return read_clips(INFO, data_dir, folders, _NAME, EMOTIONS, lambda clip: SENTENCES[clip["sentence"]], _sex)


def _sex(speaker: str) -> str:
    """As the page of the corpus lists its speakers."""
    return "male" if speaker in MEN else "female"
