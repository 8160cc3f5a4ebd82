"""Writing so that nothing half-written is ever taken for whole, and reading what was written."""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from emotion_tf.errors import EmotionTFError
from emotion_tf.utils.paths import RemotePath, as_path
from emotion_tf.utils.swap import restore, take_place

MAX_BYTES = 2**25
"""Largest file that is read whole, such as JSON, which takes up to 25 times as much memory once it is parsed."""

MAX_LINE_BYTES = 2**20
"""Longest line of a file that is read line by line."""


@contextmanager
def replacing(path: str | Path | RemotePath) -> Iterator[Path]:
    """Yields a temporary path beside `path`; what the block leaves there, file or folder, then takes its place.

    If the block raises, what was at `path` before stays as it was. So it does, or what is new is whole, where the
    process is killed; the temporary path is then left behind, and `sweep` removes it.

    Args:
        path: Where the file or folder shall be in the end. Its parents are made. A URL is for files only.

    Yields:
        The temporary path, not yet existing, on the same filesystem, or a local one for a URL, with the name of `path`.
    """
    path = as_path(path)
    if isinstance(path, RemotePath):
        with tempfile.TemporaryDirectory() as folder:
            temporary = Path(folder, path.name)
            yield temporary
            path.upload(temporary)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    room = Path(tempfile.mkdtemp(prefix=f".{path.name}.partial-", dir=path.parent))
    temporary = room / path.name
    try:
        yield temporary
        take_place(temporary, path)
    except OSError as error:
        # A full disk says that it is full, but not what it had no room for.
        if error.strerror and not error.filename:
            error.filename = str(path)
        raise
    finally:
        shutil.rmtree(room, ignore_errors=True)


def records_dir_of(workdir: str | Path, records_dir: str | Path | RemotePath | None = None) -> Path | RemotePath:
    """The folder where features are kept from run to run.

    Args:
        workdir: The run's folder.
        records_dir: The folder that was asked for; None for `records` beside the workdir.

    >>> records_dir_of("runs/first").as_posix()
    'runs/records'
    """
    return Path(workdir).parent / "records" if records_dir is None else as_path(records_dir)


def sweep(folder: str | Path, name: str = "*") -> None:
    """Removes what killed processes left half-written in a folder, and puts back what they set aside.

    It is only for who holds the lock of what it removes.

    Args:
        folder: Where it lies. Folders below are left alone.
        name: What it would have become; a pattern as `glob` takes it.
    """
    for beside in Path(folder).glob(f".{name}.replaced"):
        restore(beside.with_name(beside.name.removeprefix(".").removesuffix(".replaced")))
    for room in Path(folder).glob(f".{name}.partial-*"):
        shutil.rmtree(room, ignore_errors=True)


def write_text(path: str | Path | RemotePath, text: str) -> None:
    """Writes `text` as UTF-8 to `path`, whole or not at all."""
    write_bytes(path, text.encode("utf-8"))


def write_bytes(path: str | Path | RemotePath, content: bytes) -> None:
    """Writes `content` to `path`, whole or not at all."""
    with writing(path) as file:
        file.write(content)


@contextmanager
def writing(path: str | Path | RemotePath) -> Iterator[BinaryIO]:
    """Yields an open file; what is written to it is at `path` after the block, or nothing if the block raises."""
    with replacing(path) as temporary, temporary.open("wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())


def write_json(path: str | Path | RemotePath, content: Any) -> None:
    """Writes `content` as indented JSON to `path`, whole or not at all."""
    write_text(path, format_json(content))


def format_json(content: Any) -> str:
    """Indented JSON, as it is written into files.

    >>> print(format_json({"a": "é"}), end="")
    {
      "a": "é"
    }
    """
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def read_bounded(path: str | Path | RemotePath, max_bytes: int = MAX_BYTES) -> bytes:
    """Reads a file whole that may have been written by anybody.

    Args:
        path: The file.
        max_bytes: Of a larger one, no more than this is read before it is refused.

    Raises:
        EmotionTFError: If the file is larger.
        OSError: If it cannot be read.
    """
    with as_path(path).open("rb") as file:
        content = file.read(max_bytes + 1)
    if len(content) > max_bytes:
        raise EmotionTFError(f"{path} is too large", expected=f"at most {max_bytes} bytes")
    return content


def read_lines(file: BinaryIO, name: str) -> Iterator[bytes]:
    """The lines of a file that may have been written by anybody, each with its end, in constant memory.

    Args:
        file: The file, at the beginning of a line.
        name: How errors call it.

    Raises:
        EmotionTFError: If a line is longer than `MAX_LINE_BYTES`.
    """
    number = 0
    while line := file.readline(MAX_LINE_BYTES + 1):
        number += 1
        if len(line) > MAX_LINE_BYTES:
            raise EmotionTFError(f"line {number} of {name} is too long", expected=f"at most {MAX_LINE_BYTES} bytes")
        yield line


def read_text_lines(path: str | Path | RemotePath) -> Iterator[str]:
    """The lines of a UTF-8 text, as `read_lines` gives them, without the mark with which Windows begins a file.

    Raises:
        EmotionTFError: If a line is too long or is not UTF-8.
        OSError: If the file cannot be read.
    """
    with as_path(path).open("rb") as file:
        for number, line in enumerate(read_lines(file, str(path)), start=1):
            try:
                yield line.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError:
                raise EmotionTFError(f"{path}, line {number} is not UTF-8", fix="save the file as UTF-8") from None


def read_json(path: str | Path | RemotePath) -> Any:
    """Reads a JSON file.

    Raises:
        EmotionTFError: If the file is missing, larger than `MAX_BYTES` or is not JSON.
    """
    try:
        return parse_json(read_bounded(path))
    except FileNotFoundError:
        raise EmotionTFError(f"{path} does not exist", expected="a JSON file that emotion-tf wrote") from None
    except json.JSONDecodeError as error:
        raise EmotionTFError(f"{path} is not valid JSON ({error})", fix="delete it and make it again") from None


def parse_json(text: str | bytes) -> Any:
    """What JSON in a text means.

    Raises:
        json.JSONDecodeError: If it is not JSON, whatever the reason: brackets in brackets without end, a number of
            thousands of digits and bytes that are not UTF-8 too.
    """
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        raise
    except (ValueError, RecursionError) as error:
        raise json.JSONDecodeError(str(error), "", 0) from None


def canonical_json(content: Any) -> str:
    """JSON of `content` without blanks and with sorted keys, so that equal content gives equal text.

    >>> canonical_json({"b": 2, "a": [1, "é"]})
    '{"a":[1,"é"],"b":2}'
    """
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def digest(content: Any) -> str:
    """SHA-256, as 64 hexadecimal digits, of the canonical JSON form of `content`.

    >>> digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})
    True
    """
    return hashlib.sha256(canonical_json(content).encode("utf-8")).hexdigest()


def seed_of(name: str) -> int:
    """A seed of 32 bits for a generator of random numbers, always the same for the same name.

    >>> seed_of("utterance 1") == seed_of("utterance 1") != seed_of("utterance 2")
    True
    """
    return int(digest(name)[:8], 16)


def hash_rows(found: Any, rows: Iterable[Any]) -> Any:
    """Adds the canonical JSON form of a list to a hash of `hashlib`, row by row, so that none stays in memory.

    >>> hash_rows(hashlib.sha256(), ([1, 2] for _ in range(2))).hexdigest() == digest([[1, 2], [1, 2]])
    True
    """
    found.update(b"[")
    for number, row in enumerate(rows):
        found.update(f"{',' if number else ''}{canonical_json(row)}".encode())
    found.update(b"]")
    return found


def file_digest(path: str | Path | RemotePath) -> str:
    """SHA-256, as 64 hexadecimal digits, of the bytes of a file."""
    found = hashlib.sha256()
    with as_path(path).open("rb") as file:
        while block := file.read(2**20):
            found.update(block)
    return found.hexdigest()
