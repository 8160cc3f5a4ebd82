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

NEWER = ("quantization_config", "input_axes", "output_axes")
"""Arguments of Keras' own layers and initializers since 3.13, which say nothing where they are null.

The first, which is a layer's, tells whether the installed Keras knows them.
"""


@contextmanager
def for_installed_keras(path: Path) -> Iterator[Path]:
    """Gives the file, or a copy of it without the null arguments that the installed Keras does not know.

    An older Keras refuses an argument that it does not know, even where it is null. The copy goes with the context.

    Args:
        path: A `.keras` file.
    """
    if NEWER[0] in inspect.signature(keras.layers.Dense).parameters:
        yield path
        return
    with zipfile.ZipFile(path) as archive:
        if NEWER[0].encode() not in archive.read("config.json"):
            yield path
            return
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / path.name
            with zipfile.ZipFile(copy, "w") as copied:
                for entry in archive.infolist():
                    content = archive.read(entry)
                    if entry.filename == "config.json":
                        content = json.dumps(_without_null(json.loads(content))).encode()
                    copied.writestr(entry, content)
            yield copy


def _without_null(value: Any) -> Any:
    """The same without newer arguments that are null, at any depth."""
    if isinstance(value, dict):
        return {key: _without_null(item) for key, item in value.items() if key not in NEWER or item is not None}
    if isinstance(value, list):
        return [_without_null(item) for item in value]
    return value
