"""Opening a `.keras` file that a newer Keras wrote."""

import inspect
import json
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keras

SINCE_KERAS_3_13 = "quantization_config"
"""An argument of Keras' own layers that says nothing where it is null."""


@contextmanager
def for_installed_keras(path: Path) -> Iterator[Path]:
    """Gives the file, or a copy of it without the null arguments that the installed Keras does not know.

    An older Keras refuses an argument that it does not know, even where it is null. The copy goes with the context.

    Args:
        path: A `.keras` file.
    """
    with zipfile.ZipFile(path) as archive:
        known = SINCE_KERAS_3_13 in inspect.signature(keras.layers.Dense).parameters
        written = b"" if known else archive.read("config.json")
        if SINCE_KERAS_3_13.encode() not in written:
            yield path
            return
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / path.name
            with zipfile.ZipFile(copy, "w") as copied:
                for entry in archive.infolist():
                    content = archive.read(entry)
                    if entry.filename == "config.json":
                        content = json.dumps(_without_null(json.loads(content), SINCE_KERAS_3_13)).encode()
                    copied.writestr(entry, content)
            yield copy


def _without_null(value: Any, name: str) -> Any:
    """The same without what is null under the name, at any depth."""
    if isinstance(value, dict):
        return {key: _without_null(item, name) for key, item in value.items() if key != name or item is not None}
    if isinstance(value, list):
        return [_without_null(item, name) for item in value]
    return value
