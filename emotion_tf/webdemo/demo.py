"""Building and serving in one go."""

import contextlib
import tempfile
from pathlib import Path

from emotion_tf.webdemo.assembly import build
from emotion_tf.webdemo.server import serve


def demo(model: str | Path, out: str | Path | None = None, port: int = 8000) -> None:
    """Shows an export in the browser, until it is interrupted.

    Args:
        model: The folder of an export.
        out: Where to keep the page, which any web server can serve; None keeps it as long as it is shown.
        port: The port; 0 takes any that is free.

    Raises:
        EmotionTFError: As `build` and `serve` do.
    """
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "page" if out is None else Path(out)
        build(model, folder)
        serve(folder, port)
