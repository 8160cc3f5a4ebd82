"""The routes, as an ASGI application of Starlette."""

import asyncio
import json
import logging
import time
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any, TypeAlias

from emotion_tf.server import rest
from emotion_tf.server.refusal import RefusedError, bad_request
from emotion_tf.server.service import Service
from emotion_tf.server.signatures import metadata, status
from emotion_tf.server.utterance import Answer, Utterance

# Starlette's, which is not installed everywhere.
Request: TypeAlias = Any
Response: TypeAlias = Any

UPLOAD = "multipart/form-data"

FIELDS = ("audio", "text")
"""What an upload may bring."""

RETRY_SECONDS = 1
"""After which time a client that found the queue full may try again."""

logger = logging.getLogger(__name__)

Asked = tuple[list[Utterance], Callable[[list[Answer]], Any]]
"""The utterances of a request, and what makes the body of the answer of theirs."""


def make_app(service: Service) -> Any:
    """The application.

    Args:
        service: The served model.
    """
    from starlette.applications import Starlette
    from starlette.exceptions import HTTPException
    from starlette.responses import Response as Page
    from starlette.routing import Route

    async def tell_health(request: Request) -> Response:
        return _json({"status": "ok"}) if service.healthy else _error(HTTPStatus.INTERNAL_SERVER_ERROR, "broken")

    async def tell_readiness(request: Request) -> Response:
        if service.stopping or not service.healthy:
            return _error(HTTPStatus.SERVICE_UNAVAILABLE, "the server is stopping")
        return _json({"status": "ready"})

    async def tell_metrics(request: Request) -> Response:
        return Page(service.metrics.page(), headers={"Content-Type": service.metrics.content_type})

    async def tell_status(request: Request) -> Response:
        return _named(service, request) or _json(status())

    async def tell_metadata(request: Request) -> Response:
        told = metadata(service.name, service.signatures, service.predictor.labels, service.predictor.dimensions)
        return _named(service, request) or _json(told)

    async def predict(request: Request) -> Response:
        began = time.perf_counter()
        response = _named(service, request) or await _predict(service, request)
        service.metrics.request(response.status_code, time.perf_counter() - began)
        return response

    async def refuse(request: Request, error: Exception) -> Response:
        """What no route takes, in the words of TensorFlow Serving."""
        code = error.status_code if isinstance(error, HTTPException) else HTTPStatus.INTERNAL_SERVER_ERROR
        return _error(HTTPStatus(code), f"Malformed request: {request.method} {request.url.path}")

    model = "/v1/models/{name}"
    routes = [
        Route("/healthz", tell_health),
        Route("/readyz", tell_readiness),
        Route("/metrics", tell_metrics),
        # There is one version, so that its number says nothing more.
        *(Route(f"{model}{version}:predict", predict, methods=["POST"]) for version in ("", "/versions/1")),
        *(Route(f"{model}{version}/metadata", tell_metadata) for version in ("", "/versions/1")),
        *(Route(f"{model}{version}", tell_status) for version in ("", "/versions/1")),
    ]
    return Starlette(routes=routes, exception_handlers={HTTPException: refuse})


async def _predict(service: Service, request: Request) -> Response:
    """The answer to a request within its time, or why there is none."""
    limits = service.limits
    try:
        if service.stopping:
            raise RefusedError(HTTPStatus.SERVICE_UNAVAILABLE, "the server is stopping")
        with service.admitted():
            return _json(await asyncio.wait_for(_answer(service, request), limits.timeout_seconds))
    except RefusedError as error:
        return _error(error.status, error.message)
    except asyncio.TimeoutError:
        return _error(HTTPStatus.GATEWAY_TIMEOUT, f"no answer within {limits.timeout_seconds:g} seconds")
    except Exception:  # A mistake of ours is told to those who run the server, not to those who ask it.
        logger.exception("a request failed")
        return _error(HTTPStatus.INTERNAL_SERVER_ERROR, "the server made a mistake; its log says which")


async def _answer(service: Service, request: Request) -> Any:
    """The body of the answer to a request."""
    read = _upload if request.headers.get("content-type", "").startswith(UPLOAD) else _rest
    utterances, write = await read(service, request)
    with service.admitted(len(utterances) - 1, taken=1):
        return write(await _while_connected(request, service.answer(utterances)))


async def _while_connected(request: Request, work: Awaitable[list[Answer]]) -> list[Answer]:
    """The result of some work, which ends where the client goes away, since nobody waits for it any more."""
    working = asyncio.ensure_future(work)
    leaving = asyncio.ensure_future(request.receive())  # The body was read, so that this is the end of the connection.
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise RefusedError(HTTPStatus.BAD_REQUEST, "the client went away")
        return working.result()
    finally:
        working.cancel()
        leaving.cancel()


async def _rest(service: Service, request: Request) -> Asked:
    """A request in TensorFlow Serving's JSON."""
    body = await _body(service, request)
    # In a thread, since some megabytes of it would keep all other clients waiting.
    utterances, form = await asyncio.to_thread(rest.parse, body, service.signatures)
    predictor = service.predictor
    max_seconds = predictor.config.features.max_seconds if predictor.config.model.hears else None
    return utterances, lambda answers: rest.answer(answers, predictor.labels, form, predictor.dimensions, max_seconds)


async def _upload(service: Service, request: Request) -> Asked:
    """A form with the file `audio` and the field `text`."""
    from starlette.datastructures import UploadFile
    from starlette.exceptions import HTTPException
    from starlette.requests import Request as Received

    body = await _body(service, request)

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    try:
        form = await Received(request.scope, receive).form(max_files=1, max_fields=1, max_part_size=len(body) + 1)
    except HTTPException as error:
        raise bad_request(f"the form cannot be read ({error.detail})") from None
    try:
        fields = {name: await part.read() if isinstance(part, UploadFile) else part for name, part in form.items()}
    finally:
        await form.close()
    model = service.predictor.config.model
    taken = [name for name, takes in zip(FIELDS, (model.hears, model.reads), strict=True) if takes]
    if not fields.keys() <= set(taken) or not fields:
        raise bad_request(f"the form has the fields {', '.join(fields) or 'none'}; expected {' and '.join(taken)}")
    audio, text = fields.get("audio", b""), fields.get("text", "")
    if isinstance(audio, str) or isinstance(text, bytes):
        raise bad_request("audio has to be a file and text a field, as in curl -F audio=@clip.wav -F text=...")
    if model.hears and "audio" in fields and not audio:
        raise bad_request("the recording is empty")
    return [Utterance(audio=audio, transcript=text)], _uploaded


def _uploaded(answers: list[Answer]) -> dict[str, Any]:
    """The answer to an upload."""
    (answer,) = answers
    if answer.prediction is None:
        raise bad_request(answer.error)
    return answer.prediction.as_dict()


async def _body(service: Service, request: Request) -> bytes:
    """The body of a request.

    Raises:
        RefusedError: If it is too long; no more of it is read than may be.
    """
    from starlette.requests import ClientDisconnect

    most = service.limits.body_bytes
    too_large = RefusedError(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"the body is too long; expected {most} bytes at most"
    )
    claimed = request.headers.get("content-length", "0")
    if not claimed.isdecimal() or int(claimed) > most:
        raise too_large
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > most:
                raise too_large
    except ClientDisconnect:
        raise bad_request("the client went away") from None
    return bytes(body)


def _named(service: Service, request: Request) -> Response | None:
    """An error where a request is about another model."""
    name = request.path_params["name"]
    if name == service.name:
        return None
    return _error(
        HTTPStatus.NOT_FOUND,
        f"Servable not found for request: Latest({name}); the one that is served is {service.name}",
    )


def _json(content: Any, code: int = HTTPStatus.OK, **headers: str) -> Response:
    from starlette.responses import Response as Sent

    body = json.dumps(content, ensure_ascii=False, allow_nan=False).encode("utf-8", "replace")
    return Sent(body, code, {"Content-Type": "application/json", **headers})


def _error(code: HTTPStatus, message: str) -> Response:
    """An error as TensorFlow Serving words it."""
    headers = {"Retry-After": str(RETRY_SECONDS)} if code == HTTPStatus.TOO_MANY_REQUESTS else {}
    return _json({"error": message}, code, **headers)
