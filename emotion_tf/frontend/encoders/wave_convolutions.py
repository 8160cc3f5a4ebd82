"""The convolutions with which the wav2vec 2.0 family reads waves."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from emotion_tf.errors import EmotionTFError

EPSILON = 1e-5
"""What the normalisations between the convolutions add to the variance."""

WAVE_EPSILON = 1e-7
"""What the normalisation of the wave adds to its variance."""

NORMS = ("group", "layer")

KERNELS = (10, 3, 3, 3, 3, 2, 2)
STRIDES = (5, 2, 2, 2, 2, 2, 2)


@keras.saving.register_keras_serializable(package="emotion_tf")
class WaveConvolutions(keras.layers.Layer):
    """From waves to the frames that the transformers of wav2vec 2.0, HuBERT and WavLM read, by convolutions alone.

    No convolution pads, so a frame sees only the samples under its receptive field, and a frame counts where all of
    those do. The statistics of the normalisation along time are those of the frames that count. Frames that do not
    come out as zeros.

    Args:
        filters: Channels, C.
        kernel_sizes: Frames under the kernel of each convolution; the first counts samples.
        strides: Step of each convolution.
        norm: `group` normalises each channel along time behind the first convolution only; `layer` normalises each
            frame over its channels behind every one.
        use_bias: Whether the convolutions have biases.
        normalize_waveform: Whether each wave is first brought to mean 0 and variance 1.

    Call arguments:
        waveform: (B, N) float32 at 16 kHz, within [-1, 1].
        num_samples: (B,) int32, the length of each wave in samples; what lies behind it is ignored. 0 where there is no
            recording. One shorter than the receptive field of a frame counts as followed by silence.

    Returns:
        (B, T, C), 50 frames a second.

    Raises:
        EmotionTFError: If there is no such normalisation.

    Example:

    >>> layer = WaveConvolutions(32)
    >>> layer(keras.ops.ones((1, 16000)), keras.ops.convert_to_tensor([16000])).shape
    TensorShape([1, 49, 32])

    Reference:
        Baevski et al., "wav2vec 2.0: A Framework for Self-Supervised Learning of Speech Representations", NeurIPS 2020.
    """

    def __init__(
        self,
        filters: int = 512,
        kernel_sizes: Sequence[int] = KERNELS,
        strides: Sequence[int] = STRIDES,
        norm: str = "group",
        use_bias: bool = False,
        normalize_waveform: bool = True,
        **kwargs: Any,
    ):
        # The wave stays float32 under every policy.
        super().__init__(autocast=False, **kwargs)
        if norm not in NORMS:
            raise EmotionTFError("no such normalisation", expected=" or ".join(NORMS), received=norm)
        self.filters = filters
        self.kernel_sizes = tuple(kernel_sizes)
        self.strides = tuple(strides)
        self.norm = norm
        self.use_bias = use_bias
        self.normalize_waveform = normalize_waveform
        policy = self.dtype_policy
        self.convolutions = [
            keras.layers.Conv1D(filters, size, stride, use_bias=use_bias, name=f"convolution_{number}", dtype=policy)
            for number, (size, stride) in enumerate(zip(self.kernel_sizes, self.strides, strict=True), start=1)
        ]
        count = len(self.convolutions) if norm == "layer" else 0
        self.norms = [
            keras.layers.LayerNormalization(epsilon=EPSILON, name=f"norm_{number + 1}", dtype=policy)
            for number in range(count)
        ]

    @property
    def receptive_field(self) -> int:
        """Samples that a frame sees."""
        samples = 1
        for size, stride in reversed(list(zip(self.kernel_sizes, self.strides, strict=True))):
            samples = (samples - 1) * stride + size
        return samples

    def frame_count(self, num_samples: Any) -> Any:
        """Frames (B,) int32 of waves of (B,) samples."""
        frames = tf.maximum(num_samples, self.receptive_field)
        for size, stride in zip(self.kernel_sizes, self.strides, strict=True):
            frames = (frames - size) // stride + 1
        return tf.where(num_samples > 0, frames, 0)

    def build(self, *_: Any, **__: Any) -> None:
        """Makes the weights."""
        channels = 1
        for convolution in self.convolutions:
            convolution.build((None, None, channels))
            channels = self.filters
        for norm in self.norms:
            norm.build((None, None, self.filters))
        if self.norm == "group":
            self.scale = self.add_weight(shape=(self.filters,), initializer="ones", name="scale")
            self.offset = self.add_weight(shape=(self.filters,), initializer="zeros", name="offset")

    def call(self, waveform: Any, num_samples: Any) -> Any:
        """Convolves."""
        num_samples = tf.minimum(tf.cast(num_samples, tf.int32), tf.shape(waveform)[1])
        wave = tf.expand_dims(self._prepared(waveform, num_samples), -1)  # (B, N, 1)
        hidden = keras.ops.cast(wave, self.compute_dtype)
        for number, convolution in enumerate(self.convolutions):
            hidden = convolution(hidden)  # (B, T, C)
            if self.norms:
                hidden = self.norms[number](hidden)
            elif number == 0:
                hidden = self._normalize_along_time(hidden, num_samples)
            hidden = keras.ops.gelu(hidden, approximate=False)
        return hidden * _counts(self.frame_count(num_samples), hidden)

    def _prepared(self, waveform: Any, num_samples: Any) -> Any:
        """The waves (B, N) with nothing behind their ends, N no less than the receptive field."""
        length = waveform.shape[1]
        missing = tf.maximum(self.receptive_field - tf.shape(waveform)[1], 0)
        missing = missing if length is None else max(self.receptive_field - length, 0)
        waveform = tf.pad(waveform, [[0, 0], [0, missing]])
        counts = tf.sequence_mask(num_samples, tf.shape(waveform)[1])
        waveform = tf.where(counts, waveform, 0.0)
        if not self.normalize_waveform:
            return waveform
        samples = tf.cast(tf.maximum(num_samples, 1), tf.float32)[:, tf.newaxis]
        waveform = waveform - tf.reduce_sum(waveform, axis=1, keepdims=True) / samples
        waveform = tf.where(counts, waveform, 0.0)
        variance = tf.reduce_sum(tf.square(waveform), axis=1, keepdims=True) / samples
        return waveform * tf.math.rsqrt(variance + WAVE_EPSILON)

    def _normalize_along_time(self, hidden: Any, num_samples: Any) -> Any:
        """Mean 0 and variance 1 of each channel over the frames that count, then the learned scale and offset."""
        values = keras.ops.cast(hidden, "float32")
        num_samples = tf.where(num_samples > 0, tf.maximum(num_samples, self.receptive_field), 0)
        frames = tf.maximum((num_samples - self.kernel_sizes[0]) // self.strides[0] + 1, 0)
        counts = _counts(frames, values)
        total = tf.maximum(tf.cast(frames, tf.float32), 1.0)[:, tf.newaxis, tf.newaxis]
        values = values - tf.reduce_sum(values * counts, axis=1, keepdims=True) / total
        variance = tf.reduce_sum(tf.square(values) * counts, axis=1, keepdims=True) / total
        factor = tf.math.rsqrt(variance + EPSILON) * keras.ops.cast(self.scale, "float32")
        return keras.ops.cast(values * factor + keras.ops.cast(self.offset, "float32"), hidden.dtype)

    def compute_output_shape(self, waveform_shape: Any, num_samples_shape: Any) -> tuple[int | None, ...]:
        """(B, T, C) from (B, N) and (B,)."""
        frames = waveform_shape[1]
        if frames is not None:
            frames = max(frames, self.receptive_field)
            for size, stride in zip(self.kernel_sizes, self.strides, strict=True):
                frames = (frames - size) // stride + 1
        return (waveform_shape[0], frames, self.filters)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "filters": self.filters,
            "kernel_sizes": self.kernel_sizes,
            "strides": self.strides,
            "norm": self.norm,
            "use_bias": self.use_bias,
            "normalize_waveform": self.normalize_waveform,
        }


def _counts(frames: Any, hidden: Any) -> Any:
    """Ones (B, T, 1) for the first `frames` (B,) of `hidden` (B, T, C), zeros for the rest."""
    return tf.expand_dims(tf.sequence_mask(frames, tf.shape(hidden)[1], hidden.dtype), -1)
