import os
import pickle
import re
import struct
import sys
import zipfile
from pathlib import Path

import kaldiio
import numpy as np
import pytest

from emotion_tf.audio.speaker.embeddings import read_speaker_embeddings, write_speaker_embeddings
from emotion_tf.errors import EmotionTFError

VECTORS = {
    "ann": np.array([0.5, -1, 2], np.float32),
    "bob": np.array([1e-3, 0, 7], np.float32),
    "cid": np.array([3, 2, 1], np.float64),
}


def ark(vectors: dict[str, np.ndarray]) -> bytes:
    """A Kaldi archive, written from the description of its format."""
    entries = []
    for name, vector in vectors.items():
        mark = b"DV " if vector.dtype == np.float64 else b"FV "
        entries.append(name.encode() + b" \0B" + mark + b"\4" + struct.pack("<i", len(vector)) + vector.tobytes())
    return b"".join(entries)


@pytest.fixture(params=["speakers.npz", "speakers.ark", "speakers.scp"])
def speakers(request, tmp_path) -> Path:
    """The vectors in a file of each kind, none of them written by the code under test."""
    path = tmp_path / request.param
    if path.suffix == ".npz":
        np.savez(path, **VECTORS)
    elif path.suffix == ".ark":
        path.write_bytes(ark(VECTORS))
    else:
        kaldiio.save_ark(str(tmp_path / "vectors.ark"), VECTORS, scp=str(path))
    return path


def test_read(speakers):
    embeddings = read_speaker_embeddings(speakers, ["cid", "ann", "cid"])
    assert embeddings.dtype == np.float32
    np.testing.assert_array_equal(embeddings, [[3, 2, 1], [0.5, -1, 2], [3, 2, 1]])
    assert read_speaker_embeddings(str(speakers), ["bob"]).tolist() == [VECTORS["bob"].tolist()]


def test_utterances_without_an_embedding(speakers):
    problem = r"speakers\.\w+ has no speaker embedding for 4 of 5 .* none for 'x', 'y', 'z' and so on$"
    with pytest.raises(EmotionTFError, match=problem):
        read_speaker_embeddings(speakers, ["x", "y", "ann", "z", "w"])
    with pytest.raises(EmotionTFError, match=r"for 1 of 2 .* none for 'x'$"):
        read_speaker_embeddings(speakers, ["ann", "x"])


def test_unwanted_entries_are_not_judged(tmp_path):
    matrix = np.ones((2, 2), np.float32)
    np.savez(tmp_path / "a.npz", ann=VECTORS["ann"], matrix=matrix)
    kaldiio.save_ark(str(tmp_path / "a.ark"), {"matrix": matrix, "ann": VECTORS["ann"]})
    kaldiio.save_ark(str(tmp_path / "b.ark"), {"ann": VECTORS["ann"]}, scp=str(tmp_path / "a.scp"))
    with (tmp_path / "a.scp").open("a") as file:
        file.write("matrix nowhere.ark:12\n")
    for suffix in (".npz", ".ark", ".scp"):
        assert read_speaker_embeddings(tmp_path / f"a{suffix}", ["ann"]).shape == (1, 3)


@pytest.mark.parametrize(
    ("array", "problem"),
    [
        (np.ones((2, 3), np.float32), r"'ann' in .* is no vector; .*received the shape \(2, 3\) of float32"),
        (np.array([1, np.nan, 2], np.float32), r"'ann' in .* is not finite; .*received nan"),
        (np.array([1, 2, -1e99]), r"'ann' in .* is not finite; .*received -1e\+99"),
    ],
    ids=["matrix", "nan", "beyond float32"],
)
@pytest.mark.parametrize("suffix", [".npz", ".ark"])
@pytest.mark.filterwarnings("error")
def test_entries_that_are_no_embeddings(tmp_path, suffix, array, problem):
    path = tmp_path / f"speakers{suffix}"
    if suffix == ".npz":
        np.savez(path, ann=array)
    else:
        kaldiio.save_ark(str(path), {"ann": array})
    with pytest.raises(EmotionTFError, match=problem):
        read_speaker_embeddings(path, ["ann"])


@pytest.mark.parametrize("array", [np.array([]), np.array(1.0), np.array(["a"]), np.array([1j]), np.array([True])])
def test_arrays_that_are_no_vectors(tmp_path, array):
    np.savez(tmp_path / "speakers.npz", ann=array)
    with pytest.raises(EmotionTFError, match="'ann' in .* is no vector"):
        read_speaker_embeddings(tmp_path / "speakers.npz", ["ann"])


def test_mixed_widths(tmp_path):
    path = tmp_path / "speakers.ark"
    path.write_bytes(ark(VECTORS | {"dan": np.ones(4, np.float32)}))
    with pytest.raises(
        EmotionTFError, match=r"not of one width; expected 3 numbers, as 'bob' has, received 4 for 'dan'"
    ):
        read_speaker_embeddings(path, ["bob", "dan"])
    assert read_speaker_embeddings(path, ["dan"]).shape == (1, 4)


def test_repeated_utterance(tmp_path):
    path = tmp_path / "speakers.ark"
    path.write_bytes(2 * ark(VECTORS))
    with pytest.raises(EmotionTFError, match=r"speakers\.ark repeats an utterance; expected each once, received 'bob'"):
        read_speaker_embeddings(path, ["bob"])


def test_missing_files(tmp_path):
    for name in ("speakers.npz", "speakers.ark", "speakers.scp"):
        with pytest.raises(EmotionTFError, match=rf"{name} cannot be read \(No such file"):
            read_speaker_embeddings(tmp_path / name, ["ann"])
    with pytest.raises(
        EmotionTFError, match=r"speakers\.csv is no file of speaker embeddings; .*\.scp, \.ark or \.npz"
    ):
        read_speaker_embeddings(tmp_path / "speakers.csv", ["ann"])


def test_every_cut_of_an_archive_is_found(tmp_path):
    path = tmp_path / "speakers.ark"
    whole = ark({"ann": VECTORS["ann"]})
    for length in range(5, len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(EmotionTFError, match=r"the entry 'ann' of .*speakers\.ark is damaged"):
            read_speaker_embeddings(path, ["ann"])


@pytest.mark.parametrize(
    "entry",
    [b"[ 0.5 1 ]\n", b"\0BFV \4\xff\xff\xff\xff", b"\0BXY \4\1\0\0\0", b"\xff\xfe" * 20],
    ids=["text", "length -1", "unknown kind", "noise"],
)
def test_damaged_archives(tmp_path, entry):
    path = tmp_path / "speakers.ark"
    path.write_bytes(b"ann " + entry)
    with pytest.raises(EmotionTFError, match=r"'ann' of .* is damaged or is no array; .*copy-vector"):
        read_speaker_embeddings(path, ["ann"])


def test_bytes_that_are_no_text(tmp_path):
    problems = {"ark": r" is damaged or is no \.ark file \(.*invalid start byte", "scp": ", line 1 is not UTF-8"}
    for suffix, problem in problems.items():
        path = tmp_path / f"speakers.{suffix}"
        path.write_bytes(b"\xff\xfe ")
        with pytest.raises(EmotionTFError, match=re.escape(path.name) + problem):
            read_speaker_embeddings(path, ["ann"])


def test_damaged_script_files(tmp_path):
    path = tmp_path / "speakers.scp"
    path.write_text("ann somewhere.ark:4\nbob\n")
    with pytest.raises(EmotionTFError, match=r"line 2 of .*speakers\.scp is no entry .*received 'bob'"):
        read_speaker_embeddings(path, ["cid"])
    with pytest.raises(EmotionTFError, match=r"^somewhere\.ark cannot be read \(No such file"):
        read_speaker_embeddings(path, ["ann"])
    (tmp_path / "vectors.ark").write_bytes(ark(VECTORS))
    path.write_text(f"ann {tmp_path}/vectors.ark:5\n")
    with pytest.raises(EmotionTFError, match=r"'ann' of .*vectors\.ark, which .*speakers\.scp points at, is damaged"):
        read_speaker_embeddings(path, ["ann"])


def test_damaged_npz(tmp_path):
    path = tmp_path / "speakers.npz"
    np.savez_compressed(path, ann=VECTORS["ann"])
    whole = path.read_bytes()
    damaged = whole.replace(whole[60:64], b"\0\0\0\0")
    for content in (b"", b"no zip", whole[:-30], damaged):
        path.write_bytes(content)
        with pytest.raises(EmotionTFError, match=r"speakers\.npz is no whole \.npz file"):
            read_speaker_embeddings(path, ["ann"])


class Trap:
    """Makes a folder when it is unpickled."""

    def __init__(self, folder: Path):
        self.folder = folder

    def __reduce__(self):
        return os.mkdir, (str(self.folder),)


def test_no_code_is_run(tmp_path):
    """kaldiio alone would run the first two, and NumPy the third if it were let."""
    trap = tmp_path / "sprung"
    (tmp_path / "a.ark").write_bytes(b"ann PKL" + pickle.dumps(Trap(trap)))
    (tmp_path / "a.scp").write_text(f"ann mkdir {trap} |\n")
    np.savez(tmp_path / "a.npz", ann=np.array([Trap(trap)], dtype=object))
    for suffix in (".ark", ".scp", ".npz"):
        with pytest.raises(EmotionTFError):
            read_speaker_embeddings(tmp_path / f"a{suffix}", ["ann"])
        assert not trap.exists()
    dict(kaldiio.load_ark(str(tmp_path / "a.ark")))
    assert trap.exists(), "the trap does not work"


@pytest.mark.parametrize("line", ["ann touch {trap} |", "ann | touch {trap}", "ann a.ark\0:4", "ann"])
def test_script_that_is_more_than_a_list_of_places(tmp_path, line):
    (tmp_path / "a.scp").write_text(line.format(trap=tmp_path / "sprung") + "\n")
    with pytest.raises(EmotionTFError, match=r"line 1 of .* is no entry .* expected an utterance id and FILE:OFFSET"):
        read_speaker_embeddings(tmp_path / "a.scp", ["ann"])
    assert not (tmp_path / "sprung").exists()


def test_script_that_points_at_what_is_no_file(tmp_path):
    """Whoever opens a pipe waits for somebody to write into it, and /dev/zero has no end."""
    os.mkfifo(tmp_path / "pipe")
    for place in (tmp_path / "pipe", "/dev/zero", tmp_path):
        (tmp_path / "a.scp").write_text(f"ann {place}:4\n")
        with pytest.raises(EmotionTFError, match=rf"{place}, which line 1 of .* points at, is no file"):
            read_speaker_embeddings(tmp_path / "a.scp", ["ann"])


def test_kaldiio_is_not_installed(tmp_path, monkeypatch):
    path = tmp_path / "speakers.ark"
    path.write_bytes(ark(VECTORS))
    monkeypatch.setitem(sys.modules, "kaldiio", None)
    with pytest.raises(EmotionTFError, match=r"not installed\. To fix: pip install 'emotion-tf\[kaldi\]'"):
        read_speaker_embeddings(path, ["ann"])


def test_write(tmp_path):
    """NumPy reads what was written, names that mean something to its own writer among them."""
    ids = ["Ses01F/impro 01", "file", "ü"]
    embeddings = np.arange(6, dtype=np.float64).reshape(3, 2)
    path = tmp_path / "deep" / "speakers.npz"
    write_speaker_embeddings(path, ids, embeddings)
    with np.load(path) as content:
        assert content.files == ids
        np.testing.assert_array_equal([content[name] for name in ids], embeddings)
        assert content["file"].dtype == np.float32
    np.testing.assert_array_equal(read_speaker_embeddings(path, ids), embeddings)


def test_write_is_whole_or_not_at_all(tmp_path):
    path = tmp_path / "speakers.npz"
    with pytest.raises(ValueError, match="zip"):
        write_speaker_embeddings(path, ["ann", "bob"], np.ones((1, 2)))
    assert list(tmp_path.iterdir()) == []


def test_repeated_utterance_in_npz(tmp_path):
    path = tmp_path / "speakers.npz"
    write_speaker_embeddings(path, ["ann"], np.ones((1, 2)))
    with pytest.warns(UserWarning, match="Duplicate name"), zipfile.ZipFile(path, "a") as archive:
        archive.writestr("ann.npy", archive.read("ann.npy"))
    with pytest.raises(EmotionTFError, match=r"repeats an utterance.*'ann'"):
        read_speaker_embeddings(path, ["ann"])
