"""Files on filesystems that are reached by a URL, through TensorFlow."""

import errno
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
from types import ModuleType
from typing import BinaryIO, cast

from emotion_tf.errors import EmotionTFError
from emotion_tf.utils.tensorflow_io import tensorflow_io


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
        url: Such as `gs://bucket/folder/file`; of any scheme for which TensorFlow, or tensorflow-io, has a filesystem.

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
        with self._gfile() as gfile:
            found = gfile.stat(self.url)
        kind = stat.S_IFDIR if found.is_directory else stat.S_IFREG
        times = {"st_mtime_ns": found.mtime_nsec}
        return os.stat_result((kind, 0, 0, 0, 0, 0, found.length, 0, found.mtime_nsec // 10**9, 0), times)

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
        return cast(BinaryIO, io.BufferedReader(_Stream(self)))

    def read_bytes(self) -> bytes:
        """The content of the file."""
        with self.open() as file:
            return file.read()

    def upload(self, source: Path) -> None:
        """Puts a local file here, whole or not at all."""
        aside = self.parent / f".{self.name}.partial-{uuid.uuid4().hex}"
        with self._gfile() as gfile:
            gfile.makedirs(str(self.parent))
            gfile.copy(str(source), str(aside))
            gfile.rename(str(aside), self.url, overwrite=True)

    @contextmanager
    def _gfile(self) -> Iterator[ModuleType]:
        """Yields TensorFlow's module of filesystems, and turns its errors into those of local files."""
        import tensorflow as tf

        scheme = self.url.partition("://")[0]
        if scheme not in tf.io.gfile.get_registered_schemes():
            tensorflow_io()
        schemes = sorted(set(tf.io.gfile.get_registered_schemes()) - {""})
        if scheme not in schemes:
            raise EmotionTFError(
                f"TensorFlow has no filesystem for {self.url}",
                expected=f"a local path, or a URL of {', '.join(schemes)}",
                fix="mount it, or pip install the tensorflow-io of this TensorFlow",
            )
        try:
            yield tf.io.gfile
        except tf.errors.OpError as error:
            reason = error.message.partition("\n")[0].strip() or "no such file"
            if isinstance(error, tf.errors.NotFoundError):
                raise FileNotFoundError(errno.ENOENT, reason, self.url) from None
            raise OSError(errno.EIO, reason, self.url) from None


class _Stream(io.RawIOBase):
    """The bytes of a remote file."""

    def __init__(self, path: RemotePath):
        self._path = path
        with path._gfile() as gfile:
            self._file = gfile.GFile(path.url, "rb")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        content = self._read(len(buffer))
        buffer[: len(content)] = content
        return len(content)

    def readall(self) -> bytes:
        return self._read(-1)

    def _read(self, size: int) -> bytes:
        with self._path._gfile():
            return self._file.read(size)

    def close(self) -> None:
        if not self.closed:
            self._file.close()
        super().close()
