"""How `emotion-tf serve` holds out under many clients, beside one client after the other and the same work in bulk.

python benchmarks/serve_load.py [--data-dir RAVDESS] [--requests 2000] [--clients 32]

The network is that of `paper` for audio, with random weights, as a SavedModel and as TFLite; without RAVDESS the demo
corpus is taken. Recordings are of all lengths, and one in twenty is broken. It ends with an error where an answer is
missing, is another than the predictor's, or memory grows.
"""

import argparse
import http.client
import json
import re
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from bulk import MODELS, write_models

BROKEN_EVERY = 20
RECORDINGS = 192
MAX_GROWTH = 0.1
"""Of memory, from the middle of the load to its end."""


def form(content: bytes) -> bytes:
    return b'--x\r\nContent-Disposition: form-data; name="audio"; filename="a"\r\n\r\n' + content + b"\r\n--x--\r\n"


class Client:
    """One connection."""

    def __init__(self, port: int, name: str):
        self._port, self._path = port, f"/v1/models/{name}:predict"
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)

    def ask(self, content: bytes) -> tuple[int, dict[str, Any], float]:
        begun = time.perf_counter()
        self._connection.request("POST", self._path, form(content), {"Content-Type": "multipart/form-data; boundary=x"})
        response = self._connection.getresponse()
        answer = json.loads(response.read())
        return response.status, answer, time.perf_counter() - begun


def memory_mib(port: int) -> float:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("GET", "/metrics")
    page = connection.getresponse().read().decode()
    return float(re.search(r"^process_resident_memory_bytes (\S+)", page, re.MULTILINE)[1]) / 2**20


def expected_answers(model: Path, contents: list[bytes]) -> list[dict[str, float] | None]:
    """What the predictor says; None for what cannot be heard."""
    import emotion_tf
    from emotion_tf.audio.reader import RecordingInMemory
    from emotion_tf.errors import EmotionTFError

    predictor = emotion_tf.load(model)
    expected: list[dict[str, float] | None] = []
    for content in contents:
        try:
            expected.append(predictor.predict(predictor.read(RecordingInMemory(content))).probabilities)
        except EmotionTFError:
            expected.append(None)
    return expected


def check(answers: list[tuple[int, dict[str, Any], float]], expected: list[dict[str, float] | None]) -> None:
    if len(answers) != len(expected):
        raise SystemExit(f"{len(expected) - len(answers)} answers are lost")
    for (status, answer, _), right in zip(answers, expected, strict=True):
        if (status == 200) != (right is not None):
            raise SystemExit(f"a wrong answer: {status} {answer}, expected {right}")
        if right is not None and not np.allclose(
            list(answer["probabilities"].values()), list(right.values()), atol=1e-5
        ):
            raise SystemExit(f"another answer: {answer}, expected {right}")


def load(port: int, name: str, contents: list[bytes], clients: int) -> tuple[list, float, float, float]:
    """The answers in order, the seconds that all took, and the memory in the middle and at the end."""
    shares = [range(first, len(contents), clients) for first in range(clients)]
    answers: dict[int, tuple[int, dict[str, Any], float]] = {}
    halfway: list[float] = []

    def run(share: range) -> None:
        client = Client(port, name)
        for number in share:
            answers[number] = client.ask(contents[number])
            if len(answers) >= len(contents) // 2 and not halfway:
                halfway.append(memory_mib(port))

    begun = time.perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        list(pool.map(run, shares))
    seconds = time.perf_counter() - begun
    return [answers[number] for number in sorted(answers)], seconds, halfway[0], memory_mib(port)


def recordings(data_dir: Path | None) -> list[Path]:
    from emotion_tf import corpora

    utterances = corpora.load("demo" if data_dir is None else "ravdess", data_dir).utterances
    return [item.audio for item in utterances[:: max(1, len(utterances) // RECORDINGS)]][:RECORDINGS]


def bulk_seconds(folder: Path, place: str, files: list[Path]) -> float:
    """Seconds that one recording takes in bulk."""
    from emotion_tf import inference

    requests = [inference.Request(str(number), file) for number, file in enumerate(files)]
    taken = []
    for number in range(3):
        begun = time.perf_counter()
        inference.predict_batch(requests, folder / place, folder / f"{place.replace('/', '-')}-{number}.csv")
        taken.append((time.perf_counter() - begun) / len(files))
    return min(taken)


def measure(folder: Path, place: str, files: list[Path], requests: int, clients: int) -> str:
    contents = [file.read_bytes() for file in files]
    contents = [content[:60] if number % BROKEN_EVERY == 7 else content for number, content in enumerate(contents)]
    expected = expected_answers(folder / place, contents)
    order = np.random.default_rng(0).integers(0, len(contents), requests)
    asked, right = [contents[number] for number in order], [expected[number] for number in order]
    bulk = bulk_seconds(folder, place, files)
    command = [sys.executable, "-m", "emotion_tf", "serve", str(folder / place), "--port", "0", "--name", "load"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        port = int(re.search(r":(\d+)/", server.stdout.readline())[1])
        single, single_seconds, _, _ = load(port, "load", asked[: requests // 8], 1)
        check(single, right[: requests // 8])
        answers, seconds, middle, end = load(port, "load", asked, clients)
        check(answers, right)
        server.terminate()
    if end > (1 + MAX_GROWTH) * middle:
        raise SystemExit(f"memory grew from {middle:.0f} to {end:.0f} MiB")
    p50, p99 = 1e3 * np.quantile([taken for *_, taken in answers], [0.5, 0.99])
    one_client = len(single) / single_seconds
    return (
        f"{requests / seconds:.1f} answers a second, p50 {p50:.0f} ms, p99 {p99:.0f} ms "
        f"({p99 / (1e3 * clients * bulk):.2f} of what {clients} take in bulk); one client {one_client:.1f}; "
        f"in bulk {1 / bulk:.1f}; memory {middle:.0f} MiB in the middle, {end:.0f} MiB at the end"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--requests", type=int, default=2000)
    parser.add_argument("--clients", type=int, default=32)
    arguments = parser.parse_args()
    files = recordings(arguments.data_dir)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        write_models(folder)
        for name, place in MODELS.items():
            print(f"{name}: {measure(folder, place, files, arguments.requests, arguments.clients)}", flush=True)


if __name__ == "__main__":
    main()
