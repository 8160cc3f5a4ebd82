"""Asking a model that TensorFlow Serving serves, over gRPC or REST."""

import base64
import dataclasses
import http.client
import io
import json
import urllib.error
import urllib.parse
import urllib.request
import wave
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from emotion_tf.asr.recognizer import linear16
from emotion_tf.config import Config, LabelConfig
from emotion_tf.errors import EmotionTFError
from emotion_tf.inference.bundle import ModelBundle
from emotion_tf.inference.loading import DEFAULT_MODEL, TIMEOUT_SECONDS
from emotion_tf.inference.serving_api import load_serving_api
from emotion_tf.inference.undecided import UNDECIDED
from emotion_tf.utils.files import parse_json

MAX_SECONDS = 60.0
"""Longest wave that is sent to a server that does not say after which time its model stops to hear."""

MAX_ANSWER_BYTES = 2**22
"""Longest answer over REST, as long as gRPC's own; one that is cut there is no JSON."""

INPUTS = {"audio", "transcript", "speaker"}
"""Everything that the signature `serving_default` of an export may take."""


class ServerRuntime:
    """Runs a served model on one utterance a request.

    Args:
        address: `HOST:PORT` or `grpc://HOST:PORT` of the gRPC port, `http://HOST:PORT` or `https://HOST:PORT` of the
            REST port.
        model: Name under which the model is served.
        timeout: Seconds that an answer may take.

    Attributes:
        bundle: What the server tells of the model. Settings that it does not tell are the defaults.

    Raises:
        EmotionTFError: If nobody answers there, something else than TensorFlow Serving does, or it serves no such model
            or one that is not an export of this package; and for gRPC if `tensorflow-serving-api` is not installed.
    """

    def __init__(self, address: str, model: str = DEFAULT_MODEL, timeout: float = TIMEOUT_SECONDS):
        self._name = f"the model {model} at {address}"
        self._transport = _transport(address, model, timeout)
        shapes = self._transport.shapes()
        if not shapes.keys() & {"audio", "transcript"} or not shapes.keys() <= INPUTS:
            raise EmotionTFError(
                f"{self._name} is not an export of this package",
                expected=f"inputs among {', '.join(sorted(INPUTS))}",
                received=", ".join(sorted(shapes)),
            )
        self.speaker_width = shapes["speaker"][-1] if "speaker" in shapes else None
        self._reads = "transcript" in shapes
        modality = "text" if "audio" not in shapes else "both" if self._reads else "audio"
        # Whether it can do without one of both, only the server knows, and says if it cannot.
        learned_placeholders = str(modality == "both").lower()
        config = Config().override(f"model.modality={modality}", f"model.learned_placeholders={learned_placeholders}")
        outputs = self._empty_answer(modality)
        labels, scales = self._described(outputs)
        config = self._with_max_seconds(config, outputs)
        if scales:
            classes = None if labels else ()
            settings = LabelConfig(classes=classes, dimensions=tuple(scales), ranges=dict(scales))
            config = dataclasses.replace(config, labels=settings)
        self.bundle = ModelBundle(config, labels, None)

    def _empty_answer(self, modality: str) -> dict[str, Any]:
        """What the server answers to an empty request, with which it gives what holds for all answers."""
        inputs: dict[str, list] = {} if modality == "text" else {"audio": [b""]}
        if modality != "audio":
            inputs["transcript"] = [""]
        if self.speaker_width is not None:
            inputs["speaker"] = [[0.0] * self.speaker_width]
        return self._transport.predict(inputs)

    def _with_max_seconds(self, config: Config, outputs: Mapping[str, Any]) -> Config:
        """The settings, with the seconds that the model hears."""
        try:
            (seconds,) = map(float, outputs["max_seconds"])
        except (KeyError, TypeError, ValueError):
            seconds = MAX_SECONDS
        return config.override(f"features.max_seconds={min(seconds, MAX_SECONDS):g}")

    def _described(self, outputs: Mapping[str, Any]) -> tuple[tuple[str, ...], dict[str, tuple[float, ...]]]:
        """The names of the classes, and the dimensions with their ranges. A model that has both or one of them."""
        try:
            labels: tuple[str, ...] = ()
            if "classes" in outputs or "dimensions" not in outputs:
                (classes,) = outputs["classes"]
                labels = tuple(name if isinstance(name, str) else name.decode() for name in classes)
            if "dimensions" not in outputs:
                return labels, {}
            (names,), (ranges,) = outputs["dimension_names"], outputs["dimension_ranges"]
            return labels, {
                str(name): (float(low), float(high)) for name, (low, high) in zip(names, ranges, strict=True)
            }
        except (KeyError, TypeError, ValueError, AttributeError, UnicodeDecodeError):
            raise EmotionTFError(
                f"{self._name} does not name its classes",
                expected="an export of this package, with the output classes",
                received=", ".join(sorted(outputs)),
                fix="export the run again",
            ) from None

    def outputs(self, waveform: np.ndarray | None, transcript: str, speaker: np.ndarray | None) -> np.ndarray:
        """See `Runtime`. The wave is sent as a 16-bit WAV file, and as no bytes where there is none."""
        inputs: dict[str, list] = {}
        if self.bundle.config.model.hears:
            rate = self.bundle.config.features.sample_rate
            inputs["audio"] = [b"" if waveform is None else _wav(waveform, rate)]
        if self._reads:
            inputs["transcript"] = [transcript]
        if speaker is not None:
            inputs["speaker"] = [speaker.tolist()]
        outputs = self._transport.predict(inputs)
        try:
            (error,) = outputs["error"]
            (label,) = outputs["label"] if self.bundle.labels else (None,)
            given = outputs["probabilities"] if self.bundle.labels else []
            probabilities = np.array(given, np.float32).reshape(len(self.bundle.labels))
            dimensions = np.array(outputs.get("dimensions", []), np.float32).reshape(
                len(self.bundle.config.labels.scales)
            )
        except (KeyError, TypeError, ValueError, OverflowError):
            raise EmotionTFError(
                f"{self._name} gives another answer than an export of this package",
                expected=f"error, label and {len(self.bundle.labels)} probabilities"
                if self.bundle.labels
                else f"error and {len(self.bundle.config.labels.scales)} dimensions",
                received=", ".join(sorted(outputs)),
            ) from None
        if error:
            raise EmotionTFError(f"{self._name} refuses the request: {error}")
        if self.bundle.labels and label not in (self.bundle.labels[probabilities.argmax()], UNDECIDED):
            raise EmotionTFError(
                f"{self._name} names other emotions",
                expected=", ".join(self.bundle.labels),
                received=f"{label} for the likeliest",
            )
        return np.concatenate([probabilities, dimensions])


class _Transport(Protocol):
    """One of the protocols in which the server is asked."""

    def shapes(self) -> dict[str, list[int]]:
        """The inputs of `serving_default` and their shapes, -1 where a size is free."""

    def predict(self, inputs: Mapping[str, Sequence[Any]]) -> dict[str, Any]:
        """The outputs by name for inputs by name, each a list with one row an utterance; strings are `str`."""


class _Rest:
    """REST, through the standard library.

    Reference:
        https://www.tensorflow.org/tfx/serving/api_rest
    """

    def __init__(self, address: str, model: str, timeout: float):
        self._address, self._model, self._timeout = address, model, timeout
        self._url = f"{address.rstrip('/')}/v1/models/{urllib.parse.quote(model, safe='')}"

    def shapes(self) -> dict[str, list[int]]:
        content = self._ask(f"{self._url}/metadata")
        try:
            inputs = content["metadata"]["signature_def"]["signature_def"]["serving_default"]["inputs"]
            return {
                name: [int(size["size"]) for size in tensor["tensor_shape"]["dim"]] for name, tensor in inputs.items()
            }
        except (AttributeError, KeyError, TypeError, ValueError):
            raise _something_else(self._address, "REST") from None

    def predict(self, inputs: Mapping[str, Sequence[Any]]) -> dict[str, Any]:
        body = json.dumps({"inputs": {name: [_as_json(row) for row in rows] for name, rows in inputs.items()}})
        request = urllib.request.Request(
            f"{self._url}:predict", body.encode("utf-8"), {"Content-Type": "application/json"}
        )
        outputs = self._ask(request).get("outputs")
        # One output alone comes without its name.
        return outputs if isinstance(outputs, dict) else {}

    def _ask(self, request: str | urllib.request.Request) -> dict[str, Any]:
        """The JSON object with which the server answers."""
        try:
            with urllib.request.urlopen(request, timeout=self._timeout) as response:
                content = _answer(response)
        except urllib.error.HTTPError as error:
            raise self._refusal(error) from None
        except TimeoutError:
            raise _too_late(self._address, self._timeout) from None
        except urllib.error.URLError as error:
            if isinstance(error.reason, TimeoutError):
                raise _too_late(self._address, self._timeout) from None
            raise _nobody(self._address, "REST", str(error.reason)) from None
        except (http.client.HTTPException, ConnectionError, ValueError):
            # The last one is what the JSON and the text decoders raise.
            raise _something_else(self._address, "REST") from None
        if not isinstance(content, dict):
            raise _something_else(self._address, "REST")
        return content

    def _refusal(self, error: urllib.error.HTTPError) -> EmotionTFError:
        try:
            reason = str(_answer(error)["error"])
        except (KeyError, TypeError, ValueError, OSError, http.client.HTTPException):
            return _something_else(self._address, "REST")
        if error.code == http.HTTPStatus.NOT_FOUND:
            return _no_such_model(self._address, self._model)
        return _refused(self._address, reason)


def _answer(response: Any) -> Any:
    """The JSON in the body of an answer, of which the rest is not read where it is too long.

    Raises:
        json.JSONDecodeError: If it is too long or no JSON.
    """
    return parse_json(response.read(MAX_ANSWER_BYTES))


class _Grpc:
    """gRPC, through TensorFlow Serving's own messages."""

    def __init__(self, address: str, model: str, timeout: float):
        api = load_serving_api()
        if api is None:
            raise EmotionTFError(
                "gRPC needs tensorflow-serving-api, which is not installed",
                fix="pip install 'emotion-tf[serving]', or name the server's REST port as http://HOST:PORT",
            )
        import grpc

        self._api, self._grpc = api, grpc
        self._address, self._model, self._timeout = address, model, timeout
        self._service = api.PredictionServiceStub(grpc.insecure_channel(address.removeprefix("grpc://")))

    def shapes(self) -> dict[str, list[int]]:
        request = self._api.GetModelMetadataRequest(metadata_field=["signature_def"])
        request.model_spec.name = self._model
        response = self._ask(self._service.GetModelMetadata, request)
        signatures = self._api.SignatureDefMap()
        response.metadata["signature_def"].Unpack(signatures)
        inputs = signatures.signature_def["serving_default"].inputs
        return {name: [size.size for size in tensor.tensor_shape.dim] for name, tensor in inputs.items()}

    def predict(self, inputs: Mapping[str, Sequence[Any]]) -> dict[str, Any]:
        import tensorflow as tf

        request = self._api.PredictRequest()
        request.model_spec.name = self._model
        for name, rows in inputs.items():
            request.inputs[name].CopyFrom(tf.make_tensor_proto(rows))
        response = self._ask(self._service.Predict, request)
        arrays = {name: tf.make_ndarray(tensor) for name, tensor in response.outputs.items()}
        # Strings come as bytes.
        return {name: np.char.decode(a.astype(bytes)) if a.dtype == object else a for name, a in arrays.items()}

    def _ask(self, method: Any, request: Any) -> Any:
        try:
            return method(request, timeout=self._timeout)
        except self._grpc.RpcError as error:
            code, codes = error.code(), self._grpc.StatusCode
            if code == codes.DEADLINE_EXCEEDED:
                raise _too_late(self._address, self._timeout) from None
            if code == codes.UNAVAILABLE:
                raise _nobody(self._address, "gRPC", error.details()) from None
            if code == codes.NOT_FOUND:
                raise _no_such_model(self._address, self._model) from None
            if code == codes.UNIMPLEMENTED:
                raise _something_else(self._address, "gRPC") from None
            raise _refused(self._address, error.details()) from None


def _transport(address: str, model: str, timeout: float) -> _Transport:
    """What speaks to this address."""
    try:
        parts = urllib.parse.urlsplit(address if "://" in address else f"grpc://{address}")
        whole = bool(parts.hostname and (parts.port or parts.scheme != "grpc"))
    except ValueError:  # The port is not a number.
        whole = False
    if not whole or parts.scheme not in ("grpc", "http", "https"):
        raise EmotionTFError(
            "this is not the address of a server",
            expected="HOST:PORT or grpc://HOST:PORT for gRPC, http://HOST:PORT for REST",
            received=address,
        )
    return _Grpc(address, model, timeout) if parts.scheme == "grpc" else _Rest(address, model, timeout)


def _wav(waveform: np.ndarray, sample_rate: int) -> bytes:
    """A wave (N,) float32 as a 16-bit WAV file."""
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setparams((1, 2, sample_rate, len(waveform), "NONE", ""))
        writer.writeframes(linear16(waveform))
    return file.getvalue()


def _as_json(value: Any) -> Any:
    """Bytes in the form that the server decodes."""
    return {"b64": base64.b64encode(value).decode("ascii")} if isinstance(value, bytes) else value


def _nobody(address: str, protocol: str, reason: str) -> EmotionTFError:
    return EmotionTFError(
        f"no answer from {address} ({_brief(reason)})",
        expected=f"TensorFlow Serving's {protocol} port",
        fix="start the server, or name its address and port; 8500 is usual for gRPC and http://HOST:8501 for REST",
    )


def _something_else(address: str, protocol: str) -> EmotionTFError:
    return EmotionTFError(
        f"what answers at {address} is not TensorFlow Serving's {protocol} port",
        fix="name the server's address and port; 8500 is usual for gRPC and http://HOST:8501 for REST",
    )


def _no_such_model(address: str, model: str) -> EmotionTFError:
    return EmotionTFError(
        f"{address} serves no model of the name {model}", fix="give the name that the server was started with"
    )


def _too_late(address: str, timeout: float) -> EmotionTFError:
    return EmotionTFError(
        f"no answer from {address} within {timeout:g} seconds", fix="try again, or look at the server"
    )


def _refused(address: str, reason: str) -> EmotionTFError:
    return EmotionTFError(f"the server at {address} cannot answer ({_brief(reason)})")


def _brief(reason: str) -> str:
    """The first line; the others are a trace of the graph."""
    return reason.strip().partition("\n")[0].rstrip(".")
