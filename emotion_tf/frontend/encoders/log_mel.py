"""Whisper's log-mel spectrogram in TensorFlow ops, on the true samples of each utterance."""

import functools

import librosa
import numpy as np
import tensorflow as tf

SAMPLE_RATE = 16_000
WINDOW = 400
HOP = 160

LOWEST = -10.0
"""Logarithm to base 10 of the power below which a band counts as silent."""

SMALLEST = 1e-20
"""Keeps the slope of the logarithm finite in bands that are exactly zero."""

FIXED_POINT = 2**23
"""What one is in the tables of whole numbers; half precision still knows its inverse."""

RANGE = 8.0
"""Powers of ten below the loudest band of the utterance where the spectrogram is cut off."""

SHORTEST = WINDOW // 2 + 1
"""Samples that reflection at the edges needs; a shorter recording counts as followed by silence up to here."""

BLOCK = HOP // 2
"""Samples in a block: frames are five blocks long and begin at every second one."""


def frame_count(num_samples: tf.Tensor) -> tf.Tensor:
    """Frames of waves of `num_samples` samples: one for every whole hop, at least one, none where there are no samples.

    >>> frame_count(tf.constant([0, 1, 319, 320, 16000])).numpy()
    array([  0,   1,   1,   2, 100], dtype=int32)
    """
    return tf.where(num_samples > 0, tf.maximum(num_samples, SHORTEST) // HOP, 0)


# Rewriting the control flow of librosa, which this calls for constants, would take seconds.
@tf.autograph.experimental.do_not_convert
def whisper_log_mel(waveform: tf.Tensor, num_samples: tf.Tensor, mel_bands: int = 80) -> tuple[tf.Tensor, tf.Tensor]:
    """Whisper's log-mel spectrogram of a batch of waves.

    OpenAI's code pads every recording with silence up to 30 s first. Here the wave is reflected at its own two ends,
    and the loudest band is that of its own frames, so that neither padding nor the rest of the batch has a part in it.

    Args:
        waveform: (B, N) float32 at 16 kHz, within [-1, 1]; what lies behind a wave's end is ignored.
        num_samples: (B,) int32, the length of each wave in samples; 0 where there is no recording.
        mel_bands: Bands M, 80 except for the third version of the large model, which has 128.

    Returns:
        Log-mel spectrogram (B, T, M) float32, zero where the mask is False, and the mask (B, T) bool, with
        T = max(N, 201) // 160.

    Reference:
        Radford et al., "Robust Speech Recognition via Large-Scale Weak Supervision", ICML 2023, section 2.2.
    """
    length = tf.shape(waveform)[1] if waveform.shape[1] is None else waveform.shape[1]
    num_samples = tf.minimum(tf.cast(num_samples, tf.int32), length)
    frames = max(length, SHORTEST) // HOP if isinstance(length, int) else tf.maximum(length, SHORTEST) // HOP

    blocks = _reflected_blocks(waveform, num_samples, 2 * frames + 3)  # (B, 2T + 3, BLOCK)
    pieces = [blocks[:, first : first + 2 * frames : 2] for first in range(WINDOW // BLOCK)]
    # Always 0, which the converter to TFLite cannot know: what it is added to is no weight, and stays float32.
    zero = tf.minimum(tf.reduce_min(num_samples), 0)
    power = _power(tf.concat(pieces, axis=-1), zero)  # (B, T, 201)
    mel = _product(power, tf.constant(_mel_matrix(mel_bands)) + tf.cast(zero, tf.float32))  # (B, T, M)
    # Two floors: half precision, which a TFLite file may hold constants in, does not know the smaller number.
    decades = tf.maximum(tf.math.log(tf.maximum(mel, SMALLEST)) * (1 / np.log(10.0)), LOWEST)

    mask = tf.range(frames) < frame_count(num_samples)[:, tf.newaxis]
    counts = tf.cast(mask, tf.float32)[:, :, tf.newaxis]
    # A frame that does not count takes the smallest value there is, which is never the maximum.
    audible = decades * counts + LOWEST * (1.0 - counts)
    loudest = tf.reduce_max(audible, axis=(1, 2), keepdims=True)
    decades = tf.maximum(decades, loudest - RANGE)
    return (decades + 4.0) / 4.0 * counts, mask


def _reflected_blocks(waveform: tf.Tensor, num_samples: tf.Tensor, count: int | tf.Tensor) -> tf.Tensor:
    """Blocks (B, `count`, BLOCK) of the waves reflected at both of their ends, the first half a window before sample 0.

    Each wave's own end is found by an index, since padding comes between it and the end of the batch.
    """
    last = tf.maximum(num_samples, SHORTEST)[:, tf.newaxis, tf.newaxis] - 1
    # Positions as distances from the last sample: like this no table of all positions ends up in a TFLite file.
    starts = tf.range(count)[:, tf.newaxis] * BLOCK - WINDOW // 2
    behind_end = (starts - last) + tf.range(BLOCK)  # (B, count, BLOCK), above zero behind the end
    positions = last - tf.maximum(behind_end, -behind_end)
    positions = tf.maximum(positions, -positions)
    padded = tf.pad(waveform, [[0, 0], [0, 1]])
    samples = tf.gather(padded, tf.minimum(positions, tf.shape(waveform)[1]), batch_dims=1)
    return tf.where(positions < num_samples[:, tf.newaxis, tf.newaxis], samples, 0.0)


def _power(frames: tf.Tensor, zero: tf.Tensor) -> tf.Tensor:
    """Power spectra (B, T, 201) of frames (B, T, 400) under a Hann window.

    Window and cosine are even about the middle of the frame and the sine is odd, so that sums and differences of
    mirrored samples need half of the products. TFLite has no transform of 400 points.
    """
    middle = WINDOW // 2
    left, right = frames[:, :, 1:middle], tf.reverse(frames[:, :, middle + 1 :], [2])
    window, cosines, sines = _transform(zero)
    even = tf.concat([left + right, frames[:, :, middle : middle + 1]], -1) * window  # (B, T, 200)
    odd = (left - right) * window[:-1]  # (B, T, 199)
    return tf.square(_product(even, cosines)) + tf.square(_product(odd, sines))


def _transform(zero: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """The periodic Hann window (200,) of samples 1 to 200 of a frame, sample 0 being zero under it, cosines (200, 201)
    for the same samples, and sines (199, 201) for samples 1 to 199.

    They are looked up in one period, in whole numbers, each time. As constants they would lie in a TFLite file as a
    third of a megabyte, in half precision or 8 bits where weights are, and quiet bands would drown in the rounding of
    loud ones.
    """
    middle = WINDOW // 2
    period = 2 * np.pi * np.arange(WINDOW) / WINDOW
    cosine, sine = (
        tf.cast(tf.constant(np.rint(wave * FIXED_POINT).astype(np.int32)) + zero, tf.float32) * (1 / FIXED_POINT)
        for wave in (np.cos(period), np.sin(period))
    )
    samples = tf.range(middle + 1, WINDOW + 1) + zero
    places = samples[:, tf.newaxis] * tf.range(middle + 1) % WINDOW
    return 0.5 - 0.5 * cosine[1 : middle + 1], tf.gather(cosine, places), tf.gather(sine, places[:-1])


def _product(frames: tf.Tensor, matrix: tf.Tensor) -> tf.Tensor:
    """Product (B, T, n) of frames (B, T, m) and a matrix (m, n)."""
    return tf.tensordot(frames, matrix, axes=1)


@functools.cache
def _mel_matrix(mel_bands: int) -> np.ndarray:
    """Slaney's mel filters (201, mel_bands)."""
    return librosa.filters.mel(sr=SAMPLE_RATE, n_fft=WINDOW, n_mels=mel_bands).T.astype(np.float32)
