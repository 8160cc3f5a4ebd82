"""Servers in processes of their own."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

for package in ("starlette", "uvicorn", "python_multipart", "prometheus_client"):
    pytest.importorskip(package, reason="SKIPPED FOR WANT OF the server's packages: pip install 'emotion-tf[server]'")


class Server:
    """A process that serves, and where."""

    def __init__(self, process: subprocess.Popen, address: str, name: str):
        self.process, self.address, self.name = process, address, name
        self.port = int(address.rpartition(":")[2])

    @property
    def url(self) -> str:
        return f"{self.address}/v1/models/{self.name}"


@contextmanager
def serving(model: Path, *flags: str) -> Iterator[Server]:
    """`emotion-tf serve` until the end of the block, at which it must stop by itself and without a word."""
    command = [sys.executable, "-m", "emotion_tf", "serve", str(model), "--port", "0", *flags]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        line = process.stdout.readline()
        found = re.fullmatch(r"(http://127\.0\.0\.1:\d+)/v1/models/(\S+) answers until Ctrl-C\.\n", line)
        assert found, line + process.stderr.read()
        yield Server(process, *found.groups())
    finally:
        process.terminate()
        try:
            _, errors = process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    # LiteRT names what it computes with.
    words = [line for line in errors.splitlines() if not line.startswith("INFO: ")]
    assert (process.returncode, words) == (0, [])


@pytest.fixture(scope="session")
def start_server():
    """What starts a server."""
    return serving
