"""A web server for the page, on this machine alone."""

import errno
import functools
import io
import os
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, BinaryIO, cast

from emotion_tf.errors import EmotionTFError

HOST = "127.0.0.1"
"""Nobody else can connect here, and browsers grant the microphone to pages of this address without a certificate."""

DEFAULT_HTTP_PORT = 80
"""The port that browsers leave out."""

TYPES = {".js": "text/javascript", ".wasm": "application/wasm", ".md": "text/plain; charset=utf-8"}
"""Python takes these from the system, where a wrong one stops browsers from running modules or WebAssembly."""


HEADERS = {
    # Another page may be served at the same address next time.
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": "frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
}
"""Of every answer. What else the page may load, it says itself."""


class _Handler(SimpleHTTPRequestHandler):
    def send_head(self) -> io.BytesIO | BinaryIO | None:
        # A page elsewhere may let its name point to this machine, to read what is here.
        if self.headers.get("Host") not in self._own_names():
            self.send_error(HTTPStatus.MISDIRECTED_REQUEST, "another host")
            return None
        try:
            if not self._is_inside():
                self.send_error(HTTPStatus.NOT_FOUND)
                return None
            return super().send_head()
        except ValueError:  # No file can have a NUL in its name.
            self.send_error(HTTPStatus.NOT_FOUND)
            return None

    def _own_names(self) -> set[str]:
        """The names under which browsers reach this server."""
        port = cast(ThreadingHTTPServer, self.server).server_port
        names = {f"{name}:{port}" for name in (HOST, "localhost")}
        return names | {HOST, "localhost"} if port == DEFAULT_HTTP_PORT else names

    def _is_inside(self) -> bool:
        """Whether what is asked for lies in the page's folder, and no link leads out of it."""
        folder = Path(self.directory).resolve()
        return Path(self.translate_path(self.path)).resolve().is_relative_to(folder)

    def list_directory(self, path: str | os.PathLike[str]) -> io.BytesIO | None:
        """A folder is not listed."""
        self.send_error(HTTPStatus.NOT_FOUND)
        return None

    def guess_type(self, path: str | os.PathLike[str]) -> str:
        return TYPES.get(Path(path).suffix) or super().guess_type(path)

    def end_headers(self) -> None:
        for name, value in HEADERS.items():
            self.send_header(name, value)
        super().end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        pass


def listen(folder: str | Path, port: int) -> ThreadingHTTPServer:
    """Binds the server; `serve_forever` then answers.

    Args:
        folder: What `build` wrote.
        port: The port; 0 takes any that is free, which `server_port` then tells.

    Raises:
        EmotionTFError: If the port cannot be had.
    """
    try:
        return ThreadingHTTPServer((HOST, port), functools.partial(_Handler, directory=str(folder)))
    except OverflowError:
        raise EmotionTFError("no such port", expected="0 to 65535", received=f"{port}") from None
    except OSError as error:
        if error.errno not in (errno.EADDRINUSE, errno.EACCES):
            raise
        raise EmotionTFError(
            f"port {port} cannot be had ({error.strerror})", expected="a free port", fix="name another with --port"
        ) from None


def serve(folder: str | Path, port: int = 8000) -> None:
    """Serves the page until it is interrupted.

    Args:
        folder: What `build` wrote.
        port: The port; 0 takes any that is free.

    Raises:
        EmotionTFError: If the port cannot be had.
    """
    with listen(folder, port) as server:
        print(f"http://{HOST}:{server.server_port}/ shows the page until Ctrl-C.", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print()
