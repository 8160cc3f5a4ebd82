"""The page's folder is whole, and what cannot become a page is said."""

import base64
import concurrent.futures
import hashlib
import re
import shutil
import threading
import urllib.error
import urllib.request
from http.server import ThreadingHTTPServer

import pytest
from exported_runs import WORDS
from page_in_browser import served

from emotion_tf.errors import EmotionTFError
from emotion_tf.inference.bundle import ModelBundle
from emotion_tf.labels import FOUR
from emotion_tf.text.vocabulary import Vocabulary
from emotion_tf.utils.checksums import CHECKSUMS, write_checksums
from emotion_tf.utils.files import read_json, write_json
from emotion_tf.webdemo import assembly, build, demo
from emotion_tf.webdemo.assembly import STATIC
from emotion_tf.webdemo.server import listen

pytest_plugins = ["exported_runs"]


@pytest.fixture(autouse=True)
def empty_packages(tmp_path, monkeypatch):
    """Files of the right names stand for LiteRT.js, so that nothing is fetched."""
    for name in assembly.LITERTJS_FILES:
        (tmp_path / "packages" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "packages" / name).touch()
    monkeypatch.setattr(assembly, "litertjs", lambda: tmp_path / "packages")


def test_page_holds_what_it_needs(both_export, tmp_path):
    export = tmp_path / "export"
    shutil.copytree(both_export.folder, export)
    write_json(export / "parity.json", {"notes": ["Machines speak."]})
    (export / CHECKSUMS).unlink()
    write_checksums(export)
    build(export, tmp_path / "page")
    page = tmp_path / "page"
    assert (page / "model.tflite").read_bytes() == (export / "tflite" / "float32-fixed.tflite").read_bytes()
    assert (page / "vocabulary.txt").read_bytes() == (export / "vocabulary.txt").read_bytes()
    found = read_json(page / "settings.json")
    assert found["labels"] == ["angry", "happy", "neutral", "sad"]
    assert found["notes"] == ["Machines speak."]
    assert (found["hears"], found["reads"], found["max_samples"], found["max_words"]) == (True, True, 120_000, 9)


def test_page_is_built_anew(both_export, audio_export, tmp_path):
    build(both_export.folder, tmp_path / "page")
    build(audio_export.folder, tmp_path / "page")
    assert not (tmp_path / "page" / "vocabulary.txt").exists()


def test_import_map_is_the_one_that_the_policy_allows():
    html = (STATIC / "index.html").read_text(encoding="utf-8")
    script = re.search(r'<script type="importmap">(.*?)</script>', html, flags=re.DOTALL).group(1)
    assert base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() in html


def test_static_files_name_no_other_server():
    for path in STATIC.iterdir():
        addresses = re.findall(r"(?:https?:)?//[\w.-]+\.\w+", path.read_text(encoding="utf-8"))
        # The name of a standard, which nobody fetches.
        assert set(addresses) <= {"http://www.w3.org"}


def test_served_files_have_types_that_browsers_take(both_export, tmp_path):
    build(both_export.folder, tmp_path / "page")
    wanted = {
        "": "text/html",
        "app.js": "text/javascript",
        "style.css": "text/css",
        "icon.svg": "image/svg+xml",
        "litertjs/core/wasm/litert_wasm_internal.wasm": "application/wasm",
        "MODEL_CARD.md": "text/plain; charset=utf-8",
    }
    with served(tmp_path / "page") as address:
        for name, kind in wanted.items():
            with urllib.request.urlopen(address + name) as response:
                assert response.headers["Content-Type"] == kind
                assert response.headers["Cache-Control"] == "no-store"
                assert response.headers["X-Content-Type-Options"] == "nosniff"
                assert response.headers["X-Frame-Options"] == "DENY"
                assert response.headers["Content-Security-Policy"] == "frame-ancestors 'none'"


def test_server_answers_under_its_own_name_alone(tmp_path):
    (tmp_path / "page").mkdir()
    (tmp_path / "page" / "index.html").write_text("hello")
    (tmp_path / "page" / "folder").mkdir()
    (tmp_path / "secret.txt").write_text("secret")
    (tmp_path / "page" / "link.txt").symlink_to(tmp_path / "secret.txt")

    def status(address, path="", host=None):
        request = urllib.request.Request(address + path, headers={"Host": host} if host else {})
        try:
            with urllib.request.urlopen(request) as response:
                return response.status
        except urllib.error.HTTPError as error:
            assert error.headers["X-Content-Type-Options"] == "nosniff"
            return error.code

    with served(tmp_path / "page") as address:
        port = address.rstrip("/").rpartition(":")[2]
        assert status(address) == status(address, host=f"localhost:{port}") == 200
        assert status(address, host="evil.example") == status(address, host=f"evil.example:{port}") == 421
        # Folders are not listed, and links do not lead out.
        assert [status(address, path) for path in ("folder/", "link.txt", "../secret.txt")] == [404, 404, 404]


@pytest.mark.parametrize("name", ["tflite/float32-fixed.tflite", "MODEL_CARD.md", "parity.json"])
def test_export_that_was_changed_or_links_elsewhere_is_refused(both_export, tmp_path, name):
    shutil.copytree(both_export.folder, tmp_path / "export")
    file = tmp_path / "export" / name
    whole = file.read_bytes()
    file.write_bytes(whole + b" ")
    with pytest.raises(EmotionTFError, match=f"{file.name} is not the file whose sum SHA256SUMS holds"):
        build(tmp_path / "export", tmp_path / "page")
    file.unlink()
    (tmp_path / "elsewhere").write_bytes(whole)
    file.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(EmotionTFError, match=f"{file.name} is a link; expected the file itself"):
        build(tmp_path / "export", tmp_path / "page")
    assert not (tmp_path / "page").exists()


def test_demo_serves_until_it_is_interrupted(both_export, tmp_path, monkeypatch, capsys):
    served_meanwhile = []

    def serve_forever(server):
        server.timeout = 5
        address = f"http://127.0.0.1:{server.server_port}/settings.json"
        with concurrent.futures.ThreadPoolExecutor() as pool:
            answer = pool.submit(lambda: urllib.request.urlopen(address).read())
            server.handle_request()
            served_meanwhile.append(answer.result())
        raise KeyboardInterrupt

    monkeypatch.setattr(ThreadingHTTPServer, "serve_forever", serve_forever)
    demo(both_export.folder, tmp_path / "page", port=0)
    demo(both_export.folder, port=0)
    assert served_meanwhile == [(tmp_path / "page" / "settings.json").read_bytes()] * 2
    assert re.fullmatch(r"(http://127.0.0.1:\d+/ shows the page until Ctrl-C.\n\n){2}", capsys.readouterr().out)


def test_what_is_no_export_is_refused(tmp_path):
    with pytest.raises(EmotionTFError, match="holds no .*float32-fixed.tflite; expected the folder of an export"):
        build(tmp_path, tmp_path / "page")


def test_folder_of_something_else_is_left_alone(both_export, tmp_path):
    (tmp_path / "diary.txt").write_text("Dear diary")
    with pytest.raises(EmotionTFError, match="is there already and is not a page"):
        build(both_export.folder, tmp_path)
    assert (tmp_path / "diary.txt").read_text() == "Dear diary"


def test_folder_with_a_strangers_settings_is_left_alone(both_export, tmp_path):
    (tmp_path / "settings.json").write_text("{}")
    with pytest.raises(EmotionTFError, match="is there already and is not a page"):
        build(both_export.folder, tmp_path)
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["settings.json"]


def test_model_that_takes_speaker_embeddings_is_refused(both_export, tmp_path, monkeypatch):
    config = both_export.config.override("model.attention=false", "speaker.embeddings=xvectors.scp")
    bundle = ModelBundle(config, FOUR, Vocabulary(WORDS))
    monkeypatch.setattr(ModelBundle, "read", lambda path: bundle)
    with pytest.raises(EmotionTFError, match="takes a speaker embedding"):
        build(both_export.folder, tmp_path / "page")


def test_name_that_no_file_can_have_is_not_found(tmp_path, capfd):
    with listen(tmp_path, 0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(f"http://127.0.0.1:{server.server_port}/a%00b")
        server.shutdown()
    assert capfd.readouterr().err == ""


def test_port_that_is_taken_is_said(tmp_path):
    with listen(tmp_path, 0) as server, pytest.raises(EmotionTFError, match="cannot be had.*name another with --port"):
        listen(tmp_path, server.server_port)


def test_port_that_does_not_exist_is_said(tmp_path):
    with pytest.raises(EmotionTFError, match="no such port; expected 0 to 65535, received 70000"):
        listen(tmp_path, 70_000)
