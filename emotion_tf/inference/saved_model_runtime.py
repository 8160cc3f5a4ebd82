"""Running a SavedModel."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf

from emotion_tf.errors import EmotionTFError
from emotion_tf.inference.bundle import ModelBundle
from emotion_tf.inference.runtime import BatchRuntime, check_signature, first_line, heard_inputs, speaker_inputs


class SavedModelRuntime(BatchRuntime):
    """Runs a SavedModel, which reads the transcript itself.

    Args:
        path: The folder with `saved_model.pb`.

    Attributes:
        bundle: What the assets of the SavedModel say.
        signatures: Its signatures by name.

    Raises:
        EmotionTFError: If the folder is damaged or is not an export of this package.
    """

    def __init__(self, path: Path):
        try:
            # Signatures do not keep alive the variables that they use, so the loaded object stays.
            self._loaded = tf.saved_model.load(str(path))
        except (OSError, ValueError, tf.errors.OpError) as error:
            raise EmotionTFError(f"{path} cannot be loaded as a SavedModel ({first_line(error)})") from error
        self.bundle = ModelBundle.read(path)
        self.signatures = self._loaded.signatures
        self._signature = self.signatures.get("waveform" if self.bundle.config.model.hears else "serving_default")
        specs = self._signature.structured_input_signature[1] if self._signature else {}
        shapes = {name: spec.shape for name, spec in specs.items()}
        outputs = self._signature.structured_outputs if self._signature else {}
        count = outputs["probabilities"].shape[-1] if "probabilities" in outputs else 0
        heard, read = ["waveform", "num_samples"], ["transcript"]
        self.speaker_width = check_signature(path, self.bundle, shapes, heard, read, count)

    def batch(
        self,
        waveforms: Sequence[np.ndarray | None],
        transcripts: Sequence[str],
        speakers: Sequence[np.ndarray | None],
    ) -> np.ndarray:
        """See `BatchRuntime`."""
        given = heard_inputs(waveforms, self.bundle) | speaker_inputs(speakers)
        inputs = {name: tf.constant(value) for name, value in given.items()}
        if self.bundle.config.model.reads:
            inputs["transcript"] = tf.constant(list(transcripts))
        return self._signature(**inputs)["probabilities"].numpy()
