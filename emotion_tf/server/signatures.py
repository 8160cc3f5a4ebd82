"""What the served model takes and gives, as TensorFlow Serving tells it of the SavedModel of an export."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from emotion_tf.config import Config

FREE = -1
"""A size that any request may have."""


@dataclass(frozen=True)
class Tensor:
    """An input or an output.

    Args:
        dtype: Its type as TensorFlow's messages name it.
        shape: Its sizes, the first being utterances.
    """

    dtype: str
    shape: tuple[int, ...]


Scales = Mapping[str, tuple[float, float]]
"""The ends of the range of each dimension."""

Signature = Mapping[str, Tensor]
"""The inputs of a signature by name."""


def signatures_of(config: Config, speaker_width: int | None) -> dict[str, Signature]:
    """The signatures of a model by name: `serving_default`, and `waveform` if it hears.

    Args:
        config: The settings of the model.
        speaker_width: Numbers in the speaker embedding that it takes, if it takes one.
    """
    rest: dict[str, Tensor] = {}
    if config.model.reads:
        rest["transcript"] = Tensor("DT_STRING", (FREE,))
    if speaker_width is not None:
        rest["speaker"] = Tensor("DT_FLOAT", (FREE, speaker_width))
    if not config.model.hears:
        return {"serving_default": rest}
    wave = {"waveform": Tensor("DT_FLOAT", (FREE, FREE)), "num_samples": Tensor("DT_INT32", (FREE,))}
    return {"serving_default": {"audio": Tensor("DT_STRING", (FREE,)), **rest}, "waveform": {**wave, **rest}}


def metadata(
    name: str, signatures: Mapping[str, Signature], labels: Sequence[str], scales: Scales | None = None
) -> dict[str, Any]:
    """The answer to `/v1/models/NAME/metadata`.

    Args:
        name: The name under which the model is served.
        signatures: Its signatures.
        labels: Its classes.
        scales: Its dimensions with the ends of their ranges, if it has any.
    """
    outputs = {"error": Tensor("DT_STRING", (FREE,))}
    if labels:
        outputs = {
            "probabilities": Tensor("DT_FLOAT", (FREE, len(labels))),
            "classes": Tensor("DT_STRING", (FREE, len(labels))),
            "label": Tensor("DT_STRING", (FREE,)),
            **outputs,
        }
    if scales:
        outputs |= {
            "dimensions": Tensor("DT_FLOAT", (FREE, len(scales))),
            "dimension_names": Tensor("DT_STRING", (FREE, len(scales))),
            "dimension_ranges": Tensor("DT_FLOAT", (FREE, len(scales), 2)),
        }
    if "waveform" in signatures:  # It hears.
        outputs["heard_seconds"] = outputs["max_seconds"] = Tensor("DT_FLOAT", (FREE,))
    described = {
        signature: {
            "inputs": _infos(signature, inputs),
            "outputs": _infos("StatefulPartitionedCall", outputs),
            "method_name": "tensorflow/serving/predict",
        }
        for signature, inputs in signatures.items()
    }
    return {
        "model_spec": {"name": name, "signature_name": "", "version": "1"},
        "metadata": {"signature_def": {"signature_def": described}},
    }


def _infos(prefix: str, tensors: Signature) -> dict[str, Any]:
    return {
        name: {
            "dtype": tensor.dtype,
            "tensor_shape": {"dim": [{"size": str(size), "name": ""} for size in tensor.shape], "unknown_rank": False},
            "name": f"{prefix}_{name}:0",
        }
        for name, tensor in tensors.items()
    }


def status() -> dict[str, Any]:
    """The answer to `/v1/models/NAME`: there is one version, and it is loaded."""
    version = {"version": "1", "state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}
    return {"model_version_status": [version]}
