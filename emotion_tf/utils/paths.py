"""Paths: local ones are those of pathlib, and URLs are read and written through fsspec or TensorFlow."""

import datetime
import errno
import functools
import io
import os
import posixpath
import re
import stat
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

from emotion_tf.errors import EmotionTFError
from emotion_tf.utils import tensorflow_io

EXTRAS = {"s3": "s3", "s3a": "s3", "gs": "gs", "gcs": "gs"}
"""The extra of this package that brings what fsspec needs for a scheme."""

RENAMING = {"hdfs", "webhdfs", "sftp", "ssh", "smb"}
"""Schemes of filesystems on which others see a file while it is written; object stores show whole files only."""

TIMES = ("mtime", "LastModified", "last_modified", "updated", "created")
"""Where the filesystems of fsspec say when a file was changed."""


def as_path(place: "str | Path | RemotePath") -> "Path | RemotePath":
    """A `RemotePath` for a URL and a `Path` for all else.

    Example:

    >>> as_path("gs://bucket/corpus.csv"), as_path("corpus.csv").is_absolute()
    (RemotePath(url='gs://bucket/corpus.csv'), False)
    """
    if isinstance(place, str):
        # A single letter before the colon is a drive of Windows.
        return RemotePath(place) if re.match(r"[a-z][a-z0-9+.-]+://", place) else Path(place)
    return place


@dataclass(frozen=True)
class RemotePath:
    """A file or folder that a URL names, with as much of the manner of `pathlib.Path` as this package asks of it.

    What fails raises an OSError, as it does for local files.

    Args:
        url: Such as `gs://bucket/folder/file`; of any scheme for which fsspec or TensorFlow has a filesystem.

    Example:

    >>> corpus = RemotePath("hdfs://host/corpora/one/corpus.csv")
    >>> print(corpus.parent / "../audio/a.wav", corpus.name, corpus.with_suffix(".json"))
    hdfs://host/corpora/audio/a.wav corpus.csv hdfs://host/corpora/one/corpus.json
    """

    url: str

    def __str__(self) -> str:
        return self.url

    def __truediv__(self, name: str) -> "RemotePath":
        # Object stores know no "..", so that names are put in order here.
        root, path = self._parts
        return RemotePath(root + posixpath.normpath(posixpath.join("/", path, name)).removeprefix("/"))

    @property
    def _parts(self) -> tuple[str, str]:
        """The URL up to and with the slash behind the host or bucket, and the rest."""
        scheme, _, place = self.url.partition("://")
        host, _, path = place.partition("/")
        return f"{scheme}://{host}/", path

    @property
    def name(self) -> str:
        """What stands behind the last slash."""
        return posixpath.basename(self.url)

    @property
    def suffix(self) -> str:
        """The end of the name, from its last full stop."""
        return posixpath.splitext(self.name)[1]

    @property
    def parent(self) -> "RemotePath":
        """The folder."""
        root, path = self._parts
        return RemotePath(root + posixpath.dirname(path))

    def with_suffix(self, suffix: str) -> "RemotePath":
        """The same name with another suffix."""
        return RemotePath(self.url.removesuffix(self.suffix) + suffix)

    def stat(self) -> os.stat_result:
        """Size, time of the last change as far as the filesystem tells it, and whether this is a file or a folder."""
        with self._files() as files:
            found = files.info(self.url)
        changed = next((found[name] for name in TIMES if found.get(name)), 0)
        if isinstance(changed, str):
            changed = datetime.datetime.fromisoformat(changed.replace("Z", "+00:00"))
        seconds = changed.timestamp() if isinstance(changed, datetime.datetime) else float(changed)
        kind = stat.S_IFDIR if found["type"] == "directory" else stat.S_IFREG
        content = (kind, 0, 0, 0, 0, 0, int(found.get("size") or 0), 0, int(seconds), 0)
        return os.stat_result(content, {"st_mtime_ns": round(seconds * 1e9)})

    def exists(self) -> bool:
        """Whether there is such a file or folder."""
        try:
            self.stat()
        except FileNotFoundError:
            return False
        return True

    def is_file(self) -> bool:
        """Whether there is such a file."""
        return self.exists() and stat.S_ISREG(self.stat().st_mode)

    def open(self, mode: str = "rb") -> BinaryIO:
        """The file, to be read from its beginning to its end; "rb" is the only mode."""
        with self._files() as files:
            file = files.open(self.url, "rb")
        return cast(BinaryIO, io.BufferedReader(_Stream(self, file)))

    def read_bytes(self) -> bytes:
        """The content of the file."""
        with self.open() as file:
            return file.read()

    def upload(self, source: Path) -> None:
        """Puts a local file here, whole or not at all."""
        with self._files() as files:
            files.makedirs(str(self.parent), exist_ok=True)
            if self.url.partition("://")[0] in RENAMING:
                aside = str(self.parent / f".{self.name}.partial-{uuid.uuid4().hex}")
                files.put_file(str(source), aside)
                files.mv(aside, self.url)
            else:
                files.put_file(str(source), self.url)

    @contextmanager
    def _files(self) -> Iterator[Any]:
        """Yields the filesystem, and turns its errors into those of local files."""
        files = _filesystem(self.url.partition("://")[0])
        try:
            yield files
        except FileNotFoundError as error:
            raise FileNotFoundError(errno.ENOENT, "no such file", self.url) from error
        except Exception as error:
            # Each filesystem raises errors of its own, by no means all of them OSErrors.
            reason = str(error).partition("\n")[0].strip() or type(error).__name__
            raise OSError(errno.EIO, reason, self.url) from error


@functools.cache
def _filesystem(scheme: str) -> Any:
    """fsspec's filesystem for a scheme; TensorFlow's where fsspec has none, or lacks the package that it needs."""
    import fsspec

    try:
        return fsspec.filesystem(scheme)
    except (ImportError, ValueError) as error:
        files = tensorflow_io.filesystem(scheme)
        if files is not None:
            return files
        extra = EXTRAS.get(scheme)
        raise EmotionTFError(
            f"there is no filesystem for {scheme}:// ({error})",
            expected="a local path, or a URL of a scheme that fsspec knows, such as http, gs and s3",
            fix=f"pip install 'emotion-tf[{extra}]'" if extra else "copy the files here, or mount their filesystem",
        ) from None


class _Stream(io.RawIOBase):
    """The bytes of a remote file."""

    def __init__(self, path: RemotePath, file: Any):
        self._path, self._file = path, file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        content = self._read(len(buffer))
        buffer[: len(content)] = content
        return len(content)

    def readall(self) -> bytes:
        return self._read(-1)

    def _read(self, size: int) -> bytes:
        with self._path._files():
            return self._file.read(size)

    def close(self) -> None:
        if not self.closed:
            self._file.close()
        super().close()
