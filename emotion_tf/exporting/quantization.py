"""Smaller TFLite files: the network's weights as float16 or int8, the front end as it is."""

import contextlib
import io
import warnings
from collections.abc import Mapping, Sequence

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from ai_edge_litert.tools import flatbuffer_utils

from emotion_tf.errors import EmotionTFError

FRONT_END = "/front_end"
"""What the names of the front end's ops have in common; it stays float32. Eight bits hold a range of 48 dB, where a
power spectrum needs 100, and the floor of its logarithm is zero in float16.
"""

EMBEDDINGS = "/embeddings"
"""What the names of the ops of the word embeddings have in common."""


def quantize(content: bytes, variant: str, representative: Sequence[Mapping[str, np.ndarray]]) -> bytes:
    """Makes a smaller file of a float32 one, with the same signature.

    - `float16` keeps the weights of convolutions and dense layers in two bytes and computes in float32.
    - `dynamic` keeps these weights and the word embeddings in one byte and rounds what enters the convolutions and
      dense layers to int8 as it comes, by the range that it has in the utterance.
    - `int8` rounds by ranges fixed in advance around the convolutions, where nearly all of the work is, and what leaves
      them too. Dense and recurrent layers, on which close calls hang, are as in `dynamic`.

    Every output channel has a scale of its own; the embeddings share one. Pooling, attention and softmax, which have no
    weights, compute in float32.

    Args:
        content: A float32 file.
        variant: `float16`, `dynamic` or `int8`.
        representative: Inputs like those to come, each a dict of what the signature takes, from which `int8` gets its
            ranges.

    Returns:
        The content of the smaller file.

    Raises:
        EmotionTFError: If ai-edge-quantizer is missing.
    """
    try:
        from ai_edge_quantizer import algorithm_manager, calibrator, qtyping, quantizer, recipe_manager
        from ai_edge_quantizer.utils import qsv_utils
    except ImportError as error:
        raise EmotionTFError(
            f"{variant} needs ai-edge-quantizer", fix="run: pip install 'emotion-tf[quantize]'"
        ) from error
    algorithm, operation = algorithm_manager.AlgorithmName, qtyping.TFLOperationName
    recipe = recipe_manager.RecipeManager()
    for layer in (operation.CONV_2D, operation.FULLY_CONNECTED):
        if variant == "float16":
            recipe.add_weight_only_config(".*", layer, num_bits=16, algorithm_key=algorithm.FLOAT_CASTING)
        elif variant == "int8" and layer == operation.CONV_2D:
            recipe.add_static_config(".*", layer, activation_num_bits=8, weight_num_bits=8)
        else:
            recipe.add_dynamic_config(".*", layer, num_bits=8)
    if variant != "float16":
        recipe.add_static_config(EMBEDDINGS, operation.GATHER, activation_num_bits=8, weight_num_bits=8)
    # Of several rules that fit an op the last one holds.
    recipe.add_quantization_config(FRONT_END, operation.ALL_SUPPORTED, algorithm_key=algorithm.NO_QUANTIZE)

    content = _with_unique_names(content)
    # The default mode fails at loops of fixed length, and a moving average, the default update, cuts off what is rare,
    # such as the peaks of the pooled deviations.
    mode = calibrator.CalibrationMode.CALIBRATION_PROFILER_BASED
    examples = {"serving_default": representative if variant == "int8" else [_any_input(content)]}
    # Bars of its progress, and a warning that looking into a network takes memory, are none of the user's.
    with contextlib.redirect_stderr(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        calibration = calibrator.Calibrator(content, num_threads=1, mode=mode, qsv_update_func=qsv_utils.min_max_update)
        calibration.calibrate(examples, recipe)
        made = quantizer.Quantizer(content, recipe.get_quantization_recipe()).quantize(
            calibration.get_model_qsvs(), enable_progress_bar=False, enable_progress_report=False
        )
    return bytes(made.quantized_model)


def _with_unique_names(content: bytes) -> bytes:
    """The same file with names of their own for the tensors inside recurrent layers, whose loops name them alike."""
    model = flatbuffer_utils.read_model_from_bytearray(np.frombuffer(content, np.uint8))
    for number, loop in enumerate(model.subgraphs[1:]):
        for place, tensor in enumerate(loop.tensors):
            tensor.name = tensor.name + f"/loop/{number}/{place}".encode()
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))


def _any_input(content: bytes) -> dict[str, np.ndarray]:
    """Something to run a file on, since the range of the embeddings, too, is taken in a run."""
    details = Interpreter(model_content=content).get_signature_runner("serving_default").get_input_details()
    return {name: np.ones(detail["shape"], detail["dtype"]) for name, detail in details.items()}
