"""Google's client against a server on loopback that speaks Google's protocol."""

import socket
from concurrent.futures import ThreadPoolExecutor

import grpc
import numpy as np
import pytest
from google.cloud import speech_v1
from google.cloud.speech_v1.services.speech.transports import SpeechGrpcTransport
from made_waves import noise

from emotion_tf.asr import Recognizer, RecognizerUnavailableError, google, load, version
from emotion_tf.errors import EmotionTFError

WAVE = noise(1600)


class Server:
    """Answers each request by the next of its `answers`: texts of the results, or a status; keeps the requests."""

    def __init__(self, answers):
        self.answers = list(answers)
        self.requests = []

    def recognize(self, request, context):
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, grpc.StatusCode):
            context.abort(answer, "the server\nsays no")
        results = [
            speech_v1.SpeechRecognitionResult(
                alternatives=[{"transcript": text, "confidence": 0.9}, {"transcript": "never", "confidence": 0.1}]
            )
            for text in answer
        ]
        return speech_v1.RecognizeResponse(results=results)


@pytest.fixture
def serve():
    """Starts a `Server` with some answers, and gives it with a recogniser that talks to it."""
    servers, channels = [], []

    def start(*answers, model=None):
        service = Server(answers)
        server = grpc.server(ThreadPoolExecutor(1))
        handler = grpc.unary_unary_rpc_method_handler(
            service.recognize,
            request_deserializer=speech_v1.RecognizeRequest.deserialize,
            response_serializer=speech_v1.RecognizeResponse.serialize,
        )
        server.add_generic_rpc_handlers(
            [grpc.method_handlers_generic_handler("google.cloud.speech.v1.Speech", {"Recognize": handler})]
        )
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        servers.append(server)
        channels.append(grpc.insecure_channel(f"127.0.0.1:{port}"))
        return service, recognizer(channels[-1], model)

    yield start
    for channel in channels:
        channel.close()
    for server in servers:
        server.stop(None).wait()


def recognizer(channel, model=None):
    client = speech_v1.SpeechClient(transport=SpeechGrpcTransport(channel=channel))
    return Recognizer("google", version("google", model), google.load(model, client))


def test_sends_the_wave_and_joins_the_results(serve):
    service, google_recognizer = serve(["Get out", " now"])
    assert google_recognizer.transcribe(WAVE) == "Get out now"
    (request,) = service.requests
    assert request.config.encoding == speech_v1.RecognitionConfig.AudioEncoding.LINEAR16
    assert request.config.sample_rate_hertz == 16_000
    assert (request.config.language_code, request.config.model) == ("en-US", "latest_long")
    np.testing.assert_array_equal(np.frombuffer(request.audio.content, "<i2"), WAVE * 2**15)


def test_model_is_sent_and_is_part_of_the_version(serve):
    service, google_recognizer = serve(["yes"], model="phone_call")
    google_recognizer.transcribe(WAVE)
    assert service.requests[0].config.model == "phone_call"
    assert "phone_call" in google_recognizer.version != version("google")


def test_nothing_understood(serve):
    service, google_recognizer = serve([])
    assert google_recognizer.transcribe(WAVE) == ""
    assert len(service.requests) == 1


def test_refused_wave_is_an_error_of_its_own(serve):
    _, google_recognizer = serve(grpc.StatusCode.INVALID_ARGUMENT, ["hello"])
    with pytest.raises(
        EmotionTFError, match=r"refuses \(400 the server says no\); expected at most a minute"
    ) as caught:
        google_recognizer.transcribe(WAVE)
    assert not isinstance(caught.value, RecognizerUnavailableError)
    assert google_recognizer.transcribe(WAVE) == "hello"


@pytest.mark.parametrize("status", ["UNAUTHENTICATED", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "DEADLINE_EXCEEDED"])
def test_what_no_other_wave_would_mend(serve, status):
    _, google_recognizer = serve(grpc.StatusCode[status])
    with pytest.raises(RecognizerUnavailableError, match=r"out of reach \(\d+ the server says no\)\. To fix: look at"):
        google_recognizer.transcribe(WAVE)


def test_server_that_is_away_for_a_moment(serve, monkeypatch):
    monkeypatch.setattr("google.api_core.retry.retry_unary.time.sleep", lambda seconds: None)
    service, google_recognizer = serve(grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.UNAVAILABLE, ["hello"])
    assert google_recognizer.transcribe(WAVE) == "hello"
    assert len(service.requests) == 3


def test_no_network(monkeypatch):
    monkeypatch.setattr(google, "RETRY_SECONDS", 0.05)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # Bound but not listening: every connection is refused.
        with (
            grpc.insecure_channel(f"127.0.0.1:{taken.getsockname()[1]}") as channel,
            pytest.raises(RecognizerUnavailableError, match="out of reach .*To fix: look at network") as caught,
        ):
            recognizer(channel).transcribe(WAVE)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("key_file", [None, "missing.json"])
def test_no_credentials(monkeypatch, tmp_path, key_file):
    monkeypatch.setenv("NO_GCE_CHECK", "true")  # Do not ask whether this is one of Google's machines.
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    if key_file:
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / key_file))
    with pytest.raises(RecognizerUnavailableError, match="no credentials .*To fix: point GOOGLE_APPLICATION_CREDENTIA"):
        load("google")
