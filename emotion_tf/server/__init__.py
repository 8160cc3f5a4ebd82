"""A small HTTP server for those without TensorFlow Serving: its REST protocol, and plain uploads."""

from emotion_tf.server.limits import Limits
from emotion_tf.server.run import serve

__all__ = ["Limits", "serve"]
