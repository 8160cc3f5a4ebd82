import errno
import hashlib
import json
import os
import subprocess
import sys

import pytest

from emotion_tf.errors import EmotionTFError
from emotion_tf.utils.files import digest, file_digest, read_json, replacing, sweep, write_json, write_text
from emotion_tf.utils.locks import locked


def test_file_appears_with_its_parents(tmp_path):
    path = tmp_path / "new" / "folder" / "notes.txt"
    with replacing(path) as temporary:
        assert temporary.suffix == ".txt"
        assert not temporary.exists()
        temporary.write_text("new")
        assert not path.exists()
    assert path.read_text() == "new"
    assert list(path.parent.iterdir()) == [path]


def test_file_replaces_file(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("old")
    with replacing(path) as temporary:
        temporary.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", ["model", "replaced"])
def test_folder_replaces_folder_whole(tmp_path, name):
    path = tmp_path / name
    path.mkdir()
    (path / "stale").write_text("old")
    with replacing(path) as temporary:
        temporary.mkdir()
        (temporary / "fresh").write_text("new")
        assert (path / "stale").read_text() == "old"
    assert [item.name for item in path.iterdir()] == ["fresh"]
    assert list(tmp_path.iterdir()) == [path]


def test_folder_in_place_of_file_and_file_in_place_of_folder(tmp_path):
    folder, file = tmp_path / "folder", tmp_path / "file"
    folder.mkdir()
    (folder / "old").touch()
    with replacing(folder) as temporary:
        temporary.write_text("now a file")
    assert folder.read_text() == "now a file"

    file.write_text("old")
    with pytest.raises(NotADirectoryError), replacing(file) as temporary:
        temporary.mkdir()
    assert file.read_text() == "old"
    assert sorted(tmp_path.iterdir()) == [file, folder]


@pytest.mark.parametrize("interruption", [RuntimeError, KeyboardInterrupt])
def test_old_content_stays_when_the_block_raises(tmp_path, interruption):
    file, folder = tmp_path / "file.json", tmp_path / "folder"
    file.write_text("old")
    folder.mkdir()
    (folder / "old").touch()
    with pytest.raises(interruption), replacing(file) as temporary:
        temporary.write_text("half")
        raise interruption
    with pytest.raises(interruption), replacing(folder) as temporary:
        temporary.mkdir()
        (temporary / "half").touch()
        raise interruption
    assert file.read_text() == "old"
    assert [item.name for item in folder.iterdir()] == ["old"]
    assert sorted(tmp_path.iterdir()) == [file, folder]


def test_old_content_stays_when_the_block_leaves_nothing(tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "old").touch()
    with pytest.raises(FileNotFoundError), replacing(folder):
        pass
    assert [item.name for item in folder.iterdir()] == ["old"]
    assert list(tmp_path.iterdir()) == [folder]


def test_json_is_readable_by_people_and_keeps_its_content(tmp_path):
    content = {"text": "déjà vu", "values": [1, 0.5, None, True]}
    path = tmp_path / "content.json"
    write_json(path, content)
    raw = path.read_bytes()
    assert "déjà vu".encode() in raw
    assert raw.endswith(b"\n")
    assert json.loads(raw) == read_json(path) == content


def test_text_is_written_as_it_is(tmp_path):
    path = tmp_path / "text.txt"
    write_text(path, "one\r\ntwo\nдва")
    assert path.read_bytes() == "one\r\ntwo\nдва".encode()


def test_content_that_is_not_json_leaves_the_old_file(tmp_path):
    path = tmp_path / "content.json"
    write_json(path, "old")
    with pytest.raises(TypeError):
        write_json(path, {"path": path})
    assert read_json(path) == "old"


def test_missing_and_broken_json_are_told(tmp_path):
    path = tmp_path / "content.json"
    with pytest.raises(EmotionTFError, match=r"content\.json does not exist; expected a JSON file"):
        read_json(path)
    for broken in (b'{"half": ', b"\xff\xfe"):
        path.write_bytes(broken)
        with pytest.raises(EmotionTFError, match=r"content\.json is not valid JSON .* To fix: delete it"):
            read_json(path)


def test_digest_is_sha256_of_sorted_compact_json():
    assert digest({"b": [1, "é"], "a": None}) == hashlib.sha256('{"a":null,"b":[1,"é"]}'.encode()).hexdigest()
    assert digest([1, 2]) != digest([2, 1])


def test_digest_of_a_file(tmp_path):
    path = tmp_path / "large"
    path.write_bytes(b"0123456789abcdef" * 2**17)  # two of the blocks in which it is read
    assert file_digest(path) == hashlib.sha256(path.read_bytes()).hexdigest()


def refuse():
    raise InterruptedError


def test_lock_keeps_others_out_until_the_block_ends(tmp_path):
    path = tmp_path / "new" / ".lock"
    with locked(path, refuse), pytest.raises(InterruptedError), locked(path, refuse):
        pass
    with pytest.raises(KeyboardInterrupt), locked(path, refuse):
        raise KeyboardInterrupt
    with locked(path, refuse), locked(path.with_name("other"), refuse):
        pass


def test_lock_and_litter_of_a_killed_process(tmp_path):
    code = (
        "import sys; from emotion_tf.utils.files import *; from emotion_tf.utils.locks import locked\n"
        "with locked(sys.argv[1] + '/.lock', exit), replacing(sys.argv[1] + '/file') as path:\n"
        "    path.write_text('half'); print('holds it', flush=True); sys.stdin.read()"
    )
    child = subprocess.Popen([sys.executable, "-c", code, tmp_path], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdout.readline() == b"holds it\n"
    with pytest.raises(InterruptedError), locked(tmp_path / ".lock", refuse):
        pass
    child.kill()
    child.communicate()
    (tmp_path / ".mine").mkdir()
    with locked(tmp_path / ".lock", refuse):
        sweep(tmp_path, "other")
        assert len(list(tmp_path.iterdir())) == 3
        sweep(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".lock", ".mine"]


def test_lock_is_waited_for(tmp_path):
    holder = locked(tmp_path / ".lock", refuse)
    holder.__enter__()
    calls = []

    def end():
        calls.append(None)
        holder.__exit__(None, None, None)

    with locked(tmp_path / ".lock", end):
        assert len(calls) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="no limits there")
def test_full_disk_is_told_with_the_file(tmp_path):
    """A limit on the size of files stands for the disk; both end in an OSError without a name."""
    code = (
        "import resource, sys; from emotion_tf.utils.files import *\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "try: write_text(sys.argv[1] + '/file', 'x' * 2000)\n"
        "except OSError as error: print(error.strerror, error.filename)"
    )
    done = subprocess.run([sys.executable, "-c", code, tmp_path], stdout=subprocess.PIPE, text=True, check=True)
    assert done.stdout == f"{os.strerror(errno.EFBIG)} {tmp_path}/file\n"
    assert not list(tmp_path.iterdir())
