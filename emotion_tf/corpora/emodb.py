"""Emo-DB: ten actors speak ten German sentences in seven emotions, of which four are read."""

import re
from pathlib import Path

from emotion_tf.corpora.sources import clips, wrong_folder
from emotion_tf.corpora.utterance import Utterance

CITATION = (
    "Burkhardt, Paeschke, Rolfes, Sendlmeier and Weiss, A Database of German Emotional Speech, Interspeech 2005, "
    "doi 10.21437/Interspeech.2005-446"
)
LICENCE = "CC0 1.0"
SOURCE = "http://emodb.bilderbar.info, the archive download.zip"
LAYOUT = "a folder with wav/SSTTTEV.wav, such as 03a01Fa.wav, or wav itself"
DEFAULT_DIR = None
SYNTHETIC = False

# Initials of Wut, Freude, neutral, Trauer. A would be Angst.
EMOTIONS = {"W": "angry", "F": "happy", "N": "neutral", "T": "sad"}
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

# Speaker, sentence, emotion, and a letter where there are several takes.
_NAME = re.compile(rf"(?P<speaker>\d\d)(?P<sentence>{'|'.join(SENTENCES)})(?P<emotion>[WFNT])[a-z]?")


def read(data_dir: Path) -> tuple[Utterance, ...]:
    """Reads the clips that are angry, happy, neutral or sad; 339 in the whole corpus.

    Anything else in the folder is passed over: other emotions and hidden files.

    Args:
        data_dir: The folder that holds `wav`, or that folder itself.

    Returns:
        The utterances, sorted by file name.

    Raises:
        EmotionTFError: If there is no such folder or no such clip in it.
    """
    found = clips([data_dir, data_dir / "wav"], _NAME)
    if not found:
        raise wrong_folder(
            "Emo-DB", data_dir, "clip of the four emotions", layout=LAYOUT, source=SOURCE, licence=LICENCE
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
