"""The artefacts of an export, each with what it may lose and the way in which it is asked."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import tensorflow as tf

from emotion_tf.exporting.examples import Example
from emotion_tf.exporting.onnx import OnnxFile, onnx_is_installed
from emotion_tf.frontend.front_end import front_end_layer
from emotion_tf.inference.bundle import ModelBundle
from emotion_tf.inference.litert_runtime import LiteRTRuntime
from emotion_tf.inference.runtime import Runtime, heard_inputs, joined, read_inputs, speaker_inputs
from emotion_tf.inference.saved_model_runtime import SavedModelRuntime

Ask = Callable[[Example], Callable[[], np.ndarray]]
"""From an utterance to a call, without arguments, that runs the artefact on it for what `Runtime.outputs` gives."""


@dataclass(frozen=True)
class Bound:
    """What an artefact may lose.

    Args:
        difference: Largest difference of a probability from the Keras model's; 1 where rounding is meant.
        other_labels: Largest share of utterances with another label than Keras gives, ties left out.
        ua_lost: Largest loss of unweighted accuracy.
        tie: Two labels whose probabilities by Keras lie no further apart than this tie, and either may be given.
            Rounding decides between them, and where a model is weak that is many utterances.
        dimension_difference: Largest difference of a dimension, as a share of its range; 1 where rounding is meant.
        dimension_mean: Largest mean difference of a dimension over utterances of a corpus, as a share of its range.
        ccc_lost: Largest loss of concordance of a dimension with the ratings of the test part.
    """

    difference: float
    other_labels: float
    ua_lost: float
    tie: float = 0.0
    dimension_difference: float = 1.0
    dimension_mean: float = 1.0
    ccc_lost: float = 2.0


EXACT = Bound(1e-4, other_labels=0.0, ua_lost=0.0, dimension_difference=1e-4, dimension_mean=1e-4, ccc_lost=1e-3)
"""For artefacts that compute in float32."""

TIE = 0.05
"""Rounding to 8 bits moves a probability by some hundredths: by 0.021 at most on 336 clips of RAVDESS."""

TFLITE_BOUNDS = {
    "float32": EXACT,
    "float16": Bound(1.0, other_labels=0.0, ua_lost=0.002, tie=TIE, dimension_mean=0.001, ccc_lost=0.002),
    "dynamic": Bound(1.0, other_labels=0.01, ua_lost=0.005, tie=TIE, dimension_mean=0.01, ccc_lost=0.02),
    "int8": Bound(1.0, other_labels=0.03, ua_lost=0.015, tie=TIE, dimension_mean=0.02, ccc_lost=0.03),
    # A recording's own zeros at its end are padding to MediaPipe.
    "mediapipe": Bound(difference=0.01, other_labels=0.005, ua_lost=0.0),
}
"""By the name of the file, without `-fixed`."""


@dataclass(frozen=True)
class Artefact:
    """One file or folder of an export under one of its signatures.

    Args:
        path: Where it lies in the export.
        signature: The signature.
        bound: What it may lose.
        load: Loads it and gives what asks it; takes the number of threads, None being the runtime's own choice.
            TensorFlow's threads are not counted by it but by the process.
    """

    path: str
    signature: str
    bound: Bound
    load: Callable[[int | None], Ask]


def artefacts(folder: Path, bundle: ModelBundle) -> list[Artefact]:
    """Every artefact that lies in an export.

    Args:
        folder: The export.
        bundle: What its model was built with.
    """
    hears = bundle.config.model.hears
    signatures = ["serving_default", *["waveform"] * hears, "features"]
    found = [
        Artefact("saved_model/1", signature, EXACT, partial(_load_saved_model, folder, bundle, signature))
        for signature in signatures
    ]
    for name, bound in TFLITE_BOUNDS.items():
        for kind in (name, f"{name}-fixed"):
            path = f"tflite/{kind}.tflite"
            if (folder / path).is_file():
                found.append(Artefact(path, "serving_default", bound, partial(_load_tflite, folder / path, bundle)))
    for name, signature in (("speech", "waveform"), ("network", "features")):
        path = f"onnx/{name}.onnx"
        if (folder / path).is_file() and onnx_is_installed():
            found.append(Artefact(path, signature, EXACT, partial(_load_onnx, folder / path, bundle, signature)))
    return found


def size(path: Path) -> int:
    """Bytes of a file, or of all files in a folder."""
    return sum(file.stat().st_size for file in (path, *path.rglob("*")) if file.is_file())


def _load_tflite(path: Path, bundle: ModelBundle, threads: int | None) -> Ask:
    return _through(LiteRTRuntime(path, threads))


def _load_onnx(path: Path, bundle: ModelBundle, signature: str, threads: int | None) -> Ask:
    """ONNX Runtime, which takes word ids in place of words under either signature."""
    run = OnnxFile(path, threads)
    front_end = front_end_layer(bundle.config.features) if signature == "features" else None

    def ask(example: Example) -> Callable[[], np.ndarray]:
        words = read_inputs([example.transcript], bundle) | speaker_inputs([example.speaker])
        heard = heard_inputs([example.waveform], bundle)
        if front_end is not None:
            heard = _features(example, bundle, front_end)
        return lambda: run(heard | words)[0]

    return ask


def _load_saved_model(folder: Path, bundle: ModelBundle, signature: str, threads: int | None) -> Ask:
    runtime = SavedModelRuntime(folder / "saved_model" / "1")
    if signature == "waveform":
        return _through(runtime)
    if signature == "features":
        return partial(_ask_features, runtime, bundle, front_end_layer(bundle.config.features))
    return partial(_ask_serving_default, runtime, bundle)


def _through(runtime: Runtime) -> Ask:
    """Asks as `emotion-tf predict` does."""
    return lambda example: partial(runtime.outputs, example.waveform, example.transcript, example.speaker)


def _ask_serving_default(runtime: SavedModelRuntime, bundle: ModelBundle, example: Example) -> Callable[[], np.ndarray]:
    inputs = {}
    if example.waveform is not None:
        content = tf.audio.encode_wav(example.waveform[:, np.newaxis], bundle.config.features.sample_rate)
        inputs["audio"] = content[tf.newaxis]
    elif bundle.config.model.hears:
        inputs["audio"] = tf.constant([""])
    if bundle.config.model.reads:
        inputs["transcript"] = tf.constant([example.transcript])
    return _ask(runtime, "serving_default", inputs, example)


def _ask_features(
    runtime: SavedModelRuntime, bundle: ModelBundle, front_end: Callable, example: Example
) -> Callable[[], np.ndarray]:
    inputs = {name: tf.constant(ids) for name, ids in bundle.word_ids(example.transcript).items()}
    inputs |= _features(example, bundle, front_end)
    return _ask(runtime, "features", inputs, example)


def _features(example: Example, bundle: ModelBundle, front_end: Callable) -> dict[str, tf.Tensor]:
    """The input `features` (1, T, D); nothing if the model does not hear."""
    if not bundle.config.model.hears:
        return {}
    if example.waveform is None:
        return {"features": tf.zeros((1, 1, bundle.config.features.width))}
    return {"features": front_end(tf.constant(example.waveform[np.newaxis]), tf.constant([len(example.waveform)]))}


def _ask(
    runtime: SavedModelRuntime, signature: str, inputs: dict[str, tf.Tensor], example: Example
) -> Callable[[], np.ndarray]:
    if example.speaker is not None:
        inputs["speaker"] = tf.constant(example.speaker[np.newaxis])
    return lambda: joined(runtime.signatures[signature](**inputs))[0]
