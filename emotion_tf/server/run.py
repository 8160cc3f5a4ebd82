"""The process of a server: its socket, its signals, its end."""

import importlib.util
import logging
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from emotion_tf.errors import EmotionTFError
from emotion_tf.inference import load
from emotion_tf.server.app import make_app
from emotion_tf.server.limits import Limits
from emotion_tf.server.service import Service

PACKAGES = ("starlette", "uvicorn", "python_multipart", "prometheus_client")

HOST, PORT = "127.0.0.1", 8501
"""Nobody else can connect to the first; the second is where TensorFlow Serving answers REST."""

INNER_FOLDERS = ("saved_model", "tflite", "model")
"""Folders within an export or a run, whose names say nothing of the model."""

KEEP_ALIVE_SECONDS = 60
"""How long a connection may lie idle."""


def serve(
    model: str | Path, host: str = HOST, port: int = PORT, name: str | None = None, limits: Limits | None = None
) -> None:
    """Serves a model over HTTP until the process is told to stop.

    After SIGTERM or Ctrl-C it takes no more connections, finishes what it has begun and returns.

    Args:
        model: What `emotion_tf.load` takes.
        host: The address to listen at; `0.0.0.0` for every one of the machine.
        port: The port; 0 takes any that is free.
        name: The name under which the model is served; None means that of its folder.
        limits: What the server takes on; None means what `Limits` says.

    Raises:
        EmotionTFError: If a package is missing, the model cannot be loaded, or the address cannot be had.
    """
    missing = [package for package in PACKAGES if importlib.util.find_spec(package) is None]
    if missing:
        raise EmotionTFError(
            f"the server needs {', '.join(missing)}, which is not installed", fix="pip install 'emotion-tf[server]'"
        )
    limits = limits or Limits()
    with _bound(host, port) as listener:
        # On one thread each LiteRT computes the most utterances a second.
        service = Service(name or served_name(model), load(model, num_threads=1), limits)
        try:
            service.warm_up()
            _run(service, listener)
        finally:
            service.close()


def served_name(model: str | Path) -> str:
    """The name of a model that nobody named: that of its export or run, else of its own folder or file.

    Example:

    >>> served_name("export/demo/tflite/float32.tflite"), served_name("models/mine.tflite")
    ('demo', 'mine')
    """
    path = Path(model).resolve()
    folder, name = (path.parent, path.stem) if path.suffix else (path, path.name)
    while folder.name in INNER_FOLDERS or folder.name.isdecimal():
        folder = folder.parent
        name = folder.name
    return name


def _bound(host: str, port: int) -> socket.socket:
    """A socket that has the address but does not listen yet, so that nobody connects before the model is loaded."""
    if not 0 <= port < 2**16:
        raise EmotionTFError("no such port", expected="0 to 65535", received=f"{port}")
    try:
        (family, kind, protocol, _, address), *_ = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        listener = socket.socket(family, kind, protocol)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
        except OSError:
            listener.close()
            raise
        return listener
    except OSError as error:
        raise EmotionTFError(
            f"{host} port {port} cannot be had ({error.strerror})",
            expected="an address of this machine and a free port",
            fix="name others with --host and --port",
        ) from None


def _run(service: Service, listener: socket.socket) -> None:
    """Answers until a signal, and then until all that was begun is answered."""
    import uvicorn

    # Who sends a broken form is told so in the answer.
    logging.getLogger("python_multipart").setLevel(logging.ERROR)
    config = uvicorn.Config(
        make_app(service),
        lifespan="off",
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=round(service.limits.timeout_seconds) + 1,
    )

    class Server(uvicorn.Server):
        @contextmanager
        def capture_signals(self) -> Iterator[None]:
            """Leaves the signals to us: uvicorn would raise them again at the end, as if the process had failed."""
            yield

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            """Says where it listens once it does."""
            await super().startup(sockets)
            address, port = listener.getsockname()[:2]
            shown = f"[{address}]" if ":" in address else address
            print(f"http://{shown}:{port}/v1/models/{service.name} answers until Ctrl-C.", flush=True)

    server = Server(config)

    def stop(number: int, frame: FrameType | None) -> None:
        server.force_exit = service.stopping  # The second time, without waiting.
        service.stopping = server.should_exit = True

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        server.run(sockets=[listener])
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
