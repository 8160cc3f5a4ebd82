"""Small exports of models of other classes than the four of the paper, that nobody trained, for page and phone."""

from pathlib import Path

import keras
import numpy as np

from emotion_tf import models
from emotion_tf.config import Config
from emotion_tf.exporting.tflite import write_tflite
from emotion_tf.inference.bundle import ModelBundle
from emotion_tf.utils.files import write_json, write_text

RATED = ('labels.dimensions=["arousal"]', 'labels.ranges={"arousal": [1, 7]}')

CLASSES: dict[int, tuple[tuple[str, ...], tuple[str, ...]]] = {
    3: (("ruhig", "Überraschung", "生气"), RATED),
    10: (tuple(f"class {letter}" for letter in "abcdefghij"), ()),
}
"""By their number, names of classes, and further settings."""


def write_export(folder: Path, count: int) -> Path:
    """Writes what the page and MediaPipe take of an export, and `model.keras`, and returns the folder."""
    labels, settings = CLASSES[count]
    config = Config().override("model.modality=audio", "model.filters=4", "model.dense_units=8", *settings)
    keras.utils.set_random_seed(count)
    width = config.features.width
    network = models.build(config, models.Preprocessing(np.zeros(width), np.full(width, 400.0), labels=labels))
    for name in ("probabilities", "dimension_shares")[: 1 + bool(settings)]:
        layer = network.get_layer(name)
        layer.set_weights([3 * weight for weight in layer.get_weights()])
    speech = models.speech_model(network, config)
    folder.mkdir(parents=True)
    speech.save(folder / "model.keras")
    write_tflite(speech, ModelBundle(config, labels, None), folder / "tflite", ("float32",))
    write_json(folder / "parity.json", {"notes": []})
    write_text(folder / "MODEL_CARD.md", "# A model of a test\n")
    return folder
