"""Whether anybody speaks, and where: by Silero's network where it is installed, and by levels otherwise."""

import functools
import importlib.util
from pathlib import Path
from typing import Any

import numpy as np

from emotion_tf.audio.resample import resample

FRAME_SECONDS = 0.010

SILENCE_DBFS = -65.0
"""Frames below this level are silent, whatever else there is."""

RANGE_DB = 35.0
"""Frames so far below the loudest one count as silent where silence is cut off."""

MIN_RANGE_DB = 12.0
"""Speech rises and falls by more than this between its frames; steady noise and hum do not."""

SILERO_RATE, SILERO_WINDOW, SILERO_CONTEXT = 16_000, 512, 64

SPEECH_PROBABILITY = 0.5

MIN_SPEECH_SECONDS = 0.15
"""Less speech than this is none."""


def frame_levels(waveform: np.ndarray, sample_rate: int) -> np.ndarray:
    """Levels (frames,) of stretches of 10 ms, in decibels below full scale, without any offset."""
    length = max(1, round(FRAME_SECONDS * sample_rate))
    frames = np.pad(waveform, (0, -len(waveform) % length)).reshape(-1, length).astype(np.float64)
    return 10 * np.log10(np.square(frames - frames.mean(axis=1, keepdims=True)).mean(axis=1) + 1e-12)


def onset(waveform: np.ndarray, sample_rate: int) -> int | None:
    """The sample at which sound begins; None if all is silent.

    Example:

    >>> onset(np.concatenate([np.zeros(16_000), np.sin(np.arange(16_000))]), 16_000)
    16000
    """
    levels = frame_levels(waveform, sample_rate)
    loud = levels > max(SILENCE_DBFS, levels.max(initial=SILENCE_DBFS) - RANGE_DB)
    return int(np.argmax(loud)) * max(1, round(FRAME_SECONDS * sample_rate)) if loud.any() else None


def speech_seconds(waveform: np.ndarray, sample_rate: int) -> float:
    """How long somebody speaks.

    Args:
        waveform: (samples,) float32.
        sample_rate: Its rate, in hertz.

    Returns:
        Seconds. Silero's network hears speech and not music or noise. Without it, whatever is loud and not steady
        counts as speech.

    Example:

    >>> speech_seconds(np.zeros(16_000, np.float32), 16_000)
    0.0

    Reference:
        Silero Team, "Silero VAD", 2024.
    """
    if not len(waveform):
        return 0.0
    network = _silero()
    return _by_level(waveform, sample_rate) if network is None else _by_silero(network, waveform, sample_rate)


def _by_level(waveform: np.ndarray, sample_rate: int) -> float:
    levels = frame_levels(waveform, sample_rate)
    loud = levels[levels > max(SILENCE_DBFS, levels.max(initial=SILENCE_DBFS) - RANGE_DB)]
    if not len(loud) or np.subtract(*np.percentile(levels, (95, 5))) < MIN_RANGE_DB:
        return 0.0
    return len(loud) * FRAME_SECONDS


def _by_silero(network: Any, waveform: np.ndarray, sample_rate: int) -> float:
    wave = resample(waveform.astype(np.float32), sample_rate, SILERO_RATE)
    # The network knows voices of a usual level.
    wave = wave - wave.mean()
    wave = wave * np.float32(min(100.0, 0.5 / max(1e-9, float(np.abs(wave).max()))))
    windows = np.pad(wave, (0, -len(wave) % SILERO_WINDOW)).reshape(-1, SILERO_WINDOW)
    context = np.concatenate([np.zeros((1, SILERO_CONTEXT), np.float32), windows[:-1, -SILERO_CONTEXT:]])
    state = np.zeros((1, 1, 128), np.float32)
    inputs = {"input": np.concatenate([context, windows], axis=1), "h": state, "c": state}
    (probabilities, *_) = network.run(None, inputs)
    return float((probabilities > SPEECH_PROBABILITY).sum() * SILERO_WINDOW / SILERO_RATE)


@functools.cache
def _silero() -> Any:
    """Silero's network, which the package faster-whisper carries; None where that or ONNX Runtime is missing."""
    spec = importlib.util.find_spec("faster_whisper")
    found = sorted(Path(spec.origin).parent.glob("assets/silero_vad_v6.onnx")) if spec and spec.origin else []
    if not found:
        return None
    try:
        import onnxruntime
    except ImportError:
        return None
    options = onnxruntime.SessionOptions()
    options.inter_op_num_threads = options.intra_op_num_threads = 1
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(str(found[0]), providers=["CPUExecutionProvider"], sess_options=options)
