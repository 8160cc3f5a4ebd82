"""The package tensorflow-io, which may be missing or belong to another TensorFlow."""

import warnings
from types import ModuleType


def tensorflow_io() -> ModuleType | None:
    """tensorflow-io, or None where it is not installed.

    TensorFlow learns of the filesystems that it knows, such as hdfs:// and s3://, when it is first imported.
    """
    try:
        with warnings.catch_warnings():
            # It warns of filesystems that do not load; whoever asks for one of those is told of it then.
            warnings.simplefilter("ignore")
            import tensorflow_io
    except (ImportError, NotImplementedError):
        return None
    return tensorflow_io
