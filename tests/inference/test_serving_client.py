"""Asking a server over both protocols: the answers of the network, and plain words where there is none."""

import http.server
import json
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager

import numpy as np
import pytest
import soundfile
from made_waves import RATE, noise

from emotion_tf.errors import EmotionTFError
from emotion_tf.inference import connect, predict_files, serving_client
from emotion_tf.labels import FOUR

pytest.importorskip("tensorflow_serving.apis", reason="SKIPPED FOR WANT OF tensorflow-serving-api")

pytest_plugins = ["exported_runs"]

PROTOCOLS = ["grpc", "rest"]


@pytest.fixture(scope="module")
def any_served(any_export):
    from serving_stand_in import Served, serving

    served = Served(any_export.folder / "saved_model" / "1")
    with serving(served) as ports:
        yield any_export, served, ports


@pytest.fixture(scope="module")
def both_served(both_export):
    from serving_stand_in import Served, serving

    with serving(Served(both_export.folder / "saved_model" / "1")) as ports:
        yield both_export, ports


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_server_answers_as_the_network(any_served, protocol):
    run, served, ports = any_served
    model = run.config.model
    predictor = connect(ports.address(protocol))
    assert (predictor.config.model.hears, predictor.config.model.reads) == (model.hears, model.reads)
    # Positions in the vocabulary of `exported_runs`.
    for waveform, transcript, ids in [(noise(2 * RATE), "I am so HAPPY!", [2, 3, 4, 5, 1]), (noise(300), "", [0])]:
        arguments = (waveform if model.hears else None), (transcript if model.reads else None), run.voice
        prediction = predictor.predict(*arguments, any_sound=True)
        expected = run.expected(waveform, ids)
        assert prediction.label == FOUR[expected.argmax()]
        if model.hears:  # The server says how much its model hears.
            assert predictor.config.features.max_seconds == run.config.features.max_seconds
            assert prediction.seconds == prediction.heard_seconds == len(waveform) / RATE
        np.testing.assert_allclose(list(prediction.probabilities.values()), expected, atol=1e-5)
        request = served.requests[-1]
        assert set(request.inputs) == set(served.signatures["serving_default"].inputs)
        if model.hears:
            (content,) = request.inputs["audio"].string_val
            assert content[:4] == b"RIFF" and len(content) == 44 + 2 * len(waveform)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_files_are_predicted_as_without_a_server(both_served, tmp_path, protocol):
    run, ports = both_served
    for seed, name in enumerate(["a.wav", "b.wav"]):
        soundfile.write(tmp_path / name, noise(RATE, seed), RATE)
    files = [tmp_path / "a.wav", tmp_path / "b.wav"]
    answers = list(predict_files(files, "emotion", ["so sad", ""], server=ports.address(protocol)))
    assert [answer.file for answer in answers] == [str(file) for file in files]
    for answer, seed, ids in zip(answers, (0, 1), ([4, 6], [0]), strict=True):
        expected = run.expected(noise(RATE, seed), ids)
        np.testing.assert_allclose(list(answer.probabilities.values()), expected, atol=1e-5)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_words_alone(stand_ins_export, both_served, protocol):
    from serving_stand_in import Served, serving

    with serving(Served(stand_ins_export.folder / "saved_model" / "1")) as ports:
        (answer,) = predict_files([], "emotion", ["so sad"], server=ports.address(protocol))
        expected = stand_ins_export.expected(None, [4, 6])
        np.testing.assert_allclose(list(answer.probabilities.values()), expected, atol=1e-5)
    with pytest.raises(EmotionTFError, match="refuses the request: audio is empty; expected the bytes of a 16-bit"):
        connect(both_served[1].address(protocol)).predict(transcript="so sad")


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_real_speech(both_served, ravdess_clips, protocol):
    run, ports = both_served
    predictor = connect(ports.address(protocol))
    for clip in ravdess_clips[::300]:
        waveform, _ = soundfile.read(clip, dtype="float32")
        received = predictor.predict_file(clip, "leave me").probabilities
        np.testing.assert_allclose(list(received.values()), run.expected(waveform, [9, 10]), atol=1e-4)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_unknown_model(both_served, protocol):
    with pytest.raises(
        EmotionTFError, match=r"serves no model of the name mood. To fix: give the name that the server"
    ):
        connect(both_served[1].address(protocol), "mood")


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_model_that_answers_with_an_error(both_served, protocol, monkeypatch):
    # As if the served model heard another rate than this package's default.
    predictor = connect(both_served[1].address(protocol))
    monkeypatch.setattr(serving_client, "_wav", lambda waveform, rate: b"fLaC and so on")
    with pytest.raises(
        EmotionTFError, match=r"the model emotion at .* refuses the request: audio is not a WAV file; exp"
    ):
        predictor.predict(noise(RATE), "so sad")


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_request_that_the_server_refuses(both_served, protocol, monkeypatch):
    predictor = connect(both_served[1].address(protocol))
    monkeypatch.setattr(predictor.runtime, "_reads", False)
    with pytest.raises(EmotionTFError, match=r"the server at .* cannot answer \(.*transcript"):
        predictor.predict(noise(RATE))


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_speaker_embedding_has_to_be_given(any_served, protocol):
    run, _, ports = any_served
    predictor = connect(ports.address(protocol))
    waveform = noise(RATE) if run.config.model.hears else None
    wrong = np.ones(7, np.float32)
    expected = "5 finite numbers" if run.voice is not None else "none"
    with pytest.raises(EmotionTFError, match=f"the speaker embedding does not fit the model; expected {expected}"):
        predictor.predict(waveform, speaker=wrong)


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_port_without_a_server(protocol):
    address = f"{'http://' * (protocol == 'rest')}127.0.0.1:{free_port()}"
    with pytest.raises(EmotionTFError, match=r"no answer from .*refused.*; expected TensorFlow Serving's \w+ port"):
        connect(address)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_port_that_never_answers(protocol):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"{'http://' * (protocol == 'rest')}127.0.0.1:{listener.getsockname()[1]}"
        with pytest.raises(EmotionTFError, match=r"no answer from .* within 0.3 seconds"):
            connect(address, timeout=0.3)


@contextmanager
def web_server(content, status=200):
    """A server that answers every request with the same content."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(status)
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_GET  # noqa: N815

        def log_message(self, *_):
            """Says nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listener:
        threading.Thread(target=listener.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{listener.server_port}"
        listener.shutdown()


@pytest.mark.parametrize("status", [200, 404])
@pytest.mark.parametrize(
    "content",
    [
        *(b"<html>Hello</html>", b"", b"[1, 2]", b'{"status": "fine"}', b"\xff\xfe\xfd"),
        *(b"[" * 20_000, b'{"error": ' + b"9" * 5000 + b"}", b'{"error": "' + b"x" * 2**22 + b'"}'),
    ],
    ids=["page", "nothing", "list", "status", "bytes", "brackets", "long number", "long text"],
)
def test_web_server_that_is_another(content, status):
    with (
        web_server(content, status) as address,
        pytest.raises(EmotionTFError, match=r"what answers at http://.* is not TensorFlow Serving's REST port"),
    ):
        connect(address)


def test_protocols_that_are_mistaken_for_each_other(both_served):
    _, ports = both_served
    with pytest.raises(EmotionTFError, match=r"no answer from .*HTTP/2.*; expected TensorFlow Serving's gRPC port"):
        connect(f"127.0.0.1:{ports.rest}")
    with pytest.raises(EmotionTFError, match=r"what answers at .* is not TensorFlow Serving's REST port"):
        connect(f"http://127.0.0.1:{ports.grpc}")


def test_grpc_server_that_is_another():
    from concurrent.futures import ThreadPoolExecutor

    import grpc

    service = grpc.server(ThreadPoolExecutor(max_workers=1))
    port = service.add_insecure_port("127.0.0.1:0")
    service.start()
    with pytest.raises(EmotionTFError, match=r"what answers at .* is not TensorFlow Serving's gRPC port"):
        connect(f"grpc://127.0.0.1:{port}")
    service.stop(None)


def metadata(**inputs):
    """What the REST port tells of a model with inputs of these shapes."""
    infos = {name: {"tensor_shape": {"dim": [{"size": str(size)} for size in shape]}} for name, shape in inputs.items()}
    return json.dumps({"metadata": {"signature_def": {"signature_def": {"serving_default": {"inputs": infos}}}}})


def test_model_that_is_another():
    with (
        web_server(metadata(image=[-1, 224, 224, 3]).encode()) as address,
        pytest.raises(
            EmotionTFError, match=r"is not an export of this package; expected inputs among .* received image"
        ),
    ):
        connect(address)


CLASSES = [["angry", "happy", "neutral", "sad"]]


@pytest.mark.parametrize(
    ("outputs", "words"),
    [
        (
            {"probabilities": [[0.5, 0.5]], "label": ["sad"], "error": [""], "classes": CLASSES},
            "gives another answer than an export of this",
        ),
        (
            {"probabilities": [[0.1, 0.1, 0.1, 0.7]], "classes": CLASSES},
            "expected error, label and 4 probabilities, received classes, probabilities",
        ),
        (
            {"probabilities": [[0.7, 0.1, 0.1, 0.1]], "label": ["calm"], "error": [""], "classes": CLASSES},
            "names other emotions; expected",
        ),
        ({"probabilities": [[0.7, 0.1, 0.1, 0.1]], "label": ["sad"]}, "does not name its classes; .* export the run"),
    ],
)
def test_answer_that_is_another(outputs, words):
    content = json.loads(metadata(transcript=[-1])) | {"outputs": outputs}
    with web_server(json.dumps(content).encode()) as address, pytest.raises(EmotionTFError, match=words):
        connect(address).predict(transcript="so sad")


@pytest.mark.parametrize(
    "address", ["", "localhost", "localhost:", "ftp://localhost:1", "localhost:port", "http://", ":80"]
)
def test_address_that_is_none(address):
    with pytest.raises(
        EmotionTFError, match="this is not the address of a server; expected HOST:PORT or grpc://HOST:PORT"
    ):
        connect(address)


def test_grpc_without_its_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow_serving.apis.predict_pb2", None)
    with pytest.raises(
        EmotionTFError, match=r"needs tensorflow-serving-api.*pip install 'emotion-tf\[serving\]', or name"
    ):
        connect("localhost:8500")


def test_rest_needs_no_further_package(both_served, tmp_path):
    soundfile.write(tmp_path / "a.wav", noise(RATE), RATE)
    code = (
        "import sys\n"
        "sys.modules['tensorflow_serving'] = sys.modules['grpc'] = None\n"
        "from emotion_tf.inference import connect\n"
        "print(connect(sys.argv[1]).predict_file(sys.argv[2], 'so sad', any_sound=True).label)\n"
    )
    run, ports = both_served
    command = [sys.executable, "-c", code, ports.address("rest"), tmp_path / "a.wav"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [FOUR[run.expected(noise(RATE), [4, 6]).argmax()]]
