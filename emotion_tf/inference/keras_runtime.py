"""Running a `.keras` file."""

import zipfile
from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from emotion_tf.errors import EmotionTFError
from emotion_tf.inference.bundle import ModelBundle
from emotion_tf.inference.newer_keras import for_installed_keras
from emotion_tf.inference.runtime import (
    MAX_MODEL_BYTES,
    BatchRuntime,
    check_signature,
    first_line,
    heard_inputs,
    joined,
    read_inputs,
    speaker_inputs,
)


class KerasRuntime(BatchRuntime):
    """Runs a `.keras` file.

    Args:
        path: The file of a model that `emotion_tf.models` built: one that hears waves, or a network of features, which
            gets its front end here.

    Attributes:
        bundle: What the file carries.
        model: The model that hears waves.

    Raises:
        EmotionTFError: If the file is damaged or holds another kind of model.
    """

    def __init__(self, path: Path):
        # Keras looks up the layers by their registered names.
        import emotion_tf.layers  # noqa: F401

        _check_archive(path)
        try:
            with for_installed_keras(path) as file:
                model = keras.saving.load_model(file, compile=False, safe_mode=True)
        except Exception as error:  # What Keras, h5py and the layers raise has no other ancestor in common.
            raise EmotionTFError(f"{path} cannot be loaded ({first_line(error)})") from error
        self.bundle = ModelBundle.read(path)
        if "features" in {tensor.name for tensor in model.inputs}:
            from emotion_tf.models import speech_model

            model = speech_model(model, self.bundle.config)
        self.model = model
        # Layer by layer, an answer would take seven times as long.
        specs = {tensor.name: tf.TensorSpec(tensor.shape, tensor.dtype) for tensor in model.inputs}
        self._ask = tf.function(lambda inputs: model(inputs, training=False), input_signature=[specs])
        shapes = {tensor.name: tensor.shape for tensor in model.inputs}
        heard, read = ["waveform", "num_samples"], ["word_ids"]
        # A model of classes alone has one output without a name, or with that of its key.
        outputs = model.output if isinstance(model.output, dict) else {"probabilities": model.output}
        given = {name: tensor.shape for name, tensor in outputs.items()}
        self.speaker_width = check_signature(path, self.bundle, shapes, heard, read, given)

    def batch(
        self,
        waveforms: Sequence[np.ndarray | None],
        transcripts: Sequence[str],
        speakers: Sequence[np.ndarray | None],
    ) -> np.ndarray:
        """See `BatchRuntime`."""
        found = self._ask(self.inputs(waveforms, transcripts) | speaker_inputs(speakers))
        return joined(found if isinstance(found, dict) else {"probabilities": found})

    def inputs(self, waveforms: Sequence[np.ndarray | None], transcripts: Sequence[str]) -> dict[str, np.ndarray]:
        """What the model is given of some utterances, but for the speaker embeddings."""
        return heard_inputs(waveforms, self.bundle) | read_inputs(transcripts, self.bundle)


def _check_archive(path: Path) -> None:
    """Refuses a `.keras` file that is no archive, or one that would take more memory than any model of ours."""
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
    except (OSError, ValueError, RuntimeError, zipfile.BadZipFile):
        raise EmotionTFError(
            f"{path} is damaged", expected="a whole .keras file", fix="copy or export it again"
        ) from None
    if size > MAX_MODEL_BYTES:
        raise EmotionTFError(f"{path} is too large", expected=f"at most {MAX_MODEL_BYTES} bytes", received=f"{size}")
