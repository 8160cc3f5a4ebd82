"""The TFLite file, for phones and browsers: a wave and word ids in, probabilities out."""

import re
import tempfile
from pathlib import Path

import keras
import tensorflow as tf

from emotion_tf.config import Config
from emotion_tf.errors import EmotionTFError


def write_tflite(model: keras.Model, config: Config, path: Path) -> None:
    """Writes a float32 TFLite file of built-in ops alone.

    Its one signature, `serving_default`, takes one utterance at a time: `waveform` [1, N] float32, all of which counts,
    `words` [1, M] int32 and `speaker` [1, W] float32, as far as the model takes them; it gives `probabilities` [1, 4]
    float32. N and M are free and at least 1; until an input is resized, both are 1.

    Args:
        model: A speech model.
        config: Its settings.
        path: The file to write.

    Raises:
        EmotionTFError: If the model needs an op that TFLite has not built in.
    """

    def serve(inputs: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        inputs = dict(inputs)
        if config.model.hears:
            inputs["num_samples"] = tf.shape(inputs["waveform"])[1:]
        return {"probabilities": model(inputs, training=False)}

    signature = {}
    if config.model.hears:
        signature["waveform"] = tf.TensorSpec([1, None], tf.float32, "waveform")
    if config.model.reads:
        signature["words"] = tf.TensorSpec([1, None], tf.int32, "words")
    for tensor in model.inputs:
        if tensor.name == "speaker":
            signature["speaker"] = tf.TensorSpec([1, *tensor.shape[1:]], tf.float32, "speaker")
    archive = keras.export.ExportArchive()
    archive.track(model)
    archive.add_endpoint("serving_default", serve, [signature])
    with tempfile.TemporaryDirectory() as folder:
        archive.write_out(folder, verbose=False)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=["serving_default"])
        # Without this the converter may fall back on ops of full TensorFlow, which phones and browsers lack.
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
        path.write_bytes(_convert(converter))


def _convert(converter: tf.lite.TFLiteConverter) -> bytes:
    """The content of the file."""
    try:
        return converter.convert()
    except Exception as error:  # The class of the converter's errors is not public.
        foreign = re.search(r"(?:TF Select|Custom) ops: (.+)", str(error))
        if foreign is None:
            raise
        raise EmotionTFError(
            "the model does not convert to TFLite", expected="built-in ops only", received=f"also {foreign[1]}"
        ) from error
