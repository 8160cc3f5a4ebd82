"""Files behind URLs: in memory, and on servers on this machine that speak as S3, Google's storage and the web do."""

import contextlib
import functools
import http.server
import os
import pickle
import subprocess
import sys
import threading
from pathlib import Path, PurePosixPath

import gcs_stand_in
import numpy as np
import pytest
import s3_stand_in
import soundfile
from fsspec.registry import _registry
from made_waves import RATE, noise

from emotion_tf import corpora
from emotion_tf.audio.reader import read_beginning, read_waveform
from emotion_tf.errors import EmotionTFError
from emotion_tf.utils import paths
from emotion_tf.utils.files import file_digest, read_json, read_text_lines, replacing, write_bytes, write_json
from emotion_tf.utils.paths import RemotePath, as_path


@pytest.fixture(params=["memory", "ram", "s3", "gs"])
def remote(request, tmp_path, monkeypatch):
    """A folder behind a URL; `ram` is known to TensorFlow only."""
    scheme = request.param
    with contextlib.ExitStack() as servers:
        if scheme == "s3":
            s3fs = pytest.importorskip("s3fs", reason="SKIPPED FOR WANT OF s3fs")
            monkeypatch.setenv("AWS_ENDPOINT_URL", servers.enter_context(s3_stand_in.serving()))
            for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
                monkeypatch.setenv(name, "nobody")
            monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
            s3fs.S3FileSystem.clear_instance_cache()
        if scheme == "gs":
            gcsfs = pytest.importorskip("gcsfs", reason="SKIPPED FOR WANT OF gcsfs")
            monkeypatch.setenv("STORAGE_EMULATOR_HOST", servers.enter_context(gcs_stand_in.serving()))
            gcsfs.GCSFileSystem.clear_instance_cache()
        paths._filesystem.cache_clear()
        yield as_path(f"{scheme}://bucket/{tmp_path.name}")
        paths._filesystem.cache_clear()


@pytest.fixture
def served(tmp_path):
    """The URL of `tmp_path`."""

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *arguments):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=tmp_path))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield as_path(f"http://127.0.0.1:{server.server_port}")
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("place", ["a/b.csv", "/a/b.csv", "C:/a/b.csv", "C://a", "a b://c", ""])
def test_local_paths_stay_what_they_are(place):
    assert as_path(place) == Path(place)
    assert as_path(Path(place)) == Path(place)


def test_names_are_those_of_pathlib():
    for path in ("a.wav", "one/a.tar.gz", "one/two", "one/.hidden"):
        url, local = RemotePath(f"gs://bucket/{path}"), PurePosixPath("/", path)
        assert (url.name, url.suffix) == (local.name, local.suffix)
        assert str(url.parent).rstrip("/") == f"gs://bucket{local.parent}".rstrip("/")
        assert str(url.with_suffix(".x")) == f"gs://bucket{local.with_suffix('.x')}"
        assert str(url / "b.wav") == f"gs://bucket{local / 'b.wav'}"
        assert pickle.loads(pickle.dumps(url)) == url


@pytest.mark.parametrize(
    ("folder", "name", "joined"),
    [
        ("gs://bucket", "a.wav", "gs://bucket/a.wav"),
        ("gs://bucket/one/", "../two/./a.wav", "gs://bucket/two/a.wav"),
        ("gs://bucket/one", "../../../a.wav", "gs://bucket/a.wav"),
        ("hdfs:///one", "two", "hdfs:///one/two"),
        ("s3://bucket/one", "What? #1.wav", "s3://bucket/one/What? #1.wav"),
    ],
)
def test_joining(folder, name, joined):
    assert as_path(folder) / name == RemotePath(joined)


def test_files_behind_urls(remote):
    path = remote / "new" / "What? #1.json"
    assert not path.exists() and not path.is_file()
    with pytest.raises(EmotionTFError, match=r"What\? #1.json does not exist"):
        read_json(path)
    write_json(path, ["one"])
    write_json(path, ["one", "zwei", "три"])
    assert read_json(path) == ["one", "zwei", "три"]
    assert list(read_text_lines(path)) == path.read_bytes().decode().splitlines(keepends=True)
    assert path.stat().st_size == len(path.read_bytes()) == len('[\n  "one",\n  "zwei",\n  "три"\n]\n'.encode())
    assert path.is_file() and path.parent.exists() and not path.parent.is_file()


def test_old_content_stays_when_the_block_raises(remote, tmp_path):
    path = remote / "file"
    with replacing(path) as temporary:
        temporary.write_bytes(bytes(3 * 2**20))
    with pytest.raises(RuntimeError), replacing(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    (tmp_path / "same").write_bytes(bytes(3 * 2**20))
    assert file_digest(path) == file_digest(tmp_path / "same")


def test_filesystem_that_nobody_knows():
    with pytest.raises(EmotionTFError, match=r"no filesystem for nope://.*; expected a local path, or a URL of .*http"):
        as_path("nope://a/b").exists()


def test_missing_package_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "s3fs", None)
    monkeypatch.setattr(paths.tensorflow_io, "filesystem", lambda scheme: None)
    monkeypatch.delitem(_registry, "s3", raising=False)
    paths._filesystem.cache_clear()
    with pytest.raises(EmotionTFError, match=r"s3://.*Install s3fs.*To fix: pip install 'emotion-tf\[s3\]'"):
        as_path("s3://bucket/a").exists()


def test_file_that_grows_is_another(remote):
    """What records are named after."""
    path = remote / "a.wav"
    write_bytes(path, b"one")
    before = path.stat()
    write_bytes(path, b"three")
    assert (before.st_size, path.stat().st_size) == (3, 5)
    # TensorFlow's filesystem in memory knows no times.
    assert path.stat().st_mtime_ns >= before.st_mtime_ns >= (0 if "ram:" in str(path) else 1e18)


@pytest.mark.parametrize("what", ["s3://bucket/a.wav", "hdfs://host:1/a.wav"])
def test_nothing_is_printed_where_tensorflow_io_does_not_belong(what, tmp_path):
    """The package below speaks when it is imported, as the real one does with a TensorFlow that is not its own."""
    package = tmp_path / "tensorflow_io"
    package.mkdir()
    (package / "__init__.py").write_text("import os\nos.write(2, b'cannot load')\nraise NotImplementedError\n")
    code = (
        "import sys, tensorflow as tf\ntf.__version__ = '2.21.0'\nsys.modules['s3fs'] = sys.modules['pyarrow'] = None\n"
        "from emotion_tf.utils.paths import as_path\n"
        f"try: as_path({what!r}).exists()\nexcept Exception as error: print(error)"
    )
    search = os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])])
    quiet = {**os.environ, "PYTHONPATH": search, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=quiet)
    assert "there is no filesystem for" in done.stdout
    assert "cannot load" not in done.stderr


def test_manifest_on_a_web_server(served, tmp_path):
    (tmp_path / "sub").mkdir()
    wave = noise(RATE // 2)
    soundfile.write(tmp_path / "sub" / "a.wav", wave, RATE)
    soundfile.write(tmp_path / "b.flac", wave[:800], RATE)
    (tmp_path / "m.csv").write_text(
        f"id,audio,label,speaker,start,end\na,sub/a.wav,sad,1,0.1,0.2\nb,{served}/b.flac,sad,1,,\nc,gone.wav,sad,1,,\n"
        f"d,{tmp_path}/b.flac,sad,1,,\n"
    )
    a, b, c, d = corpora.load("manifest", f"{served}/m.csv").utterances
    assert (a.audio, c.audio) == (served / "sub" / "a.wav", served / "gone.wav")
    np.testing.assert_array_equal(read_waveform(a.audio, RATE, a.start, a.end), wave[RATE // 10 : RATE // 5])
    np.testing.assert_array_equal(read_waveform(b.audio, RATE), wave[:800])
    np.testing.assert_array_equal(read_waveform(d.audio, RATE), wave[:800])
    np.testing.assert_array_equal(read_beginning(a.audio, RATE, seconds=0.25), wave[: RATE // 4])
    (tmp_path / "empty.wav").touch()
    with pytest.raises(EmotionTFError, match=r"http://\S*empty.wav is empty"):
        read_beginning(served / "empty.wav", RATE, seconds=0.25)
    with pytest.raises(EmotionTFError, match=r"http://\S*gone.wav does not exist; expected an audio file"):
        read_waveform(c.audio, RATE)
    with pytest.raises(EmotionTFError, match=r"there is no manifest http://"):
        corpora.load("manifest", f"{served}/none.csv")


def test_server_that_is_gone(served):
    with pytest.raises((OSError, EmotionTFError), match=r"127\.0\.0\.1:9/a\.wav"):
        read_waveform("http://127.0.0.1:9/a.wav", RATE)
