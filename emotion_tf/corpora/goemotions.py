"""GoEmotions: sentences from Reddit in 28 emotions; text alone, in the published split."""

import sys
from pathlib import Path

from emotion_tf.corpora.corpus import CorpusInfo
from emotion_tf.corpora.sources import rows
from emotion_tf.corpora.utterance import Utterance
from emotion_tf.errors import EmotionTFError
from emotion_tf.labels import FOUR_SET, customary
from emotion_tf.utils.files import read_text_lines

LABELS = (
    "admiration amusement anger annoyance approval caring confusion curiosity desire disappointment disapproval "
    "disgust embarrassment excitement fear gratitude grief joy love nervousness neutral optimism pride realization "
    "relief remorse sadness surprise"
)

INFO = CorpusInfo(
    title="GoEmotions",
    citation="Demszky, Movshovitz-Attias, Ko, Cowen, Nemade and Ravi, GoEmotions: A Dataset of Fine-Grained Emotions, "
    "ACL 2020, doi 10.18653/v1/2020.acl-main.372",
    licence="CC BY 4.0",
    url="https://github.com/google-research/google-research/tree/master/goemotions",
    files="the folder data",
    layout="a table parted by tabs with the columns split (train, dev or test), label and text, one sentence a row",
    languages=("en",),
    labels=tuple(sorted(map(customary, LABELS.split()))),
    label_sets={"four": FOUR_SET},
    default_labels="four",
)

SPLITS = ("train", "dev", "test")


def read(data_dir: Path) -> tuple[Utterance, ...]:
    """Reads every sentence.

    Nothing is known of who wrote a sentence, so each counts as a speaker of its own.

    Args:
        data_dir: The table itself. It is made from the three files of the release, which are the splits, and has those
            of their sentences that have one label, by its name.

    Returns:
        The utterances in the order of the table. Their sessions are the splits, and their ids are such as
        `train-00012` for line 12.

    Raises:
        EmotionTFError: If there is no such table, or a row of it is damaged; it names the file and the line.
    """
    if not data_dir.is_file():
        raise EmotionTFError(
            f"{data_dir} is not the table of GoEmotions",
            expected=INFO.layout,
            received="a folder" if data_dir.is_dir() else "no such file",
            fix=f"make it from {INFO.source} (licence: {INFO.licence}), and let data_dir name it",
        )
    utterances = []
    table = rows(data_dir, read_text_lines(data_dir), ("split", "label", "text"), delimiter="\t")
    for line, row in enumerate(table, start=2):
        if row["split"] not in SPLITS:
            raise EmotionTFError(
                f"{data_dir}, line {line}: unknown split", expected=", ".join(SPLITS), received=repr(row["split"])
            )
        for column in ("label", "text"):
            if not row[column].strip():
                raise EmotionTFError(f"{data_dir}, line {line}: the {column} is empty")
        id, label = f"{row['split']}-{line:05}", sys.intern(customary(row["label"]))
        utterances.append(Utterance(id, None, 0.0, None, row["text"].strip(), label, id, row["split"]))
    if not utterances:
        raise EmotionTFError(f"{data_dir} lists no sentence", expected=INFO.layout)
    return tuple(utterances)
