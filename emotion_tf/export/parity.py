"""Proof that the artefacts of an export say what the Keras model says."""

import statistics
import timeit
from collections.abc import Callable, Sequence
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from emotion_tf.errors import EmotionTFError
from emotion_tf.features.waveform import read_waveform
from emotion_tf.features.words import SPECIAL_WORDS
from emotion_tf.inference.runtimes import KerasRuntime, LiteRTRuntime, SavedModelRuntime
from emotion_tf.inference.sidecar import Sidecar

TOLERANCE = 1e-4
"""Largest difference of a probability that is put down to rounding."""

TIMED_SECONDS = 3.0
"""Length of the utterance whose time is taken."""

TIMED_RUNS = 5
"""Runs whose median is taken."""

Asked = tuple[np.ndarray | None, str, np.ndarray | None]
"""A wave (N,), a transcript and a speaker embedding (W,), as far as the model takes them."""

Feed = Callable[[np.ndarray | None, str, np.ndarray | None], Callable[[], np.ndarray]]
"""From what is asked to a call, without arguments, that runs the artefact for probabilities (4,)."""


def check_parity(folder: Path, clips: Sequence[Path] = ()) -> dict[str, Any]:
    """Runs every artefact of an export, as it lies on the disk, on the same utterances.

    Args:
        folder: The export.
        clips: Audio files to run, besides a few waves made by code.

    Returns:
        The content of `parity.json`: what was run, and for each artefact and signature the largest difference of a
        probability from those of `model.keras`, the share of utterances with the same label, the size in bytes, and the
        milliseconds that an utterance of `timed_seconds` takes here, the median of a few runs.

    Raises:
        EmotionTFError: If a difference exceeds `TOLERANCE`, or a clip cannot be read.
    """
    sidecar = Sidecar.find(folder / "model.keras")
    keras_runtime = KerasRuntime(folder / "model.keras", sidecar)
    utterances = _utterances(sidecar, keras_runtime.speaker_width, clips)
    expected = np.stack([keras_runtime.probabilities(*utterance) for utterance in utterances])

    results = []
    for artefact, signature, feed in _feeds(folder, sidecar, keras_runtime):
        received = np.stack([feed(*utterance)() for utterance in utterances])
        difference = float(np.abs(received - expected).max())
        if not difference <= TOLERANCE:  # Also catches NaN.
            raise EmotionTFError(
                f"{artefact}, signature {signature}, differs from the Keras model",
                expected=f"probabilities within {TOLERANCE:g}",
                received=f"{difference:g}",
            )
        seconds = timeit.repeat(feed(*utterances[0]), number=1, repeat=TIMED_RUNS)
        results.append(
            {
                "artefact": artefact,
                "signature": signature,
                "largest_difference": difference,
                "label_agreement": float(np.mean(received.argmax(axis=1) == expected.argmax(axis=1))),
                "bytes": _size(folder / artefact),
                "milliseconds": round(1000 * statistics.median(seconds), 3),
            }
        )
    return {
        "reference": "model.keras",
        "tolerance": TOLERANCE,
        "utterances": len(utterances),
        "clips": len(clips),
        "timed_seconds": TIMED_SECONDS,
        "results": results,
    }


def _feeds(folder: Path, sidecar: Sidecar, keras_runtime: KerasRuntime) -> list[tuple[str, str, Feed]]:
    """Artefact, signature, and what feeds it."""
    model = sidecar.config.model
    saved_model = SavedModelRuntime(folder / "saved_model" / "1", sidecar)
    litert = LiteRTRuntime(folder / "tflite" / "float32.tflite", sidecar)

    def ask(signature: str, inputs: dict[str, tf.Tensor], speaker: np.ndarray | None) -> Callable[[], np.ndarray]:
        if speaker is not None:
            inputs["speaker"] = tf.constant(speaker[np.newaxis])
        return lambda: saved_model.signatures[signature](**inputs)["probabilities"][0].numpy()

    def serving_default(waveform: np.ndarray | None, transcript: str, speaker: np.ndarray | None):
        inputs = {}
        if waveform is not None:
            content = tf.audio.encode_wav(waveform[:, np.newaxis], sidecar.config.features.sample_rate)
            inputs["audio"] = content[tf.newaxis]
        if model.reads:
            inputs["transcript"] = tf.constant([transcript])
        return ask("serving_default", inputs, speaker)

    def features(waveform: np.ndarray | None, transcript: str, speaker: np.ndarray | None):
        inputs = {name: tf.constant(ids) for name, ids in sidecar.words(transcript).items()}
        if waveform is not None:
            front_end = keras_runtime.model.get_layer("front_end")
            inputs["audio"] = front_end(tf.constant(waveform[np.newaxis]), tf.constant([len(waveform)]))
        return ask("features", inputs, speaker)

    feeds: list[tuple[str, str, Feed]] = [("saved_model/1", "serving_default", serving_default)]
    if model.hears:
        feeds.append(("saved_model/1", "waveform", partial(partial, saved_model.probabilities)))
    return [
        *feeds,
        ("saved_model/1", "features", features),
        ("tflite/float32.tflite", "serving_default", partial(partial, litert.probabilities)),
    ]


def _utterances(sidecar: Sidecar, speaker_width: int | None, clips: Sequence[Path]) -> list[Asked]:
    """What is asked: that whose time is taken, others at the edges of what may be asked, and the clips."""
    words = sidecar.vocabulary.words[len(SPECIAL_WORDS) :] if sidecar.vocabulary else ()
    transcripts = [
        " ".join(words[:12]),
        "",
        "Nobody-has-heard THIS, ever!",
        " ".join(words[-1:]),
        " ".join(words[-5:]),
        " ".join([*words[-1:], "unheard"] * sidecar.config.words.max_words),
    ]
    if not sidecar.config.model.hears:
        if clips:
            raise EmotionTFError("the model reads only but was given audio files", fix="export it without clips")
        return [(None, transcript, None) for transcript in transcripts]

    rate = sidecar.config.features.sample_rate
    generator = np.random.default_rng(0)
    noise = generator.normal(0, 0.1, round(TIMED_SECONDS * rate))
    tone = 0.3 * np.sin(2 * np.pi * 220 / rate * np.arange(sidecar.config.features.max_samples + rate))
    waves = [noise, noise[:1], noise[: rate // 100], np.zeros(rate), tone[:rate], tone]
    waves += [read_waveform(clip, rate) for clip in clips]
    speakers: list[np.ndarray | None] = [None] * len(waves)
    if speaker_width is not None:
        speakers = list(generator.normal(size=(len(waves), speaker_width)).astype(np.float32))
    return list(zip(map(_as_16_bit, waves), cycle(transcripts), speakers, strict=False))


def _as_16_bit(waveform: np.ndarray) -> np.ndarray:
    """The wave as a WAV file holds it, so that every signature hears the same samples."""
    return (np.clip(np.round(waveform * 2**15), -(2**15), 2**15 - 1) / 2**15).astype(np.float32)


def _size(path: Path) -> int:
    """Bytes of a file, or of all files in a folder."""
    return sum(file.stat().st_size for file in (path, *path.rglob("*")) if file.is_file())
