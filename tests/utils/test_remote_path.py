"""Files behind URLs: TensorFlow's filesystem in memory, and a web server on this machine."""

import functools
import http.server
import importlib.util
import pickle
import threading
from pathlib import Path, PurePosixPath

import numpy as np
import pytest
import soundfile
from made_waves import RATE, noise

from emotion_tf import corpora
from emotion_tf.audio.reader import read_beginning, read_waveform
from emotion_tf.errors import EmotionTFError
from emotion_tf.utils.files import file_digest, read_json, read_text_lines, replacing, write_json
from emotion_tf.utils.remote_path import RemotePath, as_path


@pytest.fixture
def ram(tmp_path):
    """A folder in memory."""
    return as_path(f"ram://bucket/{tmp_path.name}")


@pytest.fixture
def served(tmp_path):
    """The URL of `tmp_path`."""
    # Not imported here, since it is the package that has to do it.
    if importlib.util.find_spec("tensorflow_io") is None:
        pytest.skip("SKIPPED FOR WANT OF TENSORFLOW-IO, which knows http://")

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


def test_files_in_memory(ram):
    path = ram / "new" / "file.json"
    assert not path.exists() and not path.is_file()
    with pytest.raises(EmotionTFError, match="file.json does not exist"):
        read_json(path)
    write_json(path, ["one"])
    write_json(path, ["one", "zwei", "три"])
    assert read_json(path) == ["one", "zwei", "три"]
    assert list(read_text_lines(path)) == path.read_bytes().decode().splitlines(keepends=True)
    assert path.stat().st_size == len(path.read_bytes()) == len('[\n  "one",\n  "zwei",\n  "три"\n]\n'.encode())
    assert path.is_file() and path.parent.exists() and not path.parent.is_file()


def test_old_content_stays_when_the_block_raises(ram, tmp_path):
    path = ram / "file"
    with replacing(path) as temporary:
        temporary.write_bytes(bytes(3 * 2**20))
    with pytest.raises(RuntimeError), replacing(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    (tmp_path / "same").write_bytes(bytes(3 * 2**20))
    assert file_digest(path) == file_digest(tmp_path / "same")


def test_filesystem_that_nobody_knows():
    with pytest.raises(EmotionTFError, match=r"no filesystem for nope://a/b; expected a local path, or a URL of .*ram"):
        as_path("nope://a/b").exists()


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
