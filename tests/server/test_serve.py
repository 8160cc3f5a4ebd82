"""A server in a process of its own, asked over the loopback as strangers would: right, wrong, too much, too late."""

import base64
import http.client
import json
import signal
import socket
import sys
import threading
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import soundfile
from audio_files import encode
from made_waves import RATE, noise

import emotion_tf
from emotion_tf.cli import main
from emotion_tf.inference import connect

pytest_plugins = ["exported_runs"]

BOUNDARY = "3f1c"


@pytest.fixture(scope="module")
def server(start_server, both_export):
    """An export behind TensorFlow."""
    with start_server(both_export.folder) as started:
        yield started


@pytest.fixture(scope="module")
def small_server(start_server, both_export):
    """A `.tflite` file, and bounds that are soon reached."""
    flags = ("--name", "small", "--queue", "2", "--timeout", "2", "--max-mib", "0.25")
    with start_server(both_export.folder / "tflite" / "float32.tflite", *flags) as started:
        yield started


def ask(url, body=None, content_type="application/json", method=None):
    """Status, content and headers of an answer."""
    request = urllib.request.Request(
        url, body, {"Content-Type": content_type} if body is not None else {}, method=method
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            return response.status, response.read(), response.headers
    except urllib.error.HTTPError as error:
        return error.code, error.read(), error.headers


def ask_json(*arguments, **options):
    status, content, headers = ask(*arguments, **options)
    assert headers["Content-Type"] == "application/json"
    return status, json.loads(content)


def form(audio=None, text=None, /, **others):
    """A form as curl sends it, and its type."""
    parts = [("text", "", text.encode())] if text is not None else []
    parts += [("audio", '; filename="clip.wav"', audio)] if audio is not None else []
    parts += [(name, "", value) for name, value in others.items()]
    body = b"".join(
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n'.encode() + value + b"\r\n"
        for name, more, value in parts
    )
    return body + f"--{BOUNDARY}--\r\n".encode(), f"multipart/form-data; boundary={BOUNDARY}"


def b64(content):
    return {"b64": base64.b64encode(content).decode()}


@pytest.mark.parametrize("which", ["server", "small_server"])
def test_numbers_are_those_of_the_predictor(request, both_export, which):
    server = request.getfixturevalue(which)
    artefact = "saved_model" if which == "server" else "tflite/float32.tflite"
    predictor = emotion_tf.load(both_export.folder / artefact)
    clip = encode(noise(2 * RATE))
    expected = predictor.predict(noise(2 * RATE), "I am so sad")
    np.testing.assert_allclose(
        list(expected.probabilities.values()), both_export.expected(noise(2 * RATE), [2, 3, 4, 6]), atol=1e-5
    )
    status, uploaded = ask_json(f"{server.url}:predict", *form(clip, "I am so sad"))
    assert status == 200 and uploaded["label"] == expected.label
    status, rows = ask_json(
        f"{server.url}:predict",
        json.dumps({"instances": [{"audio": b64(clip), "transcript": "I am so sad"}]}).encode(),
    )
    assert status == 200 and rows["predictions"][0]["label"] == expected.label
    status, columns = ask_json(
        f"{server.url}/versions/1:predict",
        json.dumps({"inputs": {"audio": [b64(clip)], "transcript": ["I am so sad"]}}).encode(),
    )
    assert status == 200 and columns["outputs"]["error"] == [""]
    for found in (
        list(uploaded["probabilities"].values()),
        rows["predictions"][0]["probabilities"],
        columns["outputs"]["probabilities"][0],
    ):
        np.testing.assert_allclose(found, list(expected.probabilities.values()), atol=1e-6)


def test_other_rates_and_formats_are_heard(server, both_export):
    # TensorFlow Serving takes 16-bit WAV files of one rate only.
    wave = np.sin(np.arange(88_200) / 20)[:, np.newaxis] * [0.5, 0.4]
    content = encode(wave, "FLAC", "PCM_16", 44_100)
    _, found = ask_json(f"{server.url}:predict", *form(content, ""))
    path = both_export.folder.parent / "stereo.flac"
    path.write_bytes(content)
    expected = emotion_tf.load(both_export.folder).predict_file(path).probabilities
    np.testing.assert_allclose(list(found["probabilities"].values()), list(expected.values()), atol=1e-6)


def test_client_of_ours_gets_the_same(server, both_export, tmp_path, capsys):
    soundfile.write(tmp_path / "clip.wav", noise(RATE), RATE)
    expected = both_export.expected(noise(RATE), [4, 6])
    predictor = connect(server.address, server.name)
    found = predictor.predict_file(tmp_path / "clip.wav", "so sad")
    np.testing.assert_allclose(list(found.probabilities.values()), expected, atol=1e-5)
    flags = ["--text", "so sad", "--server", server.address, "--model", server.name, "--json"]
    assert main(["predict", str(tmp_path / "clip.wav"), *flags]) == 0
    printed = json.loads(capsys.readouterr().out)
    np.testing.assert_allclose(list(printed["probabilities"].values()), expected, atol=1e-5)
    assert main(["predict", str(tmp_path / "clip.wav"), "--server", server.address, "--model", "mood"]) == 1
    assert "serves no model of the name mood" in capsys.readouterr().err


def test_state(server):
    assert server.name == "both"
    assert ask_json(f"{server.address}/healthz") == (200, {"status": "ok"})
    assert ask_json(f"{server.address}/readyz") == (200, {"status": "ready"})
    status, told = ask_json(server.url)
    assert (status, told["model_version_status"][0]["state"]) == (200, "AVAILABLE")
    _, told = ask_json(f"{server.url}/metadata")
    inputs = told["metadata"]["signature_def"]["signature_def"]["serving_default"]["inputs"]
    assert {name: info["dtype"] for name, info in inputs.items()} == {"audio": "DT_STRING", "transcript": "DT_STRING"}


def test_metrics_are_those_of_prometheus(server):
    from prometheus_client.parser import text_string_to_metric_families

    ask(f"{server.url}:predict", *form(encode(noise(RATE)), "so"))
    ask(f"{server.url}:predict", *form(b"noise", "so"))
    _, page, headers = ask(f"{server.address}/metrics")
    assert headers["Content-Type"].startswith("text/plain")
    samples = {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(page.decode())
        for sample in family.samples
    }
    assert samples["emotion_tf_requests_total", "200"] >= 1 and samples["emotion_tf_requests_total", "400"] >= 1
    assert samples["emotion_tf_utterances_total", "bad"] >= 1
    assert samples["emotion_tf_queue_length",] == 0 and samples["emotion_tf_queue_limit",] == 128
    assert samples["process_resident_memory_bytes",] > 2**20


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (form(b"", "so"), "the recording is empty"),
        (form(b"\0" * 5000, "so"), "the recording cannot be decoded|the recording is"),
        (form(encode(noise(RATE))[:-999], "so"), "the recording is cut short"),
        (form(b"RIFF", "so"), "the recording"),
        (form(None, "so"), "no audio"),
        (form(encode(noise(RATE)), "so", more=b"1"), "form"),
        (form(), "the form has the fields none; expected audio and text"),
        (form(None, None, speech=b"1"), "the form has the fields speech; expected audio and text"),
        (form(None, None, audio=b"1"), "audio has to be a file"),
        ((b"nothing", "multipart/form-data; boundary=x"), "form"),
        ((b"nothing", "multipart/form-data"), "form"),
        ((b"nothing", "text/plain"), "JSON Parse error"),
    ],
    ids=range(12),
)
def test_broken_requests(server, arguments, words):
    status, told = ask_json(f"{server.url}:predict", *arguments)
    assert status == 400 and told.keys() == {"error"}
    assert any(word in told["error"] for word in words.split("|")), told
    assert "Traceback" not in told["error"] and "/" not in told["error"]


def test_bad_row_leaves_the_others_in_peace(server):
    rows = [{"audio": b64(encode(noise(RATE))), "transcript": "so"}, {"audio": b64(b"no sound"), "transcript": ""}]
    status, told = ask_json(f"{server.url}:predict", json.dumps({"instances": rows * 2}).encode())
    assert status == 200
    assert [bool(row["error"]) for row in told["predictions"]] == [False, True, False, True]
    assert told["predictions"][0] == told["predictions"][2]
    assert told["predictions"][1]["label"] == "" and told["predictions"][1]["probabilities"] == [0.0] * 4


@pytest.mark.parametrize(
    ("path", "method", "status"),
    [
        ("/", "GET", 404),
        ("/v1/models/mood", "GET", 404),
        ("/v1/models/mood/metadata", "GET", 404),
        ("/v1/models/mood:predict", "POST", 404),
        ("/v1/models/both:classify", "POST", 405),
        ("/v1/models/both:predict", "GET", 404),
        ("/v1/models/both/versions/2", "GET", 404),
        ("/v1/models/both", "DELETE", 405),
        ("/v1/models/%2e%2e%2fetc", "GET", 404),
    ],
)
def test_paths_that_are_none(server, path, method, status):
    found, told = ask_json(server.address + path, b"{}" if method == "POST" else None, method=method)
    assert found == status and told.keys() == {"error"}


def raw(server, head, body=b""):
    """A connection on which a request, or half of it, was sent."""
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=60)
    connection.sendall(head.encode() + b"\r\n\r\n" + body)
    return connection


def received(connection):
    """Status and content of the answer on a connection."""
    response = http.client.HTTPResponse(connection)
    response.begin()
    return response.status, json.loads(response.read())


def head(server, length):
    return (
        f"POST /v1/models/{server.name}:predict HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n"
        f"Content-Type: multipart/form-data; boundary={BOUNDARY}"
    )


def test_too_large(small_server):
    status, told = ask_json(f"{small_server.url}:predict", *form(b"\0" * 200_000, "so"))
    assert status == 400
    # It says so before the body comes, and where nobody said how long it would be.
    with raw(small_server, head(small_server, 2**40)) as connection:
        status, told = received(connection)
        assert (status, told) == (413, {"error": "the body is too long; expected 262144 bytes at most"})
    chunked = head(small_server, 1).replace("Content-Length: 1", "Transfer-Encoding: chunked")
    with raw(small_server, chunked, b"%x\r\n" % 300_000 + b"\0" * 300_000) as connection:
        assert received(connection)[0] == 413
    rows = {"instances": [{"audio": "", "transcript": ""}] * 3}
    status, told = ask_json(f"{small_server.url}:predict", json.dumps(rows).encode())
    assert (status, told) == (413, {"error": "3 utterances in one request; this server takes 2 at most"})


def test_full_queue(small_server):
    body, _ = form(encode(noise(RATE)), "so sad")
    # Two that are slow in sending hold both places.
    slow = [raw(small_server, head(small_server, len(body)), body[:1000]) for _ in range(2)]
    time.sleep(0.3)
    status, content, headers = ask(f"{small_server.url}:predict", *form(encode(noise(RATE)), "so sad"))
    assert (status, json.loads(content)) == (429, {"error": "the queue is full; try again in a moment"})
    assert headers["Retry-After"] == "1"
    assert ask(f"{small_server.address}/healthz")[0] == 200
    for connection in slow:
        connection.sendall(body[1000:])
        assert received(connection)[0] == 200
        connection.close()
    assert ask(f"{small_server.url}:predict", *form(encode(noise(RATE)), "so sad"))[0] == 200


def test_too_late_and_gone(small_server):
    with raw(small_server, head(small_server, 1000), b"--") as connection:
        assert received(connection) == (504, {"error": "no answer within 2 seconds"})
    # Clients that go away give their places back.
    for _ in range(4):
        raw(small_server, head(small_server, 1000), b"--").close()
        time.sleep(0.1)
    assert ask(f"{small_server.url}:predict", *form(encode(noise(RATE)), "so sad"))[0] == 200


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_stop_under_load(start_server, both_export, number):
    body, kind = form(encode(noise(RATE // 2)), "so sad")
    with start_server(both_export.folder / "tflite" / "float32.tflite") as server:
        begun = raw(server, head(server, len(body)), body[:1000])
        statuses, lock = [], threading.Lock()

        def client():
            while True:
                try:
                    status = ask(f"{server.url}:predict", body, kind)[0]
                except (urllib.error.URLError, ConnectionError, http.client.RemoteDisconnected):
                    return  # Nobody listens any more.
                with lock:
                    statuses.append(status)

        with ThreadPoolExecutor(8) as pool:
            clients = [pool.submit(client) for _ in range(8)]
            while len(statuses) < 20:
                time.sleep(0.01)
            server.process.send_signal(number)
            time.sleep(0.3)
            # What was begun before the signal is heard out and answered.
            begun.sendall(body[1000:])
            assert received(begun)[0] == 200
            assert server.process.wait(30) == 0
            for each in clients:
                each.result()
    assert set(statuses) <= {200, 503} and statuses.count(200) >= 20


def test_what_cannot_be_served(both_export, tmp_path, capsys, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert main(["serve", str(both_export.folder), "--port", port]) == 1
        assert f"127.0.0.1 port {port} cannot be had (Address already in use)" in capsys.readouterr().err
    assert main(["serve", str(both_export.folder), "--port", "70000"]) == 1
    assert "no such port; expected 0 to 65535" in capsys.readouterr().err
    assert main(["serve", str(tmp_path / "none")]) == 1
    assert "does not exist" in capsys.readouterr().err
    assert main(["serve", str(tmp_path), "--port", "0"]) == 1
    assert "is no model" in capsys.readouterr().err
    assert main(["serve", str(tmp_path), "--queue", "0"]) == 1
    assert "queue is out of range" in capsys.readouterr().err
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    assert main(["serve", str(both_export.folder)]) == 1
    assert "pip install 'emotion-tf[server]'" in capsys.readouterr().err
