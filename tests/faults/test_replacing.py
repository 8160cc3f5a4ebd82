"""A folder is replaced: at whatever step the process is killed, the old one or the new one is there, whole."""

import os
import shutil
import sys

import pytest

from emotion_tf.errors import EmotionTFError
from emotion_tf.utils import swap
from emotion_tf.utils.files import replacing, sweep
from emotion_tf.utils.own_folder import check_own_folder, replacing_own_folder

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="kills a fork of this process")

STEPS = {os: ("mkdir", "rename", "replace", "unlink", "rmdir", "open"), swap: ("exchange",)}
"""What changes the disk, or comes before that."""


def dies_at(step: int, act) -> bool:
    """Whether a fork of this process that is killed before a step of `act` gets so far."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    count = 0

    def counted(original):
        def call(*arguments, **named):
            nonlocal count
            count += 1
            if count == step:
                os._exit(9)
            return original(*arguments, **named)

        return call

    try:
        for module, names in STEPS.items():
            for name in names:
                setattr(module, name, counted(getattr(module, name)))
        act()
    except BaseException:
        os._exit(1)
    os._exit(0)


def content(folder) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir() if path.suffix == ".txt"}


OLD, NEW = {"a.txt": "old", "b.txt": "old"}, {"a.txt": "new", "c.txt": "new"}


@pytest.fixture(params=["one step", "two steps"])
def system(request, monkeypatch):
    """A system that exchanges folders, and one that cannot."""
    if request.param == "two steps":
        monkeypatch.setattr(swap, "exchange", lambda one, other: False)
    elif sys.platform not in ("linux", "darwin"):
        pytest.skip("this system cannot exchange folders")
    return request.param


@pytest.mark.parametrize("own", [False, True], ids=["any folder", "own folder"])
def test_old_or_new_is_there_after_a_kill_at_every_step(system, own, tmp_path):
    path = tmp_path / "out"

    def write(folder, files):
        for name, text in files.items():
            (folder / name).write_text(text)

    def put(files):
        with replacing_own_folder(path, "export") if own else replacing(path) as temporary:
            if not own:
                temporary.mkdir()
            write(temporary, files)

    put(OLD)
    seen, step = [], 1
    while dies_at(step, lambda: put(NEW)):
        there_at_once = path.is_dir()
        assert there_at_once or system == "two steps"
        # The next call, which holds the lock, finds it again.
        check_own_folder(path, "export") if own else sweep(tmp_path, path.name)
        found = content(path)
        assert found in (OLD, NEW)
        seen.append((found == NEW, there_at_once))
        put(OLD)
        assert content(path) == OLD
        sweep(tmp_path, path.name)
        assert list(tmp_path.iterdir()) == [path]
        step += 1
    assert content(path) == NEW
    assert step > 5 and {new for new, _ in seen} == {False, True}
    # In two steps there is a moment in which the old one lies beside.
    assert (not all(there for _, there in seen)) == (system == "two steps")


def test_call_that_fails_leaves_the_old_one(system, tmp_path, monkeypatch):
    path = tmp_path / "out"
    path.mkdir()
    (path / "a.txt").write_text("old")
    monkeypatch.setattr(swap, "exchange", lambda one, other: False)

    def full(*paths):
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"), replacing(path) as temporary:
        temporary.mkdir()
        monkeypatch.setattr(os, "replace", full)
        monkeypatch.setattr(type(path), "replace", full)
    assert content(path) == {"a.txt": "old"} and list(tmp_path.iterdir()) == [path]


def test_strangers_folder_is_not_taken_for_what_was_set_aside(tmp_path):
    """What lies beside is put back only where nothing is, and then has to be ours like any other folder."""
    beside = swap.kept_beside(tmp_path / "out")
    beside.mkdir()
    (beside / "diary.txt").write_text("Dear diary")
    with pytest.raises(EmotionTFError, match="is there already and is not an export"):
        check_own_folder(tmp_path / "out", "export")
    assert (tmp_path / "out" / "diary.txt").read_text() == "Dear diary"
    shutil.rmtree(tmp_path / "out")
