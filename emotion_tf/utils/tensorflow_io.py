"""The package tensorflow-io, whose compiled part belongs to one TensorFlow, and TensorFlow's own filesystems."""

import uuid
import warnings
from types import ModuleType
from typing import Any

COMPILED_FOR = ("2.16.", "2.17.")
"""The versions of TensorFlow with which the compiled ops of tensorflow-io 0.37, its last release, load."""


def tensorflow_io() -> ModuleType | None:
    """tensorflow-io, or None where it is not installed or its compiled ops do not load.

    With another TensorFlow it is not even imported, since it then writes to the standard error. TensorFlow learns of
    the filesystems that tensorflow-io has, such as hdfs:// and s3://, when it is first imported.
    """
    import tensorflow as tf

    if not tf.__version__.startswith(COMPILED_FOR):
        return None
    try:
        with warnings.catch_warnings():
            # It warns of filesystems that do not load; whoever asks for one of those is told of it then.
            warnings.simplefilter("ignore")
            import tensorflow_io
    except (ImportError, NotImplementedError):
        return None
    return tensorflow_io


def filesystem(scheme: str) -> "TensorFlowFilesystem | None":
    """The filesystem that TensorFlow, or tensorflow-io, has for URLs of a scheme; None if there is none."""
    import tensorflow as tf

    if scheme not in tf.io.gfile.get_registered_schemes():
        tensorflow_io()
    return TensorFlowFilesystem() if scheme in tf.io.gfile.get_registered_schemes() else None


class TensorFlowFilesystem:
    """As much of a filesystem of fsspec as this package asks of one, through TensorFlow."""

    def __init__(self) -> None:
        import tensorflow as tf

        self._tf = tf

    def info(self, url: str) -> dict[str, Any]:
        """Size, kind and time of a file or folder."""
        try:
            found = self._tf.io.gfile.stat(url)
        except self._tf.errors.NotFoundError:
            raise FileNotFoundError(url) from None
        kind = "directory" if found.is_directory else "file"
        return {"size": found.length, "type": kind, "mtime": found.mtime_nsec / 1e9}

    def open(self, url: str, mode: str) -> Any:
        """The file, to be read."""
        self.info(url)  # It would be opened at the first read only.
        return self._tf.io.gfile.GFile(url, mode)

    def makedirs(self, url: str, exist_ok: bool) -> None:
        """Makes a folder and its parents."""
        self._tf.io.gfile.makedirs(url)

    def put_file(self, source: str, url: str) -> None:
        """Copies a local file, whole or not at all."""
        folder, _, name = url.rpartition("/")
        aside = f"{folder}/.{name}.partial-{uuid.uuid4().hex}"
        self._tf.io.gfile.copy(source, aside)
        self._tf.io.gfile.rename(aside, url, overwrite=True)

    def mv(self, source: str, url: str) -> None:
        """Gives a file another name."""
        self._tf.io.gfile.rename(source, url, overwrite=True)
