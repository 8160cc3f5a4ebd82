import json
import signal
import subprocess
import sys

import pytest

from emotion_tf.asr.cache import TranscriptCache, content_key


@pytest.fixture
def cache(tmp_path):
    return TranscriptCache.of(tmp_path, "parrot", "1")


def again(cache):
    """The same cache as another process would find it."""
    return TranscriptCache.of(cache.path.parent, "parrot", "1")


def test_keeps_texts_and_errors(cache):
    cache.add("a", text="hello “you”")
    cache.add("b", error="no sound")
    cache.add("c", text="")
    for found in (cache, again(cache)):
        assert found.texts == {"a": "hello “you”", "c": ""}
        assert found.errors == {"b": "no sound"}
    assert [json.loads(line) for line in cache.path.read_text().splitlines()] == [
        {"key": "a", "text": "hello “you”"},
        {"key": "b", "error": "no sound"},
        {"key": "c", "text": ""},
    ]


def test_last_line_of_a_key_holds(cache):
    cache.add("a", error="no sound")
    cache.add("a", text="hello")
    cache.add("b", text="hello")
    cache.add("b", error="gone")
    for found in (cache, again(cache)):
        assert (found.texts, found.errors) == ({"a": "hello"}, {"b": "gone"})


def test_reading_makes_no_file(cache, tmp_path):
    assert cache.texts == {}
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("name", "version"), [("parrot", "2"), ("magpie", "1")])
def test_recognisers_and_versions_do_not_mix(cache, tmp_path, name, version):
    cache.add("a", text="hello")
    other = TranscriptCache.of(tmp_path, name, version)
    assert other.texts == {}
    other.add("a", text="bye")
    assert again(cache).texts == {"a": "hello"}


def test_line_that_is_torn_anywhere(cache):
    cache.add("a", text="é")
    first = cache.path.stat().st_size
    cache.add("b", text="é", error=None)
    whole = cache.path.read_bytes()
    # With the newline only missing, the line is whole.
    for size in range(first, len(whole)):
        cache.path.write_bytes(whole[:size])
        found = again(cache)
        assert found.texts == ({"a": "é", "b": "é"} if size == len(whole) - 1 else {"a": "é"})
        found.add("c", text="later")
        assert again(cache).texts == {**found.texts, "c": "later"}


def test_power_cut_that_leaves_zeros(cache):
    cache.add("a", text="hello")
    cache.path.write_bytes(cache.path.read_bytes() + bytes(100))
    found = again(cache)
    found.add("b", text="bye")
    assert again(cache).texts == {"a": "hello", "b": "bye"}


def test_survives_being_killed(cache, tmp_path):
    code = (
        "import sys\n"
        "from itertools import count\n"
        "from emotion_tf.asr.cache import TranscriptCache\n"
        "cache = TranscriptCache.of(sys.argv[1], 'parrot', '1')\n"
        "for number in count():\n"
        "    cache.add(str(number), text='word ' * number)\n"
        "    print(number, flush=True)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True) as child:
        for line in child.stdout:
            if line == "50\n":
                child.send_signal(signal.SIGKILL)
                break
    assert child.returncode == -signal.SIGKILL
    found = again(cache)
    assert len(found.texts) > 50
    assert all(text == "word " * int(key) for key, text in found.texts.items())


def test_key_changes_with_what_is_heard(tmp_path):
    path, copy = tmp_path / "a.wav", tmp_path / "b.wav"
    path.write_bytes(b"sound")
    copy.write_bytes(b"sound")
    key = content_key(path, 0.5, 2.0)
    assert content_key(copy, 0.5, 2.0) == key
    others = {content_key(path, 0.0, 2.0), content_key(path, 0.5, 3.0), content_key(path, 0.5, None)}
    path.write_bytes(b"noise")
    others.add(content_key(path, 0.5, 2.0))
    path.unlink()
    others.add(content_key(path, 0.5, 2.0))
    others.add(content_key(tmp_path / "other.wav", 0.5, 2.0))
    others.add(content_key(None, 0.5, 2.0))
    assert len(others | {key}) == 8
