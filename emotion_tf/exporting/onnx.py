"""ONNX files, for ONNX Runtime, OpenVINO and others: a wave, or features, and word ids in, probabilities out."""

import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from emotion_tf.errors import EmotionTFError
from emotion_tf.frontend.spectral import transforms_by_products
from emotion_tf.inference.bundle import ModelBundle
from emotion_tf.inference.runtime import joined
from emotion_tf.models import inner_network
from emotion_tf.utils.files import write_bytes
from emotion_tf.utils.tf_private import frozen

OPSET = 17
"""Of 2022, which every runtime in use knows, and which has all that the networks need."""


def onnx_is_installed() -> bool:
    """Whether ONNX files can be written and compared."""
    try:
        import onnx  # noqa: F401
        import onnxruntime  # noqa: F401
        import tf2onnx  # noqa: F401
    except (ImportError, AttributeError):  # ONNX from 1.19 on fails so beside the ml_dtypes of TensorFlow 2.17.
        return False
    return True


def write_onnx(model: keras.Model, bundle: ModelBundle, folder: Path) -> None:
    """Writes ONNX files in float32, which take any number of utterances, of any lengths.

    What they take, as far as the model hears and reads, in the order of the SavedModel's signatures:

    - `speech.onnx`: `waveform` (B, N) float32; `num_samples` (B,) int32, how many of them count; `word_ids` (B, M)
      int32, padded with zeros; `speaker` (B, W) float32. N is at least 1.
    - `network.onnx`: `features` (B, T, D) float32, padded with zero frames, in place of the wave. For a model that does
      not hear, it is the same as `speech.onnx`, which is left out.

    Both give `probabilities` (B, C) float32, and `dimensions` (B, D) if the model has any. The files of the bundle are
    in their metadata.

    Args:
        model: A speech model.
        bundle: What it was built with.
        folder: Where the files go; it is made.

    Raises:
        EmotionTFError: If the model holds an op that ONNX has not.
    """
    networks = {"network.onnx": inner_network(model)}
    if bundle.config.model.hears:
        networks["speech.onnx"] = model
    for name, network in networks.items():
        write_bytes(folder / name, _converted(network, bundle))


def _converted(network: keras.Model, bundle: ModelBundle) -> bytes:
    """The content of an ONNX file."""
    import onnx
    import tf2onnx

    specs = {tensor.name: tf.TensorSpec(tensor.shape, tensor.dtype, tensor.name) for tensor in network.inputs}

    @tf.function
    def serve(given: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        answer = network(given, training=False)
        return answer if isinstance(answer, dict) else {"probabilities": answer}

    with transforms_by_products():
        function = serve.get_concrete_function(specs)
    graph, inputs, outputs = frozen(function)
    # TensorFlow puts the outputs in the order of their names.
    names = dict(zip(outputs, sorted(function.structured_outputs), strict=True))
    names |= {name: name.partition(":")[0] for name in inputs}
    with warnings.catch_warnings(), _quiet("tensorflow", "tf2onnx"):
        warnings.simplefilter("ignore")
        made, _ = tf2onnx.convert.from_graph_def(
            graph,
            name="emotion_tf",
            input_names=inputs,
            output_names=outputs,
            opset=OPSET,
            tensors_to_rename=names,
        )
    known = {schema.name for schema in onnx.defs.get_all_schemas()}
    foreign = sorted({node.op_type for node in made.graph.node} - known)
    if foreign:
        raise EmotionTFError(
            "the model does not convert to ONNX", expected="ops that ONNX has", received=", ".join(foreign)
        )
    onnx.helper.set_model_props(made, {name: content.decode() for name, content in bundle.files().items()})
    onnx.checker.check_model(made)
    return made.SerializeToString()


@contextmanager
def _quiet(*names: str) -> Iterator[None]:
    """Keeps to themselves what loggers say below an error, which is nothing that a user can change."""
    loggers = [logging.getLogger(name) for name in names]
    levels = [logger.level for logger in loggers]
    try:
        for logger in loggers:
            logger.setLevel(logging.CRITICAL)
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


class OnnxFile:
    """An ONNX file in ONNX Runtime, on the CPU.

    Args:
        path: The file.
        num_threads: Number of threads; None leaves it to the runtime.
    """

    def __init__(self, path: Path, num_threads: int | None = None):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = num_threads or 0
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self._inputs, self._outputs = (
            [found.name for found in side] for side in (self._session.get_inputs(), self._session.get_outputs())
        )

    def __call__(self, inputs: Mapping[str, Any]) -> np.ndarray:
        """Probabilities and dimensions (B, C + D) float32 for the inputs that `write_onnx` describes."""
        found = self._session.run(self._outputs, {name: np.asarray(inputs[name]) for name in self._inputs})
        return joined(dict(zip(self._outputs, found, strict=True)))
