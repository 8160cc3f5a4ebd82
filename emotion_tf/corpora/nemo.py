"""nEMO: nine actors speak the same Polish sentences in six emotions, of which four are read."""

import io
from pathlib import Path

from emotion_tf.corpora.sources import rows, wrong_folder
from emotion_tf.corpora.utterance import Utterance
from emotion_tf.errors import EmotionTFError
from emotion_tf.labels import canonical
from emotion_tf.utils.files import read_bounded

CITATION = "Christop, nEMO: Dataset of Emotional Speech in Polish, LREC-COLING 2024"
LICENCE = "CC BY-NC-SA 4.0"
SOURCE = "https://github.com/amu-cai/nEMO"
LAYOUT = "a folder with data.tsv and samples/SS_emotion_N.wav"
DEFAULT_DIR = None
SYNTHETIC = False


def read(data_dir: Path) -> tuple[Utterance, ...]:
    """Reads the clips of anger, happiness, the neutral state and sadness.

    Args:
        data_dir: The folder that holds `data.tsv` and `samples`.

    Returns:
        The utterances in the order of `data.tsv`.

    Raises:
        EmotionTFError: If it is not such a folder, `data.tsv` is damaged, or a clip that it lists is missing.
    """
    table, folder = data_dir / "data.tsv", data_dir / "samples"
    if not table.is_file():
        raise wrong_folder("nEMO", data_dir, "data.tsv", layout=LAYOUT, source=SOURCE, licence=LICENCE)
    there = {path.name for path in folder.glob("*.wav")}
    utterances = []
    text = io.StringIO(read_bounded(table).decode("utf-8-sig", errors="replace"), newline="")
    for row in rows(table, text, ("file_id", "emotion", "raw_text", "speaker_id"), delimiter="\t"):
        label = canonical(row["emotion"])
        if label is None:
            continue
        id = row["file_id"].removesuffix(".wav")
        if f"{id}.wav" not in there:
            raise EmotionTFError(
                f"{folder / id}.wav is missing", expected="every clip that data.tsv lists", fix="get nEMO again, whole"
            )
        utterances.append(
            Utterance(id, folder / f"{id}.wav", 0.0, None, row["raw_text"].strip(), label, row["speaker_id"])
        )
    if not utterances:
        raise EmotionTFError(f"{table} lists no clip of the four emotions", fix="get nEMO again, whole")
    return tuple(utterances)
