"""Whisper's log-mel spectrogram as a layer."""

from typing import Any

import keras

from emotion_tf.frontend.encoders.log_mel import HOP, SHORTEST, whisper_log_mel


@keras.saving.register_keras_serializable(package="emotion_tf")
class WhisperLogMel(keras.layers.Layer):
    """From waves to the log-mel spectrogram that Whisper's encoder reads, inside a model.

    It has no weights and computes in float32. Frames that do not count come out as zeros, which `keras.layers.Masking`
    recognises.

    Args:
        mel_bands: Mel bands, M.

    Call arguments:
        waveform: (B, N) float32 at 16 kHz, within [-1, 1].
        num_samples: (B,) int32, the length of each wave in samples; what lies behind it is ignored. 0 where there is no
            recording, whose frames all come out as zeros.

    Returns:
        Log-mel spectrogram (B, T, M) float32, 100 frames a second.

    Example:

    >>> WhisperLogMel()(keras.ops.ones((1, 16000)), keras.ops.convert_to_tensor([16000])).shape
    TensorShape([1, 100, 80])

    Reference:
        Radford et al., "Robust Speech Recognition via Large-Scale Weak Supervision", ICML 2023, section 2.2.
    """

    def __init__(self, mel_bands: int = 80, **kwargs: Any):
        super().__init__(**{**kwargs, "dtype": "float32", "trainable": False})
        self.mel_bands = mel_bands

    def call(self, waveform: Any, num_samples: Any) -> Any:
        """Computes the spectrogram."""
        return whisper_log_mel(waveform, num_samples, self.mel_bands)[0]

    def compute_output_shape(self, waveform_shape: Any, num_samples_shape: Any) -> tuple[int | None, ...]:
        """(B, T, M) from (B, N) and (B,)."""
        samples = waveform_shape[1]
        frames = None if samples is None else max(samples, SHORTEST) // HOP
        return (waveform_shape[0], frames, self.mel_bands)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "mel_bands": self.mel_bands}
