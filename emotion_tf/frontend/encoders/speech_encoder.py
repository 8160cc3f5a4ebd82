"""A pretrained encoder from wave to frames, as one layer."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from emotion_tf.errors import EmotionTFError
from emotion_tf.frontend.encoders import log_mel
from emotion_tf.frontend.encoders.architecture import (
    Architecture,
    Wav2Vec2Architecture,
    WhisperArchitecture,
    architecture_from_dict,
    architecture_to_dict,
)
from emotion_tf.frontend.encoders.layer_weighted_sum import LayerWeightedSum
from emotion_tf.frontend.encoders.outputs import checked_layers
from emotion_tf.frontend.encoders.wav2vec2_encoder import Wav2Vec2Encoder
from emotion_tf.frontend.encoders.wave_convolutions import WaveConvolutions
from emotion_tf.frontend.encoders.whisper_encoder import WhisperEncoder
from emotion_tf.frontend.encoders.whisper_log_mel import WhisperLogMel

MERGES = ("concatenate", "weighted_sum")


@keras.saving.register_keras_serializable(package="emotion_tf")
class SpeechEncoder(keras.layers.Layer):
    """From waves to the frames of a pretrained encoder, inside a model.

    It works on the true frames of each recording, never on 30 s of padding, so that the frames of a recording are the
    same alone, in a batch and under any padding. Frames that do not count come out as zeros, which
    `keras.layers.Masking` recognises. `load_encoder` makes one with the weights of a checkpoint.

    Args:
        architecture: The sizes of the encoder, or the dictionary of `get_config`.
        output_layers: The layers wanted, in ascending order, from 0, what enters the first block, to the number of
            blocks. Blocks above the highest are not made.
        merge: `concatenate` puts their channels side by side, `weighted_sum` adds them up under learned weights.
        trainable_blocks: Blocks to train, counted from the top; all else is frozen.
        lora_rank: Rank of low-rank adapters on those, which are then trained in place of the blocks; None for none.
        silence_is_absence: Whether a wave of exact zeros alone counts as no recording.
        max_samples: Longer waves are cut there; None cuts none.

    Call arguments:
        waveform: (B, N) float32 at 16 kHz, within [-1, 1].
        num_samples: (B,) int32, the length of each wave in samples; what lies behind it is ignored. 0 where there is no
            recording, whose frames all come out as zeros.

    Returns:
        (B, T, width), 50 frames a second.

    Raises:
        EmotionTFError: If there is no such layer or no such merge.

    Example:

    >>> encoder = SpeechEncoder(WhisperArchitecture(width=64, heads=1, blocks=2), output_layers=(1, 2))
    >>> encoder(keras.ops.ones((1, 16000)), keras.ops.convert_to_tensor([16000])).shape
    TensorShape([1, 50, 128])
    """

    def __init__(
        self,
        architecture: Architecture | dict[str, Any],
        output_layers: Sequence[int],
        merge: str = "concatenate",
        trainable_blocks: int = 0,
        lora_rank: int | None = None,
        silence_is_absence: bool = False,
        max_samples: int | None = None,
        **kwargs: Any,
    ):
        # The wave stays float32 under every policy.
        super().__init__(autocast=False, **kwargs)
        if isinstance(architecture, dict):
            architecture = architecture_from_dict(architecture)
        if merge not in MERGES:
            raise EmotionTFError("layers are not merged like this", expected=" or ".join(MERGES), received=merge)
        self.architecture = architecture
        self.output_layers = checked_layers(output_layers, architecture.blocks)
        self.merge = merge
        self.trainable_blocks = trainable_blocks
        self.lora_rank = lora_rank
        self.silence_is_absence = silence_is_absence
        self.max_samples = max_samples
        if isinstance(architecture, WhisperArchitecture):
            self.waves: Any = WhisperLogMel(architecture.mel_bands, name="waves")
            self.encoder: Any = self._whisper(architecture)
        else:
            self.waves = self._convolutions(architecture)
            self.encoder = self._wav2vec2(architecture)
        self.waves.trainable = False
        self.mixture = None
        if merge == "weighted_sum":
            self.mixture = LayerWeightedSum(len(self.output_layers), name="mixture", dtype=self.dtype_policy)

    def _whisper(self, architecture: WhisperArchitecture) -> WhisperEncoder:
        return WhisperEncoder(
            architecture.width,
            architecture.heads,
            architecture.blocks,
            self.output_layers,
            architecture.mel_bands,
            self.trainable_blocks,
            self.lora_rank,
            name="encoder",
            dtype=self.dtype_policy,
        )

    def _convolutions(self, architecture: Wav2Vec2Architecture) -> WaveConvolutions:
        return WaveConvolutions(
            architecture.filters,
            architecture.kernel_sizes,
            architecture.strides,
            architecture.convolution_norm,
            architecture.convolution_bias,
            architecture.normalize_waveform,
            name="waves",
            dtype=self.dtype_policy,
        )

    def _wav2vec2(self, architecture: Wav2Vec2Architecture) -> Wav2Vec2Encoder:
        return Wav2Vec2Encoder(
            architecture.width,
            architecture.heads,
            architecture.feedforward_width,
            architecture.blocks,
            self.output_layers,
            input_width=architecture.filters,
            norm_first=architecture.norm_first,
            normalize_input=architecture.normalize_input,
            position_kernel_size=architecture.position_kernel_size,
            position_groups=architecture.position_groups,
            position_buckets=architecture.position_buckets,
            max_distance=architecture.max_distance,
            trainable_blocks=self.trainable_blocks,
            lora_rank=self.lora_rank,
            name="encoder",
            dtype=self.dtype_policy,
        )

    @property
    def width(self) -> int:
        """Channels of the frames that come out."""
        layers = 1 if self.merge == "weighted_sum" else len(self.output_layers)
        return layers * self.architecture.width

    def frame_count(self, num_samples: Any) -> Any:
        """Frames (B,) int32 of waves of (B,) samples; none where there are no samples."""
        num_samples = tf.cast(num_samples, tf.int32)
        if isinstance(self.waves, WaveConvolutions):
            return self.waves.frame_count(num_samples)
        return (log_mel.frame_count(num_samples) + 1) // 2

    def build(self, *_: Any, **__: Any) -> None:
        """Makes the weights."""
        if isinstance(self.waves, WaveConvolutions):
            self.waves.build((None, None))
        inner = self.architecture.width
        self.encoder.build((None, None, None))
        if self.mixture is not None:
            self.mixture.build((None, None, len(self.output_layers) * inner))

    def call(self, waveform: Any, num_samples: Any) -> Any:
        """Computes the frames."""
        return self.encode(waveform, num_samples)[0]

    def encode(self, waveform: Any, num_samples: Any) -> tuple[Any, Any]:
        """The frames (B, T, width), zeros where they do not count, and the mask (B, T) bool of those that do."""
        if self.max_samples is not None:
            waveform = waveform[:, : self.max_samples]
        num_samples = tf.minimum(tf.cast(num_samples, tf.int32), tf.shape(waveform)[1])
        if self.silence_is_absence:
            within = tf.sequence_mask(num_samples, tf.shape(waveform)[1])
            heard = tf.reduce_any(tf.logical_and(within, waveform != 0.0), axis=1)
            num_samples = tf.where(heard, num_samples, 0)
        inputs = self.waves(waveform, num_samples)
        if isinstance(self.waves, WaveConvolutions):
            counts = self.frame_count(num_samples)
        else:
            counts = log_mel.frame_count(num_samples)
        frames = self.encoder(inputs, mask=tf.range(tf.shape(inputs)[1]) < counts[:, tf.newaxis])
        if self.mixture is not None:
            frames = self.mixture(frames)
        return frames, tf.range(tf.shape(frames)[1]) < self.frame_count(num_samples)[:, tf.newaxis]

    def compute_output_shape(self, waveform_shape: Any, num_samples_shape: Any) -> tuple[int | None, ...]:
        """(B, T, width) from (B, N) and (B,)."""
        samples = waveform_shape[1]
        if samples is not None and self.max_samples is not None:
            samples = min(samples, self.max_samples)
        inputs = self.waves.compute_output_shape((waveform_shape[0], samples), num_samples_shape)
        return (*self.encoder.compute_output_shape(inputs)[:2], self.width)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "architecture": architecture_to_dict(self.architecture),
            "output_layers": self.output_layers,
            "merge": self.merge,
            "trainable_blocks": self.trainable_blocks,
            "lora_rank": self.lora_rank,
            "silence_is_absence": self.silence_is_absence,
            "max_samples": self.max_samples,
        }
