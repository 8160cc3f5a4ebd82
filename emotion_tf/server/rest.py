"""The JSON of TensorFlow Serving's REST protocol.

Reference: https://www.tensorflow.org/tfx/serving/api_rest
"""

import base64
import binascii
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from emotion_tf.inference import Prediction
from emotion_tf.server.refusal import bad_request
from emotion_tf.server.signatures import FREE, Scales, Signature, Tensor
from emotion_tf.server.utterance import Answer, Utterance
from emotion_tf.utils.files import parse_json

ROWS, COLUMNS = "instances", "inputs"
"""The two forms of a request; the answer is in the same."""


def parse(body: bytes, signatures: Mapping[str, Signature]) -> tuple[list[Utterance], str]:
    """The utterances of a request, and its form.

    Args:
        body: `{"instances": [row, ...]}` or `{"inputs": {name: column, ...}}`, and `signature_name` if it is another
            than `serving_default`.
        signatures: What the model takes.

    Raises:
        RefusedError: If it is no such request.

    Example:

    >>> taken = {"serving_default": {"transcript": Tensor("DT_STRING", (FREE,))}}
    >>> parse(b'{"instances": ["so sad", {"b64": "c28gc2Fk"}]}', taken)[0][1].transcript
    'so sad'
    """
    try:
        content = parse_json(body)
    except json.JSONDecodeError as error:
        raise bad_request(f"JSON Parse error: {error}") from None
    if not isinstance(content, dict):
        raise bad_request("the body is no JSON object; expected 'instances' or 'inputs' in one")
    name = content.get("signature_name") or "serving_default"
    if not isinstance(name, str) or name not in signatures:
        raise bad_request(f'Serving signature key "{name}" not found; there are {", ".join(signatures)}')
    forms = [form for form in (ROWS, COLUMNS) if form in content]
    if len(forms) != 1:
        raise bad_request("expected either 'instances' or 'inputs' in the body")
    columns = (_of_rows if forms == [ROWS] else _of_columns)(content[forms[0]], signatures[name])
    return _utterances(columns, signatures[name]), forms[0]


def _of_rows(rows: Any, signature: Signature) -> dict[str, list]:
    """The columns of `instances`."""
    if not isinstance(rows, list) or not rows:
        raise bad_request("'instances' is no list of at least one row")
    if len(signature) == 1 and not all(isinstance(row, dict) and row.keys() == signature.keys() for row in rows):
        return {next(iter(signature)): rows}
    for number, row in enumerate(rows):
        if not isinstance(row, dict) or row.keys() != signature.keys():
            keys = ", ".join(map(str, row)) if isinstance(row, dict) else type(row).__name__
            raise bad_request(
                f"row {number} of 'instances' has to be an object of {', '.join(signature)}; it is {keys}"
            )
    return {name: [row[name] for row in rows] for name in signature}


def _of_columns(columns: Any, signature: Signature) -> dict[str, list]:
    """The columns of `inputs`."""
    if len(signature) == 1 and isinstance(columns, list):
        columns = {next(iter(signature)): columns}
    if not isinstance(columns, dict) or columns.keys() != signature.keys():
        keys = ", ".join(map(str, columns)) if isinstance(columns, dict) else type(columns).__name__
        raise bad_request(f"'inputs' has to be an object of {', '.join(signature)}; it is {keys}")
    sizes = {len(column) if isinstance(column, list) else -1 for column in columns.values()}
    if len(sizes) > 1 or sizes & {-1, 0}:
        raise bad_request("the columns of 'inputs' have to be lists of one length, a row an utterance")
    return columns


def _utterances(columns: Mapping[str, list], signature: Signature) -> list[Utterance]:
    """The rows of columns, each value being of its type."""
    read: dict[str, list] = {}
    for name, values in columns.items():
        kind = _READERS[name]
        try:
            read[name] = [kind(value, signature[name]) for value in values]
        except (TypeError, ValueError, OverflowError) as error:
            raise bad_request(f"input {name}: {error}") from None
    if "num_samples" in read:
        read["waveform"] = [_cut(*pair) for pair in zip(read["waveform"], read.pop("num_samples"), strict=True)]
    return [Utterance(**dict(zip(read, values, strict=True))) for values in zip(*read.values(), strict=True)]


def _cut(waveform: np.ndarray, num_samples: int) -> np.ndarray:
    """The samples of a padded wave that count."""
    if not 0 <= num_samples <= len(waveform):
        raise bad_request(f"num_samples is {num_samples}; expected 0 to {len(waveform)}, the length of waveform")
    return waveform[:num_samples]


def _bytes(value: Any, _: Tensor) -> bytes:
    """A string, or bytes in base 64."""
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass")
    if not isinstance(value, dict) or value.keys() != {"b64"} or not isinstance(value["b64"], str):
        raise TypeError(f"{json.dumps(value)[:100]} is no string and no object of b64 alone")
    try:
        return base64.b64decode(value["b64"], validate=True)
    except binascii.Error as error:
        raise ValueError(f"b64 holds no base 64 ({error})") from None


def _text(value: Any, tensor: Tensor) -> str:
    """A string; bytes that are no UTF-8 are none."""
    return _bytes(value, tensor).decode("utf-8")


def _numbers(value: Any, tensor: Tensor) -> np.ndarray:
    """(N,) float32."""
    numbers = np.asarray(value)
    if numbers.ndim != 1 or not np.issubdtype(numbers.dtype, np.number) or tensor.shape[1] not in (FREE, len(numbers)):
        raise ValueError(f"expected a list of {'' if tensor.shape[1] == FREE else f'{tensor.shape[1]} '}numbers")
    return numbers.astype(np.float32)


def _count(value: Any, _: Tensor) -> int:
    if type(value) is not int:
        raise TypeError(f"{json.dumps(value)[:100]} is no whole number")
    return value


_READERS: dict[str, Callable[[Any, Tensor], Any]] = {
    "audio": _bytes,
    "transcript": _text,
    "speaker": _numbers,
    "waveform": _numbers,
    "num_samples": _count,
}


def answer(
    answers: Sequence[Answer],
    labels: Sequence[str],
    form: str,
    scales: Scales | None = None,
    max_seconds: float | None = None,
) -> dict[str, Any]:
    """The answer to a request, in its form.

    Of an utterance that could not be heard, `error` says why, `label` is "" and all numbers are zeros, as the
    SavedModel of an export has it. Beside what that tells, a label may be `undecided`, and `reason` says why.

    Args:
        answers: The answers in the order of the utterances.
        labels: The classes.
        form: The form of the request.
        scales: The dimensions with the ends of their ranges, if the model has any.
        max_seconds: How much the model hears; None for one that does not hear.
    """
    rows: list[dict[str, Any]] = [
        {
            **(_classified(found, labels) if labels else {}),
            "error": item.error,
            **({} if max_seconds is None else _heard(found, max_seconds)),
        }
        for item in answers
        for found in [item.prediction]
    ]
    if scales:
        for row, item in zip(rows, answers, strict=True):
            found = item.prediction
            row["dimensions"] = [found.dimensions[name] for name in scales] if found else [0.0] * len(scales)
            row["dimension_names"] = list(scales)
            row["dimension_ranges"] = [list(ends) for ends in scales.values()]
    if form == ROWS:
        return {"predictions": rows}
    return {"outputs": {name: [row[name] for row in rows] for name in rows[0]}}


def _classified(found: Prediction | None, labels: Sequence[str]) -> dict[str, Any]:
    """What is told of the classes."""
    return {
        "probabilities": [found.probabilities[name] for name in labels] if found else [0.0] * len(labels),
        "classes": list(labels),
        "label": found.label if found else "",
    }


def _heard(found: Prediction | None, max_seconds: float) -> dict[str, Any]:
    """What is told of the recording."""
    return {
        "heard_seconds": (found and found.heard_seconds) or 0.0,
        "max_seconds": max_seconds,
        "reason": (found and found.reason) or "",
    }
