"""The demo: a static page that runs an export in the browser, where nothing leaves the machine."""

from emotion_tf.page.assembly import build
from emotion_tf.page.demo import demo
from emotion_tf.page.server import serve

__all__ = ["build", "demo", "serve"]
