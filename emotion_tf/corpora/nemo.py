"""nEMO: nine actors speak the same Polish sentences in six emotions."""

import io
import sys
from pathlib import Path

from emotion_tf.corpora.corpus import CorpusInfo
from emotion_tf.corpora.groups import tidy
from emotion_tf.corpora.sources import rows, wrong_folder
from emotion_tf.corpora.utterance import Utterance
from emotion_tf.errors import EmotionTFError
from emotion_tf.labels import FOUR_SET, customary
from emotion_tf.utils.files import read_bounded

INFO = CorpusInfo(
    title="nEMO",
    citation="Christop, nEMO: Dataset of Emotional Speech in Polish, LREC-COLING 2024",
    licence="CC BY-NC-SA 4.0",
    url="https://github.com/amu-cai/nEMO",
    files="",
    layout="a folder with data.tsv and samples/SS_emotion_N.wav",
    languages=("pl",),
    labels=("angry", "fearful", "happy", "neutral", "sad", "surprised"),
    label_sets={"four": FOUR_SET},
    default_labels="four",
)


def read(data_dir: Path) -> tuple[Utterance, ...]:
    """Reads every clip; 4481 in the whole corpus.

    Args:
        data_dir: The folder that holds `data.tsv` and `samples`.

    Returns:
        The utterances in the order of `data.tsv`.

    Raises:
        EmotionTFError: If it is not such a folder, `data.tsv` is damaged, or a clip that it lists is missing.
    """
    table, folder = data_dir / "data.tsv", data_dir / "samples"
    if not table.is_file():
        raise wrong_folder(INFO, data_dir, "data.tsv")
    there = {path.name for path in folder.glob("*.wav")}
    utterances = []
    content = io.StringIO(read_bounded(table).decode("utf-8-sig", errors="replace"), newline="")
    for row in rows(table, content, ("file_id", "emotion", "raw_text", "speaker_id"), delimiter="\t"):
        label = customary(row["emotion"])
        id = row["file_id"].removesuffix(".wav")
        if f"{id}.wav" not in there:
            raise EmotionTFError(
                f"{folder / id}.wav is missing", expected="every clip that data.tsv lists", fix="get nEMO again, whole"
            )
        told = (("sex", row.get("gender", "")), ("age", row.get("age", "")))
        groups = tuple((name, sys.intern(tidy(name, value))) for name, value in told if value)
        text = row["raw_text"].strip()
        utterances.append(Utterance(id, folder / f"{id}.wav", 0.0, None, text, label, row["speaker_id"], groups=groups))
    if not utterances:
        raise EmotionTFError(f"{table} lists no clip", fix="get nEMO again, whole")
    return tuple(utterances)
