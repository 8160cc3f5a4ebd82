"""A stand-in for TensorFlow Serving: its messages, its gRPC service and its REST form, around a real SavedModel.

What comes in as JSON becomes a `PredictRequest` by the rules of the server, and only such requests are answered.
"""

import base64
import http.server
import json
import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import grpc
import numpy as np
import tensorflow as tf
from google.protobuf.json_format import MessageToDict
from tensorflow.core.framework import tensor_pb2
from tensorflow.core.protobuf import saved_model_pb2
from tensorflow_serving.apis import get_model_metadata_pb2, predict_pb2, prediction_service_pb2_grpc


class RefusedError(Exception):
    """What the server answers in place of a result."""

    def __init__(self, status: grpc.StatusCode, message: str):
        super().__init__(message)
        self.status, self.message = status, message


HTTP_STATUS = {grpc.StatusCode.NOT_FOUND: 404, grpc.StatusCode.INVALID_ARGUMENT: 400}


def invalid(message: str) -> RefusedError:
    return RefusedError(grpc.StatusCode.INVALID_ARGUMENT, message)


class Served:
    """A SavedModel under a name."""

    def __init__(self, folder: Path, name: str = "emotion"):
        self.name = name
        file = saved_model_pb2.SavedModel.FromString((folder / "saved_model.pb").read_bytes())
        self.signatures = dict(file.meta_graphs[0].signature_def)
        self._loaded = tf.saved_model.load(str(folder))
        self.requests: list[predict_pb2.PredictRequest] = []

    def predict(self, request: predict_pb2.PredictRequest) -> predict_pb2.PredictResponse:
        self._check_name(request.model_spec.name)
        self.requests.append(request)
        signature = self._signature(request)
        if set(signature.inputs) != set(request.inputs):
            raise invalid(f"input size does not match signature: {sorted(request.inputs)}, {sorted(signature.inputs)}")
        inputs = {}
        for name, tensor in request.inputs.items():
            if tensor.dtype != signature.inputs[name].dtype:
                raise invalid(f"input {name} has another type")
            inputs[name] = tf.constant(tf.make_ndarray(tensor), tensor.dtype)
        try:
            outputs = self._loaded.signatures[request.model_spec.signature_name or "serving_default"](**inputs)
        except tf.errors.InvalidArgumentError as error:
            raise invalid(error.message) from None
        response = predict_pb2.PredictResponse(model_spec=request.model_spec)
        for name, value in outputs.items():
            response.outputs[name].CopyFrom(tf.make_tensor_proto(value.numpy()))
        return response

    def metadata(self, request: get_model_metadata_pb2.GetModelMetadataRequest):
        self._check_name(request.model_spec.name)
        if list(request.metadata_field) != ["signature_def"]:
            raise invalid("GetModelMetadataRequest must specify at least one metadata_field")
        signatures = get_model_metadata_pb2.SignatureDefMap(signature_def=self.signatures)
        response = get_model_metadata_pb2.GetModelMetadataResponse(model_spec=request.model_spec)
        response.metadata["signature_def"].Pack(signatures)
        return response

    def _check_name(self, name: str) -> None:
        if name != self.name:
            raise RefusedError(grpc.StatusCode.NOT_FOUND, f"Servable not found for request: Latest({name})")

    def _signature(self, request: predict_pb2.PredictRequest):
        name = request.model_spec.signature_name or "serving_default"
        if name not in self.signatures:
            raise invalid(f'Serving signature key "{name}" not found.')
        return self.signatures[name]

    def from_json(self, content: str) -> tuple[predict_pb2.PredictRequest, bool]:
        """The message that a REST request means, and whether it is in row form."""
        body = json.loads(content)
        request = predict_pb2.PredictRequest()
        request.model_spec.name, request.model_spec.signature_name = self.name, body.get("signature_name", "")
        dtypes = {name: info.dtype for name, info in self._signature(request).inputs.items()}
        if ("instances" in body) == ("inputs" in body):
            raise invalid("Missing 'inputs' or 'instances' key")
        by_row = "instances" in body
        columns = (
            columns_of_rows(body["instances"], set(dtypes)) if by_row else columns_of_inputs(body["inputs"], dtypes)
        )
        for name, column in columns.items():
            request.inputs[name].CopyFrom(tensor_of_json(column, dtypes[name]))
        return request, by_row

    def to_json(self, response: predict_pb2.PredictResponse, by_row: bool) -> str:
        """The REST form of an answer. Strings go out as they are, since no output's name ends in `_bytes`."""
        columns = {
            name: np.char.decode(tf.make_ndarray(tensor).astype(bytes), "utf-8").tolist()
            if tensor.string_val
            else tf.make_ndarray(tensor).tolist()
            for name, tensor in response.outputs.items()
        }
        if not by_row:
            return json.dumps({"outputs": columns})
        rows = zip(*columns.values(), strict=True)
        return json.dumps({"predictions": [dict(zip(columns, row, strict=True)) for row in rows]})


def columns_of_rows(rows: list, names: set[str]) -> dict[str, list]:
    """`instances`: an object a row with every input, or its value alone where there is one input."""
    if all(isinstance(row, dict) and not is_base64(row) for row in rows):
        for row in rows:
            if row.keys() != names:
                raise invalid(f"keys must be equal to: {','.join(sorted(names))}")
        return {name: [row[name] for row in rows] for name in names}
    if len(names) > 1:
        raise invalid("instances is a plain list, but expecting list of objects")
    return {next(iter(names)): rows}


def columns_of_inputs(columns, dtypes: dict[str, int]) -> dict[str, list]:
    """`inputs`: an object of every input, or its value alone where there is one input."""
    if not isinstance(columns, dict) or is_base64(columns):
        if len(dtypes) > 1:
            raise invalid("inputs is a plain value/list, but expecting an object")
        return {next(iter(dtypes)): columns}
    for name in dtypes:
        if name not in columns:
            raise invalid(f"Missing named input: {name} in 'inputs' object.")
    return {name: columns[name] for name in dtypes}


def is_base64(value) -> bool:
    return isinstance(value, dict) and value.keys() == {"b64"} and isinstance(value["b64"], str)


def tensor_of_json(value, dtype: int) -> tensor_pb2.TensorProto:
    """A tensor of nested lists whose leaves fit its type."""
    tensor = tensor_pb2.TensorProto(dtype=dtype)
    sizes, first = [], value
    while isinstance(first, list):
        sizes.append(len(first))
        first = first[0] if first else None
    for size in sizes:
        tensor.tensor_shape.dim.add(size=size)

    def fill(item, level: int) -> None:
        if isinstance(item, list):
            if level == len(sizes) or len(item) != sizes[level]:
                raise invalid("Encountered list at unexpected size")
            for inner in item:
                fill(inner, level + 1)
        elif level != len(sizes):
            raise invalid("found at incorrect level")
        elif dtype == tf.string.as_datatype_enum and is_base64(item):
            tensor.string_val.append(base64.b64decode(item["b64"], validate=True))
        elif dtype == tf.string.as_datatype_enum and isinstance(item, str):
            tensor.string_val.append(item.encode("utf-8"))
        elif dtype == tf.float32.as_datatype_enum and type(item) in (int, float):
            tensor.float_val.append(item)
        elif dtype == tf.int32.as_datatype_enum and type(item) is int:
            tensor.int_val.append(item)
        else:
            raise invalid(f"JSON Value: {item} is not of expected type")

    fill(value, 0)
    return tensor


class Servicer(prediction_service_pb2_grpc.PredictionServiceServicer):
    """The gRPC service."""

    def __init__(self, served: Served):
        self._served = served

    def Predict(self, request, context):  # noqa: N802
        return self._answer(self._served.predict, request, context)

    def GetModelMetadata(self, request, context):  # noqa: N802
        return self._answer(self._served.metadata, request, context)

    @staticmethod
    def _answer(method, request, context):
        try:
            return method(request)
        except RefusedError as error:
            context.abort(error.status, error.message)


def rest_handler(served: Served) -> type[http.server.BaseHTTPRequestHandler]:
    """The REST form."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self._answer(r"/v1/models/([^/:]+)/metadata", self._metadata)

        def do_POST(self):
            self._answer(r"/v1/models/([^/:]+):predict", self._predict)

        def _metadata(self, name: str) -> str:
            request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
            request.model_spec.name = name
            signatures = get_model_metadata_pb2.SignatureDefMap()
            served.metadata(request).metadata["signature_def"].Unpack(signatures)
            content = MessageToDict(signatures, preserving_proto_field_name=True)
            return json.dumps({"model_spec": {"name": name}, "metadata": {"signature_def": content}})

        def _predict(self, name: str) -> str:
            request, by_row = served.from_json(self.rfile.read(int(self.headers["Content-Length"])).decode("utf-8"))
            request.model_spec.name = name
            return served.to_json(served.predict(request), by_row)

        def _answer(self, pattern: str, method) -> None:
            found = re.fullmatch(pattern, self.path)
            try:
                if found is None:
                    raise invalid(f"Malformed request: {self.path}")
                status, content = 200, method(found[1])
            except RefusedError as error:
                status, content = HTTP_STATUS[error.status], json.dumps({"error": error.message})
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(content.encode("utf-8"))

        def log_message(self, *_):
            """Says nothing."""

    return Handler


class Ports(NamedTuple):
    """Where a stand-in listens on the loopback interface."""

    grpc: int
    rest: int

    def address(self, protocol: str) -> str:
        """The address as a user names it."""
        return f"127.0.0.1:{self.grpc}" if protocol == "grpc" else f"http://127.0.0.1:{self.rest}"


@contextmanager
def serving(served: Served) -> Iterator[Ports]:
    """Serves a model on both ports."""
    service = grpc.server(ThreadPoolExecutor(max_workers=2))
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(Servicer(served), service)
    ports = Ports(service.add_insecure_port("127.0.0.1:0"), 0)
    service.start()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), rest_handler(served)) as rest:
        threading.Thread(target=rest.serve_forever, daemon=True).start()
        try:
            yield ports._replace(rest=rest.server_port)
        finally:
            rest.shutdown()
            service.stop(None).wait()
