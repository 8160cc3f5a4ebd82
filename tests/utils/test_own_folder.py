"""A folder is replaced only where it is ours and holds nothing of others."""

import json

import pytest

from emotion_tf.errors import EmotionTFError
from emotion_tf.utils.own_folder import MARKER, check_own_folder, replacing_own_folder


def make(folder, text="first", kind="export"):
    with replacing_own_folder(folder, kind) as temporary:
        (temporary / "deep").mkdir()
        (temporary / "deep" / "model.bin").write_text(text)


def contents(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def refused(folder, message, kind="export"):
    before = contents(folder.parent)
    with pytest.raises(EmotionTFError, match=message):
        make(folder, "second", kind)
    assert contents(folder.parent) == before


def test_new_empty_and_own_folders_are_replaced(tmp_path):
    make(tmp_path / "new")
    assert set(contents(tmp_path / "new")) == {MARKER, "SHA256SUMS", "deep/model.bin"}
    make(tmp_path / "new", "second")
    assert (tmp_path / "new" / "deep" / "model.bin").read_text() == "second"
    (tmp_path / "empty").mkdir()
    make(tmp_path / "empty")
    assert (tmp_path / "empty" / MARKER).exists()


@pytest.mark.parametrize("name", ["settings.json", "parity.json", MARKER, "SHA256SUMS", "thesis.txt"])
def test_folder_of_somebody_else_stays(tmp_path, name):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / name).write_text('{"mine": true}')
    refused(tmp_path / "out", r"out is there already and is not an export; .* To fix: name another folder")


def test_marker_alone_does_not_make_a_folder_ours(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / MARKER).write_text(json.dumps({"emotion-tf": "export"}))
    (tmp_path / "out" / "thesis.txt").write_text("years of work")
    refused(tmp_path / "out", r"cannot be replaced, since thesis\.txt in it is not part of the export")


@pytest.mark.parametrize("name", ["notes.txt", "deep/notes.txt", "deeper/still/notes.txt"])
def test_file_that_was_put_into_ours_stays(tmp_path, name):
    make(tmp_path / "out")
    (tmp_path / "out" / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / "out" / name).write_text("mine")
    refused(tmp_path / "out", rf"since {name} in it is not part of the export; .* To fix: move that file elsewhere")


def test_file_that_comes_meanwhile_stays(tmp_path):
    make(tmp_path / "out")
    with pytest.raises(EmotionTFError, match="late.txt"), replacing_own_folder(tmp_path / "out", "export"):
        (tmp_path / "out" / "late.txt").write_text("mine")
    assert (tmp_path / "out" / "late.txt").read_text() == "mine"
    assert (tmp_path / "out" / "deep" / "model.bin").read_text() == "first"


def test_links_are_not_ours(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "thesis.txt").write_text("mine")
    make(tmp_path / "out")
    (tmp_path / "out" / "link").symlink_to(tmp_path / "elsewhere")
    refused(tmp_path / "out", "since link in it is not part")
    (tmp_path / "linked").symlink_to(tmp_path / "elsewhere")
    refused(tmp_path / "linked", "is not an export")


def test_another_kind_of_ours_and_a_file_stay(tmp_path):
    make(tmp_path / "out")
    refused(tmp_path / "out", "is there already and is not a page; expected a new folder, or a page that", kind="page")
    (tmp_path / "file").write_text("mine")
    refused(tmp_path / "file", "is there already and is not an export")


def test_what_file_managers_leave_does_not_count(tmp_path):
    make(tmp_path / "out")
    (tmp_path / "out" / "deep" / ".DS_Store").write_bytes(b"\0")
    check_own_folder(tmp_path / "out", "export")
