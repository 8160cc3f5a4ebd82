"""Small random encoders of every family, none from a checkpoint."""

from typing import Any

import keras
import numpy as np

from emotion_tf.frontend.encoders.architecture import Architecture, Wav2Vec2Architecture, WhisperArchitecture
from emotion_tf.frontend.encoders.speech_encoder import SpeechEncoder

NORM_FIRST = {"convolution_norm": "layer", "convolution_bias": True, "norm_first": True}


def _wave(family: str, **settings: Any) -> Wav2Vec2Architecture:
    return Wav2Vec2Architecture(family, width=48, heads=4, feedforward_width=96, blocks=2, filters=32, **settings)


ARCHITECTURES: dict[str, Architecture] = {
    "whisper": WhisperArchitecture(48, 4, 2),
    "wav2vec2": _wave("wav2vec2"),
    "wav2vec2, norm first": _wave("wav2vec2", **NORM_FIRST),
    "wavlm": _wave("wavlm", position_buckets=320, normalize_waveform=False),
    "wavlm, norm first": _wave("wavlm", position_buckets=320, **NORM_FIRST),
}


def make(kind: str, layers: tuple[int, ...] = (0, 1, 2), **settings: Any) -> SpeechEncoder:
    """A built encoder; biases and scales are random too, so that padding which leaked would show."""
    keras.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    encoder = SpeechEncoder(ARCHITECTURES[kind], layers, **settings)
    encoder.build()
    for variable in encoder.weights:
        if len(variable.shape) == 1 and variable.name != "logits":
            centre = 1.0 if variable.name in ("gamma", "scale", "factor") else 0.0
            variable.assign(rng.normal(centre, 0.3, variable.shape))
    return encoder
