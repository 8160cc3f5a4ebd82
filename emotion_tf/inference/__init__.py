"""Running what was trained: one call over `.keras`, SavedModel and `.tflite`, without the code that trains."""

from emotion_tf.inference.answer import Answer
from emotion_tf.inference.batch import Request, Requested, predict_batch, predict_requests, requests_in
from emotion_tf.inference.explain import explain, write_explanation
from emotion_tf.inference.explanation import Explanation
from emotion_tf.inference.files import predict_files
from emotion_tf.inference.loading import DEFAULT_MODEL, connect, load
from emotion_tf.inference.predictor import Prediction, Predictor
from emotion_tf.inference.speech_stream import SpeechStream
from emotion_tf.inference.streaming import Stream, Window
from emotion_tf.inference.timeline import timeline, write_timeline
from emotion_tf.text.dialogue import Turn

__all__ = [
    "DEFAULT_MODEL",
    "Answer",
    "Explanation",
    "Prediction",
    "Predictor",
    "Request",
    "Requested",
    "SpeechStream",
    "Stream",
    "Turn",
    "Window",
    "connect",
    "explain",
    "load",
    "predict_batch",
    "predict_files",
    "predict_requests",
    "requests_in",
    "timeline",
    "write_explanation",
    "write_timeline",
]
