"""The acoustic front end as a layer."""

import dataclasses
from typing import Any

import keras
import tensorflow as tf

from emotion_tf.config import Config, FeatureConfig
from emotion_tf.frontend.spectral import acoustic_features


@keras.saving.register_keras_serializable(package="emotion_tf")
class AcousticFrontEnd(keras.layers.Layer):
    """From waves to the acoustic features that its `FeatureConfig` asks for, inside a model.

    It has no weights and computes in float32. Frames that do not count come out as zeros, which `keras.layers.Masking`
    recognises: no true frame is all zeros, since silence lies at -100 dB.

    Args:
        features: The settings of the front end.
        silence_is_absence: Whether a wave of exact zeros alone counts as no recording.

    Call arguments:
        waveform: (B, N) float32, within [-1, 1], at `features.sample_rate`.
        num_samples: (B,) int32, the length of each wave in samples; what lies behind it is ignored. 0 where there is no
            recording, whose frames all come out as zeros.

    Returns:
        Features (B, T, `features.width`) float32.

    Example:

    >>> AcousticFrontEnd()(keras.ops.ones((1, 16000)), keras.ops.convert_to_tensor([16000])).shape
    TensorShape([1, 101, 96])

    Reference:
        Davis and Mermelstein, "Comparison of parametric representations for monosyllabic word recognition", 1980.
    """

    def __init__(self, features: FeatureConfig | None = None, silence_is_absence: bool = False, **kwargs: Any):
        super().__init__(**{**kwargs, "dtype": "float32", "trainable": False})
        self.features = features or FeatureConfig()
        self.silence_is_absence = silence_is_absence

    def call(self, waveform: Any, num_samples: Any) -> tf.Tensor:
        """Computes the features of `waveform`."""
        return acoustic_features(waveform, num_samples, self.features, self.silence_is_absence)[0]

    def compute_output_shape(self, waveform_shape: Any, num_samples_shape: Any) -> tuple[int | None, ...]:
        """(B, T, width) from (B, N) and (B,)."""
        samples = waveform_shape[1]
        frames = None if samples is None else min(1 + samples // self.features.hop_length, self.features.max_frames)
        return (waveform_shape[0], frames, self.features.width)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "features": dataclasses.asdict(self.features),
            "silence_is_absence": self.silence_is_absence,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "AcousticFrontEnd":
        """The inverse of `get_config`."""
        # A file holds lists where the settings have tuples.
        features = Config.from_dict({"features": config["features"]}).features
        return cls(**{**config, "features": features})
