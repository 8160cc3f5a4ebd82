"""SAVEE: four men speak English sentences in seven emotions."""

import re
from pathlib import Path

from emotion_tf.corpora.corpus import CorpusInfo
from emotion_tf.corpora.sources import clips, wrong_folder
from emotion_tf.corpora.utterance import Utterance
from emotion_tf.labels import FOUR_SET

EMOTIONS = {
    "a": "angry",
    "d": "disgust",
    "f": "fearful",
    "h": "happy",
    "n": "neutral",
    "sa": "sad",
    "su": "surprised",
}

INFO = CorpusInfo(
    title="SAVEE",
    citation="Haq and Jackson, Multimodal Emotion Recognition, in Machine Audition, IGI Global, 2010, pages 398-423",
    licence="free for research, on registration",
    url="http://kahlan.eps.surrey.ac.uk/savee",
    files="",
    layout="a folder with AudioData/SS/ENN.wav, such as DC/a01.wav, or AudioData itself, or a folder with SS_ENN.wav",
    languages=("en",),
    labels=tuple(sorted(EMOTIONS.values())),
    label_sets={"four": FOUR_SET},
    default_labels="four",
)

SPEAKERS = ("DC", "JE", "JK", "KL")

_CLIP = rf"(?P<emotion>{'|'.join(EMOTIONS)})\d\d"
_NAME = re.compile(_CLIP)
_FLAT_NAME = re.compile(rf"(?P<speaker>{'|'.join(SPEAKERS)})_{_CLIP}")


def read(data_dir: Path) -> tuple[Utterance, ...]:
    """Reads every clip; 480 in the whole corpus.

    The corpus lists its sentences in no file that is fit for reading, so the utterances have no text.

    Args:
        data_dir: The folder that holds `AudioData`, or that folder itself, or one that holds the clips of all speakers.

    Returns:
        The utterances, sorted by speaker and file name.

    Raises:
        EmotionTFError: If there is no such folder or no such clip in it.
    """
    found = [(path, name["emotion"], name["speaker"]) for path, name in clips([data_dir], _FLAT_NAME)]
    for speaker in SPEAKERS:
        folders = [data_dir / speaker, data_dir / "AudioData" / speaker]
        found += [(path, name["emotion"], speaker) for path, name in clips(folders, _NAME)]
    if not found:
        raise wrong_folder(INFO, data_dir, "clip of the corpus")
    return tuple(
        Utterance(
            id=f"{speaker}_{path.stem.removeprefix(f'{speaker}_')}",
            file=path,
            start=0.0,
            end=None,
            text="",
            label=EMOTIONS[emotion],
            speaker=speaker,
        )
        for path, emotion, speaker in found
    )
