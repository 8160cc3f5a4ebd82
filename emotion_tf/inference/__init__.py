"""Running what was trained: one call over `.keras`, SavedModel and `.tflite`, without the code that trains."""

from emotion_tf.inference.predictor import Prediction, Predictor, load, predict_files

__all__ = ["Prediction", "Predictor", "load", "predict_files"]
