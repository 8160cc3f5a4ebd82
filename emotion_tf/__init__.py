"""Speech emotion recognition from audio and transcript: MSCNN-SPU-ATT for Keras, TF Serving and TFLite.

Load a model and ask it, read a corpus, train on it, judge a run, export it; or take the layers and the backbone for a
network of your own. What takes TensorFlow is imported when it is first used.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from emotion_tf import corpora, inference, layers, models
    from emotion_tf.config import Config
    from emotion_tf.corpora import load as load_corpus
    from emotion_tf.errors import EmotionTFError
    from emotion_tf.evaluation import evaluate
    from emotion_tf.exporting import export
    from emotion_tf.inference import Prediction, Predictor, load
    from emotion_tf.layers import (
        MFCC,
        AcousticFrontEnd,
        ModalAttention,
        MultiScaleConv2D,
        StatisticalPooling,
        SWEMPooling,
    )
    from emotion_tf.recipes import Preset, preset, presets
    from emotion_tf.training import train
    from emotion_tf.transfer import adapt, distil
else:
    import importlib

    # Name -> where it is defined, as a module or as a module and a name in it.
    _PUBLIC = {
        "Config": "config:Config",
        "load_corpus": "corpora:load",
        "EmotionTFError": "errors:EmotionTFError",
        "evaluate": "evaluation:evaluate",
        "export": "exporting:export",
        "Prediction": "inference:Prediction",
        "Predictor": "inference:Predictor",
        "load": "inference:load",
        "MFCC": "layers:MFCC",
        "AcousticFrontEnd": "layers:AcousticFrontEnd",
        "ModalAttention": "layers:ModalAttention",
        "MultiScaleConv2D": "layers:MultiScaleConv2D",
        "StatisticalPooling": "layers:StatisticalPooling",
        "SWEMPooling": "layers:SWEMPooling",
        "Preset": "recipes:Preset",
        "preset": "recipes:preset",
        "presets": "recipes:presets",
        "train": "training:train",
        "adapt": "transfer:adapt",
        "distil": "transfer:distil",
        "corpora": "corpora",
        "inference": "inference",
        "layers": "layers",
        "models": "models",
    }

    def __getattr__(name: str):
        """The public name, from the module that defines it."""
        if name not in _PUBLIC:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        module, _, inner = _PUBLIC[name].partition(":")
        found = importlib.import_module(f"{__name__}.{module}")
        return getattr(found, inner) if inner else found

    def __dir__() -> list[str]:
        """What an editor or a notebook completes."""
        return sorted({*globals(), *__all__})


__version__ = "0.2.0"

__all__ = [
    "MFCC",
    "AcousticFrontEnd",
    "Config",
    "EmotionTFError",
    "ModalAttention",
    "MultiScaleConv2D",
    "Prediction",
    "Predictor",
    "Preset",
    "SWEMPooling",
    "StatisticalPooling",
    "__version__",
    "adapt",
    "corpora",
    "distil",
    "evaluate",
    "export",
    "inference",
    "layers",
    "load",
    "load_corpus",
    "models",
    "preset",
    "presets",
    "train",
]
