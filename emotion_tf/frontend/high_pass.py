"""What is no voice is taken out of the wave before it is analysed: an offset, hum, and clicks at its ends.

Offset and mains hum last as long as the recording, and are fitted to the whole of it. Whatever else there is at the low
end is estimated by a linear-phase low-pass filter and subtracted. The filter runs at a rate of a few hundred hertz,
from blocks of samples to one value each and back, so that 7.5 seconds cost three million multiplications in place of
160 million.
"""

import functools

import numpy as np
import scipy.signal
import tensorflow as tf

STOP_SHARE = 2 / 3
"""What lies below this share of `highpass_hz` is taken out: at 90 Hz, that is hum of 50 and 60 Hz."""

MAINS_HZ = (50, 60)
"""The hum of the mains of the world."""

ATTENUATION_DB = 80.0

RATE_FACTOR = 4.4
"""Rate of the low end over `highpass_hz`. It leaves two and a half octaves for the filters that change the rate."""

EDGE_SECONDS = 0.005
"""At each end, a stretch as long as this is silenced, and a second one is faded: there are the clicks of switches."""


def high_pass(waveform: tf.Tensor, num_samples: tf.Tensor, highpass_hz: float, sample_rate: int) -> tf.Tensor:
    """Takes the low end out of a batch of waves.

    Args:
        waveform: (B, N) float32.
        num_samples: (B,) int32, the length of each wave in samples; what lies behind it is ignored.
        highpass_hz: What lies above is left as it is; what lies below `STOP_SHARE` of it is taken out.
        sample_rate: Rate of the waves, in hertz.

    Returns:
        (B, N) float32, zero behind the end of each wave.
    """
    down, low_pass, up = _filters(highpass_hz, sample_rate)
    block, length = down.shape[1], tf.shape(waveform)[1]
    # An edge is at most a quarter of a wave, which may be shorter than the two edges.
    edge = tf.minimum(round(EDGE_SECONDS * sample_rate), num_samples // 4)  # (B,)

    waveform = tf.pad(waveform, [[0, 0], [0, _minus(length, block)]])
    share, inner = _share(waveform, num_samples, edge, block)
    waveform -= _offset(waveform, share)
    for hertz in MAINS_HZ:
        waveform -= _hum(waveform, share, inner, num_samples, hertz, sample_rate, block)
    margin = sum(len(taps) // 2 for taps in (down, low_pass, up))
    low = tf.reshape(_extended(waveform, num_samples, edge, margin, block), [tf.shape(waveform)[0], -1, block])
    for taps in (down, low_pass, up):
        low = tf.nn.conv1d(low, tf.constant(taps), stride=1, padding="VALID")  # at last (B, N / block, block)
    waveform -= tf.reshape(low, tf.shape(waveform))

    ramp = tf.minimum(share, 1.0 - share) * inner / tf.cast(tf.maximum(edge, 1), tf.float32)[:, tf.newaxis]
    ramp = tf.clip_by_value(ramp, 0.0, 1.0)
    return (waveform * ramp * ramp * (3.0 - 2.0 * ramp))[:, :length]


def _minus(value: tf.Tensor, modulus: tf.Tensor | int) -> tf.Tensor:
    """The negative of a number modulo another; ONNX has no modulus of what is below zero that rounds downwards."""
    return tf.math.floormod(modulus - tf.math.floormod(value, modulus), modulus)


def _positions(num_blocks: tf.Tensor, block: int, first: tf.Tensor) -> tf.Tensor:
    """Numbers (B, `num_blocks` · `block`) of samples that follow each other, from `first` (B,) on."""
    # Block by block and from `first` on, lest the numbers lie in a TFLite file of fixed length as half a megabyte.
    starts = first[:, tf.newaxis] + block * tf.range(num_blocks)  # (B, num_blocks)
    return tf.reshape(starts[:, :, tf.newaxis] + tf.range(block), [tf.shape(first)[0], -1])


def _share(waveform: tf.Tensor, num_samples: tf.Tensor, edge: tf.Tensor, block: int) -> tuple[tf.Tensor, tf.Tensor]:
    """Which share of the way from edge to edge lies before each sample (B, N), and the way in samples (B, 1)."""
    # Counted from the end: it is not known before, which the numbers from the start would be.
    from_end = _positions(tf.shape(waveform)[1] // block, block, -num_samples)
    inner = tf.cast(tf.maximum(num_samples - 2 * edge - 1, 1), tf.float32)[:, tf.newaxis]
    return 1.0 + tf.cast(from_end + 1 + edge[:, tf.newaxis], tf.float32) / inner, inner


def _window(share: tf.Tensor) -> tf.Tensor:
    """Weights (B, N) that rise and fall within shares of 0 to 1; their sum over each wave is 1."""
    # Tones that lie tens of periods away are heard 100 dB more faintly.
    share = tf.clip_by_value(share, 0.0, 1.0)
    weights = tf.square(share * (1.0 - share))
    return weights / tf.maximum(tf.reduce_sum(weights, axis=1, keepdims=True), 1e-9)


def _offset(waveform: tf.Tensor, share: tf.Tensor) -> tf.Tensor:
    """The offset (B, 1) of each wave."""
    return tf.reduce_sum(_window(share) * waveform, axis=1, keepdims=True)


def _hum(
    waveform: tf.Tensor,
    share: tf.Tensor,
    inner: tf.Tensor,
    num_samples: tf.Tensor,
    hertz: int,
    sample_rate: int,
    block: int,
) -> tf.Tensor:
    """The tone (B, N) near a frequency that fits each wave best.

    The mains drift by some hundredths of a hertz. How far they are off shows in the phase, which turns between the
    first and the second half of the wave.
    """
    # By the sums of angles, a phase is computed once a block, for its middle: in whole numbers, which stay exact.
    num_blocks = tf.shape(waveform)[1] // block
    starts = block * tf.range(num_blocks) - num_samples[:, tf.newaxis]  # (B, N / block)
    whole_seconds = num_samples + _minus(num_samples, sample_rate)
    turned = hertz * (starts + whole_seconds[:, tf.newaxis])
    angles = (2 * np.pi / sample_rate) * tf.cast(tf.math.floormod(turned, sample_rate), tf.float32)
    angles += np.pi * hertz / sample_rate * (block - 1)
    places = np.arange(block) - (block - 1) / 2
    turns = 2 * np.pi * hertz / sample_rate * places
    waves = np.stack([np.cos(turns), np.sin(turns)])  # (2, block)

    def phasor(weights: tf.Tensor, angles: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Real and imaginary part, each (B, 1), of the tone under some weights."""
        blocks = tf.reshape(weights * waveform, [tf.shape(waveform)[0], num_blocks, block])
        sums = tf.tensordot(blocks, tf.constant(waves.T, tf.float32), axes=1)  # (B, N / block, 2)
        cosine, sine = tf.cos(angles), tf.sin(angles)
        real = cosine * sums[:, :, 0] - sine * sums[:, :, 1]
        imaginary = -sine * sums[:, :, 0] - cosine * sums[:, :, 1]
        return tuple(2.0 * tf.reduce_sum(part, axis=1, keepdims=True) for part in (real, imaginary))

    (a, b), (c, d) = phasor(_window(2.0 * share), angles), phasor(_window(2.0 * share - 1.0), angles)
    drift = tf.atan2(a * d - b * c, a * c + b * d) / (0.5 * inner)  # (B, 1) radians a sample
    angles += drift * (tf.cast(starts, tf.float32) + (block - 1) / 2)
    real, imaginary = phasor(_window(share), angles)
    cosine, sine = tf.cos(angles), tf.sin(angles)
    real, imaginary = real * cosine - imaginary * sine, real * sine + imaginary * cosine  # (B, N / block)
    # Within a block the drift is so small that its sine is itself.
    parts = tf.stack([real, -imaginary, -drift * imaginary, -drift * real], axis=-1)
    drifting = tf.constant(np.concatenate([waves, places * waves]), tf.float32)  # (4, block)
    return tf.reshape(tf.tensordot(parts, drifting, axes=1), tf.shape(waveform))


def _extended(waveform: tf.Tensor, num_samples: tf.Tensor, edge: tf.Tensor, margin: int, block: int) -> tf.Tensor:
    """The waves with `margin` more blocks at both ends; beyond its edges, each goes on as its mirror image.

    Zeros would sound like a click there.
    """
    num_blocks = 2 * margin + tf.shape(waveform)[1] // block
    inner = tf.maximum(num_samples - 2 * edge, 1)
    first = _minus(edge + margin * block, 2 * inner)
    inner = inner[:, tf.newaxis]
    places = tf.math.floormod(_positions(num_blocks, block, first), 2 * inner)
    places = edge[:, tf.newaxis] + tf.minimum(places, 2 * inner - 1 - places)
    return tf.gather(waveform, tf.minimum(places, tf.shape(waveform)[1] - 1), batch_dims=1)


@functools.cache
def _filters(highpass_hz: float, sample_rate: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Taps of three convolutions: blocks of samples to one value each, the low-pass filter, and back to blocks.

    Their shapes are (taps, block, 1), (taps, 1, 1) and (taps, 1, block), with an odd number of taps each.
    """
    block = max(1, round(sample_rate / (RATE_FACTOR * highpass_hz)))
    low_rate = sample_rate / block
    low_pass = _low_pass(STOP_SHARE * highpass_hz, highpass_hz, low_rate, 1)
    # What lies this close to a multiple of the low rate would be taken for something within the low end.
    change = _low_pass(STOP_SHARE * highpass_hz, low_rate - highpass_hz, sample_rate, block)
    blocks = change.reshape(-1, block)
    return (
        blocks[:, :, np.newaxis].astype(np.float32),
        low_pass[:, np.newaxis, np.newaxis].astype(np.float32),
        (block * blocks[::-1, np.newaxis, :]).astype(np.float32),
    )


def _low_pass(pass_hz: float, stop_hz: float, rate: float, block: int) -> np.ndarray:
    """A low-pass filter that is its own mirror image, as long as an odd number of blocks."""
    taps, beta = scipy.signal.kaiserord(ATTENUATION_DB, 2 * (stop_hz - pass_hz) / rate)
    blocks = 2 * int(np.ceil((taps / block - 1) / 2)) + 1
    return scipy.signal.firwin(blocks * block, (pass_hz + stop_hz) / 2, window=("kaiser", beta), fs=rate)
