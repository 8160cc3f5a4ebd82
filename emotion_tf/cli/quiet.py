"""Keeps what TensorFlow says to its own developers off the standard error."""

import importlib.machinery
import importlib.util
import logging
import os
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from types import ModuleType

from emotion_tf.utils.native_stderr import discarding_native_stderr


def quiet_tensorflow() -> None:
    """Silences TensorFlow in this process and in those that it starts. It need not be imported, now or later."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # `absl` is the logger of the converter to TFLite, among others.
    for name in ("tensorflow", "absl"):
        logging.getLogger(name).setLevel(logging.ERROR)
    # The first library that logs through the root sets logging up, unless somebody has, and every line comes twice.
    if not logging.getLogger().handlers:
        logging.getLogger().addHandler(logging.NullHandler())
    if "tensorflow" not in sys.modules and not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


class _Finder(MetaPathFinder):
    """Discards what TensorFlow's libraries print while they are loaded.

    Since TensorFlow 2.19 they tell of oneDNN and of missing CUDA drivers before they read TF_CPP_MIN_LOG_LEVEL, and no
    other variable stops them.
    """

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """The usual way to import TensorFlow, but in silence; None for all other modules."""
        if name != "tensorflow":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module

            def exec_module(module: ModuleType) -> None:
                with discarding_native_stderr():
                    execute(module)

            spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec
