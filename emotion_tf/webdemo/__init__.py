"""The demo: a static page that runs an export in the browser, where nothing leaves the machine."""

from emotion_tf.webdemo.assembly import build
from emotion_tf.webdemo.demo import demo
from emotion_tf.webdemo.server import serve

__all__ = ["build", "demo", "serve"]
