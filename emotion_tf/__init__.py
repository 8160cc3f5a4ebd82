"""Speech emotion recognition from audio and transcript: MSCNN-SPU-ATT for Keras, TF Serving and TFLite."""

import importlib
from typing import Any

__version__ = "0.1.0"

# Name -> module. TensorFlow takes seconds to import, so each is imported when it is first used.
_PUBLIC = {
    "Config": "config",
    "EmotionTFError": "errors",
    "MFCC": "layers",
    "ModalAttention": "layers",
    "MultiScaleConv2D": "layers",
    "StatisticalPooling": "layers",
    "SWEMPooling": "layers",
    "preset": "recipes",
}

__all__ = ["__version__", *sorted(_PUBLIC)]


def __getattr__(name: str) -> Any:
    """The public name, from the module that defines it."""
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_PUBLIC[name]}"), name)
