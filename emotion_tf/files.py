"""Writing so that nothing half-written is ever taken for whole, and reading what was written."""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from emotion_tf.errors import EmotionTFError


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Yields a temporary path beside `path`; what the block leaves there, file or folder, then takes its place.

    If the block raises, what was at `path` before stays as it was.

    Args:
        path: Where the file or folder shall be in the end. Its parents are made.

    Yields:
        The temporary path, not yet existing, on the same filesystem, with the suffix of `path`.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    room = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    temporary, aside = room / path.name, room / "aside"
    aside.mkdir()
    try:
        yield temporary
        if path.is_dir() and temporary.exists():
            # A folder that is not empty cannot be replaced in one step: the old one steps aside first.
            path.rename(aside / path.name)
        temporary.replace(path)
    finally:
        shutil.rmtree(room, ignore_errors=True)


def write_text(path: str | Path, text: str) -> None:
    """Writes `text` as UTF-8 to `path`, whole or not at all."""
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def write_json(path: str | Path, content: Any) -> None:
    """Writes `content` as indented JSON to `path`, whole or not at all."""
    write_text(path, json.dumps(content, indent=2, ensure_ascii=False) + "\n")


def read_json(path: str | Path) -> Any:
    """Reads a JSON file.

    Raises:
        EmotionTFError: If the file is missing or is not JSON.
    """
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise EmotionTFError(f"{path} does not exist", expected="a JSON file that emotion-tf wrote") from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise EmotionTFError(f"{path} is not valid JSON ({error})", fix="delete it and make it again") from None


def digest(content: Any) -> str:
    """SHA-256, as 64 hexadecimal digits, of the canonical JSON form of `content`.

    >>> digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})
    True
    """
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode("utf-8")).hexdigest()
