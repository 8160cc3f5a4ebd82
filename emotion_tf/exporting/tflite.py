"""The TFLite files, for phones and browsers: a wave and word ids in, probabilities out."""

import re
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from emotion_tf.errors import EmotionTFError
from emotion_tf.exporting.quantization import quantize
from emotion_tf.exporting.tflite_metadata import with_metadata
from emotion_tf.frontend.spectral import transforms_by_products
from emotion_tf.inference.bundle import ModelBundle, without_dimensions
from emotion_tf.inference.litert_runtime import fit_lengths
from emotion_tf.utils.files import replacing
from emotion_tf.utils.progress import tracking
from emotion_tf.utils.tf_private import keep_dense_apart

VARIANTS = ("float32", "float16", "dynamic", "int8")
"""In what the network is kept and computes; see `quantization.quantize`."""


def write_tflite(
    model: keras.Model,
    bundle: ModelBundle,
    folder: Path,
    variants: Iterable[str] = VARIANTS,
    representative: Sequence[Mapping[str, np.ndarray]] = (),
) -> None:
    """Writes TFLite files of built-in ops alone, with metadata, which take one utterance at a time.

    Their one signature, `serving_default`, gives `probabilities` [1, C] float32, if there are classes, and with
    `config.labels.dimensions` `dimensions` [1, D] float32, but for `mediapipe.tflite`. What it takes, if the model
    does:

    - `VARIANT.tflite`: `waveform` [1, N] float32, all of which counts; `word_ids` [1, M] int32; `speaker` [1, W]
      float32. N and M are free and at least 1; until an input is resized, both are 1. With
      `config.model.learned_placeholders`, zeros alone in `waveform` say that there is no recording.
    - `VARIANT-fixed.tflite`: `waveform` [1, `config.features.max_samples`], padded with anything; `num_samples` [1]
      int32, how many of them count; `word_ids` [1, `config.words.max_words`], padded with zeros; `speaker`.
    - `mediapipe.tflite`, of a model that takes audio alone and has classes: `waveform` [1,
      `config.features.max_samples`] alone, of which trailing zeros are padding, since that is how MediaPipe's
      AudioClassifier fills its last window. In float32.

    Args:
        model: A speech model.
        bundle: What it was built with.
        folder: Where the files go; it is made.
        variants: Some of `VARIANTS`.
        representative: Utterances of the training part, each a dict of what `VARIANT.tflite` takes, for the ranges of
            `int8`; without them there is no `int8`.

    Raises:
        EmotionTFError: If the model needs an op that TFLite has not built in, or another variant than `float32` is
            asked for and ai-edge-quantizer is missing.
    """
    lengths = {"waveform": bundle.config.features.max_samples, "word_ids": bundle.config.words.max_words}
    lengths = {tensor.name: lengths[tensor.name] for tensor in model.inputs if tensor.name in lengths}
    inputs = {tensor.name: tf.TensorSpec([1, *tensor.shape[1:]], tensor.dtype, tensor.name) for tensor in model.inputs}
    fixed = {
        name: tf.TensorSpec([1, lengths[name]], spec.dtype, name) if name in lengths else spec
        for name, spec in inputs.items()
    }
    free = {name: spec for name, spec in inputs.items() if name != "num_samples"}

    wanted = [variant for variant in variants if variant != "int8" or representative]
    for_mediapipe = set(free) == {"waveform"} and bool(bundle.labels)
    with tracking("TFLite files", 2 * len(wanted) + for_mediapipe) as advance:

        def write(name: str, content: bytes) -> None:
            with replacing(folder / f"{name}.tflite") as path:
                # MediaPipe's AudioClassifier takes every output for probabilities, so its file has no other.
                carried = without_dimensions(bundle) if name == "mediapipe" else bundle
                path.write_bytes(with_metadata(content, carried))
            advance()

        for suffix, content, examples in (
            ("", _convert(model, free, _all_samples), list(representative)),
            ("-fixed", _convert(model, fixed), [fit_lengths(example, lengths) for example in representative]),
        ):
            for variant in wanted:
                write(variant + suffix, content if variant == "float32" else quantize(content, variant, examples))
        if for_mediapipe:
            given = {"waveform": fixed["waveform"]}
            write("mediapipe", _convert(model, given, _samples_before_trailing_zeros, classes_alone=True))


def _all_samples(waveform: tf.Tensor) -> tf.Tensor:
    """The length (1,) of a wave (1, N)."""
    return tf.shape(waveform)[1:]


def _samples_before_trailing_zeros(waveform: tf.Tensor) -> tf.Tensor:
    """The length (1,) of a wave (1, N) without its trailing zeros, and at least 1."""
    # A range of the sample numbers would be shorter, but lie in the file as a constant of half a megabyte.
    still_to_come = tf.cumsum(tf.cast(waveform != 0.0, tf.int32), axis=1, reverse=True)
    return tf.maximum(tf.reduce_sum(tf.cast(still_to_come > 0, tf.int32), axis=1), 1)


def _convert(
    model: keras.Model,
    inputs: dict[str, tf.TensorSpec],
    count_samples: Callable[[tf.Tensor], tf.Tensor] | None = None,
    classes_alone: bool = False,
) -> bytes:
    """A float32 file.

    Args:
        model: A speech model.
        inputs: What the file takes.
        count_samples: Makes `num_samples` from `waveform`, for a model that hears, if it is not an input.
        classes_alone: Leaves out the dimensions.
    """

    def serve(given: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        given = dict(given)
        if "waveform" in given and count_samples is not None:
            given["num_samples"] = count_samples(given["waveform"])
        answer = model(given, training=False)
        heads = answer if isinstance(answer, dict) else {"probabilities": answer}
        return {"probabilities": heads["probabilities"]} if classes_alone else heads

    archive = keras.export.ExportArchive()
    archive.track(model)
    archive.add_endpoint("serving_default", serve, [inputs])
    with tempfile.TemporaryDirectory() as folder:
        with transforms_by_products():  # Keras traces the function only here.
            archive.write_out(folder, verbose=False)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=["serving_default"])
        # Without this the converter may fall back on ops of full TensorFlow, which phones and browsers lack.
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
        # Batch normalisation multiplied into the weights of the dense layer behind it would spread them over orders of
        # magnitude, more than int8 weights hold.
        keep_dense_apart(converter)
        try:
            return converter.convert()
        except Exception as error:  # The class of the converter's errors is not public.
            foreign = re.findall(r'error: loc\(.*?fused\["\w+:", "([^"@]+)/(\w+)@', str(error))
            if not foreign:
                raise
            raise EmotionTFError(
                "the model does not convert to TFLite",
                expected="built-in ops only",
                received=", ".join(f"{op} in the layer {layer}" for layer, op in sorted(set(foreign))),
            ) from error
