"""Running a `.tflite` file, without TensorFlow."""

import hashlib
import os
import queue
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np

from emotion_tf.errors import EmotionTFError
from emotion_tf.inference.bundle import ModelBundle
from emotion_tf.inference.runtime import (
    MAX_MODEL_BYTES,
    check_signature,
    first_line,
    heard_inputs,
    joined,
    read_inputs,
    speaker_inputs,
)
from emotion_tf.utils.files import read_bounded
from emotion_tf.utils.native_stderr import discarding_native_stderr

DIGEST_LENGTH = 64
"""Bytes of a SHA-256 in hexadecimal digits."""

SIGNATURE = "serving_default"


class LiteRTRuntime:
    """Runs a `.tflite` file, of free or of fixed lengths, through ai-edge-litert.

    An interpreter can answer one thread at a time, and ends the process if two ask it. Here each thread that asks takes
    an interpreter that is idle, or a new one, and waits once there are as many as processors. All of them share the
    weights; each has its own memory for what lies between, some megabytes.

    Args:
        path: The file.
        num_threads: Number of threads with which one utterance is computed; None leaves it to the runtime.

    Attributes:
        bundle: What the file carries.

    Raises:
        EmotionTFError: If the file is damaged or is not an export of this package.
    """

    def __init__(self, path: Path, num_threads: int | None = None):
        try:
            # The interpreter trusts a file and may end the process over a damaged one.
            content = _intact(path)
            self._runners = _Runners(content, num_threads)
        except (OSError, ValueError) as error:
            raise EmotionTFError(
                f"{path} cannot be loaded ({first_line(error)})",
                expected="a whole .tflite file that this package exported",
                fix="copy or export it again",
            ) from error
        self.bundle = ModelBundle.read(path)
        with self._runners.borrowed() as run:
            shapes = {name: detail["shape_signature"] for name, detail in run.get_input_details().items()}
            outputs = {name: detail["shape"] for name, detail in run.get_output_details().items()}
        heard = ["waveform", *["num_samples"] * ("num_samples" in shapes)]
        self.speaker_width = check_signature(path, self.bundle, shapes, heard, ["word_ids"], outputs)
        self._names = list(shapes)
        self._lengths = {name: shapes[name][1] for name in ("waveform", "word_ids") if shapes.get(name, [0, -1])[1] > 0}

    def outputs(self, waveform: np.ndarray | None, transcript: str, speaker: np.ndarray | None) -> np.ndarray:
        """See `Runtime`."""
        heard, read = heard_inputs([waveform], self.bundle), read_inputs([transcript], self.bundle)
        inputs = fit_lengths(heard | read | speaker_inputs([speaker]), self._lengths)
        with self._runners.borrowed() as run:
            return joined(run(**{name: inputs[name] for name in self._names}))[0]


class _Runners:
    """The interpreters of one file, each lent to one thread at a time.

    Args:
        content: The file.
        num_threads: Threads of each.

    Raises:
        ValueError: If the file is no model.
    """

    def __init__(self, content: bytes, num_threads: int | None):
        self._content, self._num_threads = content, num_threads
        self._idle: queue.LifoQueue[Any] = queue.LifoQueue()
        self._room = threading.Semaphore(os.cpu_count() or 1)
        self._idle.put(self._make())

    def _make(self) -> Any:
        from ai_edge_litert.interpreter import Interpreter

        interpreter = Interpreter(model_content=self._content, num_threads=self._num_threads)
        _let_announce(interpreter)
        return interpreter.get_signature_runner(SIGNATURE)

    @contextmanager
    def borrowed(self) -> Iterator[Any]:
        """One that nobody else has."""
        with self._room:
            try:
                run = self._idle.get_nowait()
            except queue.Empty:
                run = self._make()
            try:
                yield run
            finally:
                self._idle.put(run)


_announced = threading.Event()


def _let_announce(interpreter: Any) -> None:
    """Lets LiteRT say, unread, that it computes on the CPU, as it does once a process; it has no level of its log."""
    if not _announced.is_set():
        # Of the shapes that stand in the file no answer comes: a model may take none so short.
        with discarding_native_stderr(), suppress(RuntimeError):
            interpreter.allocate_tensors()
        _announced.set()


def fit_lengths(inputs: Mapping[str, np.ndarray], lengths: Mapping[str, int]) -> dict[str, np.ndarray]:
    """The inputs of one utterance as a file of fixed lengths takes them.

    Args:
        inputs: `waveform` (1, N), `word_ids` (1, M) and others.
        lengths: The length that the file gives an input; the input is cut or padded with zeros to it.

    Returns:
        The same inputs, and beside a `waveform` that got a length `num_samples` (1,) int32, how many of it count.

    Example:

    >>> fit_lengths({"word_ids": np.array([[7, 4]])}, {"word_ids": 3})
    {'word_ids': array([[7, 4, 0]])}
    """
    fitted = dict(inputs)
    for name, length in lengths.items():
        kept = inputs[name][:, :length]
        fitted[name] = np.pad(kept, ((0, 0), (0, length - kept.shape[1])))
        if name == "waveform":
            fitted["num_samples"] = np.array([kept.shape[1]], np.int32)
    return fitted


def _intact(path: Path) -> bytes:
    """The content of a `.tflite` file of ours, which ends in the digest of all that comes before.

    Raises:
        OSError: If the file cannot be read.
        ValueError: If it is not what was written.
    """
    content = read_bounded(path, MAX_MODEL_BYTES)
    if hashlib.sha256(content[:-DIGEST_LENGTH]).hexdigest().encode() != content[-DIGEST_LENGTH:]:
        raise ValueError("its digest does not fit its content")
    return content
