"""Whisper, as faster-whisper runs it."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

from emotion_tf.asr.recognizer import not_installed, one_line, package_version
from emotion_tf.errors import EmotionTFError

DEFAULT_MODEL = "tiny.en"

BEAM_SIZE = 5

LONGEST_REPEAT = 4
"""Tokens in a row that may come again. Without a bound, one short clip in fifty of the demo corpus became a loop of the
same words, which doubled the word error rate of the whole."""


def version(model: str | None) -> str:
    """The versions of the packages, the beam, and the model: its name, or a digest of its files if it is a folder."""
    packages = [
        f"{package} {package_version(package, 'whisper', 'whisper')}" for package in ("faster-whisper", "ctranslate2")
    ]
    model = model or DEFAULT_MODEL
    source = _folder_digest(Path(model)) if Path(model).is_dir() else model
    return ", ".join([*packages, f"beam {BEAM_SIZE}", f"repeats {LONGEST_REPEAT}", source])


def load(model: str | None) -> Callable[[np.ndarray], str]:
    """The engine, on the CPU with weights of 8 bits, so that it answers alike on every machine.

    Reference:
        Radford et al., "Robust Speech Recognition via Large-Scale Weak Supervision", ICML 2023.
    """
    try:
        import faster_whisper
    except ImportError:
        raise not_installed("faster-whisper", "whisper", "whisper") from None

    model = model or DEFAULT_MODEL
    try:
        network = faster_whisper.WhisperModel(model, device="cpu", compute_type="int8")
    except (OSError, RuntimeError, ValueError) as error:
        # No network, no such name, no such files, files cut short.
        raise EmotionTFError(
            f"Whisper's model {model} cannot be loaded ({one_line(error)})",
            expected="a folder of a model for faster-whisper, or the name of one that can be downloaded",
            fix="download the folder where there is a network, and name it",
        ) from None

    def recognize(waveform: np.ndarray) -> str:
        segments, _ = network.transcribe(
            waveform.astype(np.float32),
            language="en",
            beam_size=BEAM_SIZE,
            # Higher temperatures, which would be tried where this one does badly, draw words at random.
            temperature=0.0,
            condition_on_previous_text=False,
            no_repeat_ngram_size=LONGEST_REPEAT + 1,
        )
        return " ".join(segment.text for segment in segments)

    return recognize


def _folder_digest(folder: Path) -> str:
    """SHA-256 of the names and contents of the files in a folder."""
    total = hashlib.sha256()
    for path in sorted(path for path in folder.iterdir() if path.is_file()):
        total.update(f"{path.name} {path.stat().st_size} ".encode())
        with path.open("rb") as file:
            while block := file.read(2**20):
                total.update(block)
    return total.hexdigest()
