"""From a trained run to a folder for TensorFlow Serving, phones and browsers.

The proof of parity runs the artefacts through `emotion_tf.inference`: what is proved is what users run.
"""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from emotion_tf.errors import EmotionTFError
from emotion_tf.export.model_card import model_card
from emotion_tf.export.parity import check_parity
from emotion_tf.export.saved_model import write_saved_model
from emotion_tf.export.tflite import write_tflite
from emotion_tf.files import replacing, write_json, write_text
from emotion_tf.inference.runtimes import KerasRuntime
from emotion_tf.inference.sidecar import Sidecar

__all__ = ["check_parity", "export", "model_card", "write_saved_model", "write_tflite"]


def export(workdir: str | Path, out: str | Path, clips: Sequence[str | Path] = ()) -> dict[str, Any]:
    """Exports the model of a run, whole or not at all.

    Args:
        workdir: The run's folder, of which `model/` is read.
        out: The export's folder: a new one, or an export that is replaced. It gets `saved_model/1/`,
            `tflite/float32.tflite`, `model.keras`, `config.json`, `labels.txt`, `vocabulary.txt` if the model reads,
            `MODEL_CARD.md` and `parity.json`.
        clips: Audio files on which the artefacts are compared, besides a few waves made by code.

    Returns:
        The content of `parity.json`; see `parity.check_parity`.

    Raises:
        EmotionTFError: If the run has no model, `out` holds something else, the model does not convert, a clip cannot
            be read, or an artefact differs from the Keras model.
    """
    source, out = Path(workdir) / "model", Path(out)
    if not (source / "model.keras").is_file():
        raise EmotionTFError(
            f"{workdir} holds no trained model",
            expected="the folder of a run, with model/model.keras",
            fix="name the --workdir of a training that has ended",
        )
    if out.exists() and not _is_ours(out):
        raise EmotionTFError(
            f"{out} is there already and is not an export", expected="a new folder", fix="name another folder"
        )
    sidecar = Sidecar.find(source / "model.keras")
    model = KerasRuntime(source / "model.keras", sidecar).model
    with replacing(out) as temporary:
        (temporary / "tflite").mkdir(parents=True)
        for name in ("model.keras", "config.json", "labels.txt", "vocabulary.txt"):
            if (source / name).exists():
                shutil.copyfile(source / name, temporary / name)
        write_saved_model(model, sidecar, temporary / "saved_model" / "1")
        write_tflite(model, sidecar.config, temporary / "tflite" / "float32.tflite")
        parity = check_parity(temporary, [Path(clip) for clip in clips])
        write_json(temporary / "parity.json", parity)
        write_text(temporary / "MODEL_CARD.md", model_card(sidecar, Path(workdir), parity))
    return parity


def _is_ours(folder: Path) -> bool:
    """Whether a folder is an export, which may be replaced, or is empty."""
    return folder.is_dir() and ((folder / "parity.json").exists() or not any(folder.iterdir()))
