"""From a trained model to a folder for TensorFlow Serving, phones and browsers.

The proof of parity runs the artefacts through `emotion_tf.inference`: what is proved is what users run.
"""

from emotion_tf.exporting.export_run import export
from emotion_tf.exporting.model_card import model_card
from emotion_tf.exporting.parity import check_parity
from emotion_tf.exporting.result import ArtefactResult, ExportResult
from emotion_tf.exporting.saved_model import write_saved_model
from emotion_tf.exporting.tflite import write_tflite

__all__ = [
    "ArtefactResult",
    "ExportResult",
    "check_parity",
    "export",
    "model_card",
    "write_saved_model",
    "write_tflite",
]
