"""MELD: dialogues of the television series Friends in seven emotions."""

import io
import re
from pathlib import Path

from emotion_tf.corpora.corpus import CorpusInfo
from emotion_tf.corpora.dialogue import with_dialogues
from emotion_tf.corpora.sources import rows, wrong_folder
from emotion_tf.corpora.utterance import Utterance
from emotion_tf.errors import EmotionTFError
from emotion_tf.labels import FOUR_SET, customary
from emotion_tf.utils.files import read_bounded

INFO = CorpusInfo(
    title="MELD",
    citation="Poria, Hazarika, Majumder, Naik, Cambria and Mihalcea, MELD: A Multimodal Multi-Party Dataset for "
    "Emotion Recognition in Conversations, ACL 2019, doi 10.18653/v1/P19-1050",
    licence="GPL 3.0; it does not say what that means for the clips, which are from a television series",
    url="https://affective-meld.github.io",
    files="the archive MELD.Raw.tar.gz and the three archives in it",
    layout="a folder with train_sent_emo.csv, dev_sent_emo.csv and test_sent_emo.csv, and clips diaD_uttU.wav "
    "or .mp4 in train_splits, dev_splits_complete and output_repeated_splits_test",
    languages=("en",),
    labels=("angry", "disgust", "fearful", "happy", "neutral", "sad", "surprised"),
    label_sets={"four": FOUR_SET},
    default_labels="four",
)

SPLITS = {"train": "train_splits", "dev": "dev_splits_complete", "test": "output_repeated_splits_test"}
"""The parts of the corpus, and where their clips lie."""

UNUSABLE = ("train_dia125_utt3", "dev_dia110_utt7")
"""The release has a clip of the first that is broken and none of the second. Both are left out, always."""

COLUMNS = ("Utterance", "Speaker", "Emotion", "Dialogue_ID", "Utterance_ID")


def read(data_dir: Path) -> tuple[Utterance, ...]:
    """Reads the utterances of all three parts.

    The turns before an utterance are those of its dialogue, by `Utterance_ID`; the release lacks a few.

    Speakers are the names in the tables. The six friends stand in every part, and passers-by of like name, such as
    Woman, count as one speaker.

    Args:
        data_dir: The folder with the tables and the folders of clips, or with `train`, `dev` and `test` that hold them.

    Returns:
        The utterances in the order of train, dev and test, and of the tables. Their sessions are the parts, and their
        ids are such as `dev_dia0_utt1`. Where a clip is there both as WAV and as MP4, the WAV is taken.

    Raises:
        EmotionTFError: If it is not such a folder, a table is damaged, or a clip is missing.
    """
    utterances, dialogues, turns = [], [], []
    for split, clips in SPLITS.items():
        table = _find(data_dir, split, f"{split}_sent_emo.csv")
        folder = _find(data_dir, split, clips)
        there = {path.name for path in folder.iterdir()}
        for row in rows(table, io.StringIO(_text(table), newline=""), COLUMNS):
            label = customary(row["Emotion"])
            clip = f"dia{row['Dialogue_ID'].strip()}_utt{row['Utterance_ID'].strip()}"
            if f"{split}_{clip}" in UNUSABLE:
                continue
            names = [name for name in (f"{clip}.wav", f"{clip}.mp4") if name in there]
            if not names:
                raise EmotionTFError(
                    f"{folder / clip} is missing, both .wav and .mp4",
                    expected=INFO.layout,
                    fix="extract the archives of MELD again",
                )
            dialogues.append((split, row["Dialogue_ID"].strip()))
            turns.append(_number(row["Utterance_ID"], table))
            text, speaker = row["Utterance"].strip(), row["Speaker"].strip()
            utterances.append(Utterance(f"{split}_{clip}", folder / names[0], 0.0, None, text, label, speaker, split))
    if not utterances:
        raise wrong_folder(INFO, data_dir, "utterance")
    return tuple(with_dialogues(utterances, dialogues, turns))


def _number(cell: str, table: Path) -> int:
    """The place of an utterance in its dialogue."""
    try:
        return int(cell)
    except ValueError:
        raise EmotionTFError(
            f"{table}: wrong Utterance_ID", expected="a whole number", received=repr(cell), fix="extract MELD again"
        ) from None


def _find(data_dir: Path, split: str, name: str) -> Path:
    for path in (data_dir / name, data_dir / split / name):
        if path.exists():
            return path
    raise wrong_folder(INFO, data_dir, name)


def _text(table: Path) -> str:
    """The content of a table, whose quotation marks went through Windows-1252 and came out as control characters."""
    content = read_bounded(table)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    return re.sub("[\x80-\x9f]", lambda match: match[0].encode("latin-1").decode("cp1252", "replace"), text)
