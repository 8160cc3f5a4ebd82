"""Running a SavedModel."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf

from emotion_tf.errors import EmotionTFError
from emotion_tf.inference.bundle import ModelBundle
from emotion_tf.inference.runtime import BatchRuntime, check_signature, first_line, heard_inputs, joined, speaker_inputs


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
        given = {name: spec.shape for name, spec in outputs.items()}
        heard, read = ["waveform", "num_samples"], ["transcript"]
        self.speaker_width = check_signature(path, self.bundle, shapes, heard, read, given)
        self._path = path

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
        found = self._signature(**inputs)
        if self.bundle.labels:
            self._check_labels(found["classes"])
        return joined(found)

    def _check_labels(self, classes: tf.Tensor) -> None:
        """Refuses labels beside the graph that are not those inside it, as where somebody edited `labels.txt`."""
        inside = [name.decode("utf-8") for row in classes[:1].numpy() for name in row]
        if inside and inside != list(self.bundle.labels):
            raise EmotionTFError(
                f"labels.txt of {self._path} is not the one that was exported",
                expected=", ".join(inside),
                received=", ".join(self.bundle.labels),
                fix="export the run again; rename labels with labels.map before training",
            )
