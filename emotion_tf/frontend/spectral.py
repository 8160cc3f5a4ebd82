"""The acoustic front end in TensorFlow ops: the one that extraction, training, SavedModel and TFLite share.

Every step is an op that TFLite has built in, and every step takes a batch of waves of different lengths without letting
what lies behind a wave's end into its features.
"""

import contextvars
import functools
from collections.abc import Iterator
from contextlib import contextmanager

import librosa
import numpy as np
import scipy.fft
import scipy.signal
import tensorflow as tf

from emotion_tf.config import FeatureConfig
from emotion_tf.frontend.high_pass import high_pass
from emotion_tf.frontend.matrix_transform import power_by_products, two_products

POWER_FLOOR = 1e-10
"""Power below which a band counts as silent, as `amin=1e-10` of librosa.power_to_db; it is -100 dB."""

DELTA_TAPS = 9
"""Frames under the delta filters, as `width=9` of librosa.feature.delta."""

MASK_BLOCK = 1_000
"""Samples that are masked together."""

PITCH_WINDOW_SECONDS = 0.064
PITCH_CEILING_HZ = 2_000.0
PITCH_STEPS_PER_OCTAVE = 48
PITCH_OCTAVE_COST = 0.03
PITCH_SHARPNESS = 200.0

_BY_PRODUCTS = contextvars.ContextVar("by_products", default=False)


@contextmanager
def transforms_by_products() -> Iterator[None]:
    """Has what is traced inside compute its Fourier transforms as matrix products, without complex numbers.

    For files that leave TensorFlow. LiteRT runs its RFFT2D on one thread and on no accelerator, and takes half the time
    or less for the products; ONNX converters have no transform at all. TensorFlow's own FFT takes a fifth of the time
    of its products.
    """
    token = _BY_PRODUCTS.set(True)
    try:
        yield
    finally:
        _BY_PRODUCTS.reset(token)


def frame_count(num_samples: tf.Tensor, config: FeatureConfig) -> tf.Tensor:
    """Number of frames of waves of `num_samples` samples: one for every hop begun, at most `config.max_frames`."""
    return tf.minimum(1 + num_samples // config.hop_length, config.max_frames)


# Rewriting the control flow of librosa and SciPy, which this calls for constants, would take ten seconds.
@tf.autograph.experimental.do_not_convert
def acoustic_features(
    waveform: tf.Tensor, num_samples: tf.Tensor, config: FeatureConfig, silence_is_absence: bool = False
) -> tuple[tf.Tensor, tf.Tensor]:
    """Features of a batch of waves, frame by frame.

    Args:
        waveform: (B, N) float32 at `config.sample_rate`, within [-1, 1]; what lies behind a wave's end is ignored.
        num_samples: (B,) int32, the length of each wave in samples; 0 where there is no recording, of which no frame
            counts.
        config: The settings of the front end.
        silence_is_absence: Whether a wave of exact zeros alone counts as no recording, too.

    Returns:
        Features (B, T, `config.width`) float32 in the order static, delta, delta-delta, and the mask (B, T) bool of the
        frames that count. Features are zero where the mask is False.

    They equal librosa's within 1e-3, each wave taken without its padding:

    - the spectrum is `librosa.feature.melspectrogram(y, sr=config.sample_rate, n_fft=config.fft_length,
      hop_length=config.hop_length, win_length=config.window_length, window="hamming", center=True, pad_mode="constant",
      power=2.0, n_mels=config.mel_bands, fmin=config.mel_min_hz, fmax=config.mel_max_hz, htk=False, norm="slaney")`,
    - decibels are `librosa.power_to_db(S, ref=1.0, amin=1e-10, top_db=None)`: librosa's own default cuts 80 dB below
      the loudest band of a recording, which would make a frame depend on all others,
    - MFCCs are `librosa.feature.mfcc(S=S, n_mfcc=config.mfcc_coefficients, dct_type=2, norm="ortho", lifter=0)`,
    - deltas are `librosa.feature.delta(static, width=9, order=1 or 2, mode="nearest")`; librosa's default mode is
      `interp`, which differs in the four frames at either end.

    Reference:
        Davis and Mermelstein, 1980; deltas are Savitzky-Golay filters.
    """
    waveform = waveform[:, : config.max_samples]
    num_samples = tf.minimum(tf.cast(num_samples, tf.int32), config.max_samples)
    waveform = tf.where(_sample_mask(num_samples, tf.shape(waveform)[1]), waveform, 0.0)
    present = num_samples > 0
    if silence_is_absence:
        present &= tf.reduce_any(waveform != 0.0, axis=1)
    if config.highpass_hz is not None:
        waveform = high_pass(waveform, num_samples, config.highpass_hz, config.sample_rate)
    num_frames = frame_count(num_samples, config)

    window = _padded_window(config)
    power = _power_spectrum(waveform, window, len(window) // 2 + 1, config)  # (B, T, bins)
    bands = _decibels(_product(power, _mel_matrix(config)))  # (B, T, mel_bands)
    static = _product(bands, _dct_matrix(config)) if config.representation == "mfcc" else bands
    energy = _decibels(tf.reduce_mean(power, axis=-1, keepdims=True))  # (B, T, 1)
    if config.prosody:
        static = tf.concat([static, energy, *_pitch(waveform, config)], axis=-1)
    static = static[:, : config.max_frames]  # (B, T, static_width)
    features = tf.concat([static, *_deltas(static, num_frames, config.deltas)], axis=-1)  # (B, T, width)

    mask = tf.sequence_mask(num_frames, tf.shape(features)[1])
    if config.trim_db is not None:
        mask = _loud_stretch(energy[:, : config.max_frames, 0], mask, config.trim_db)
    mask &= present[:, tf.newaxis]
    features = tf.where(tf.expand_dims(mask, -1), features, 0.0)
    if config.mean_normalization:
        features -= _spectral_mean(features, mask, config)
    return features, mask


def _sample_mask(num_samples: tf.Tensor, length: tf.Tensor) -> tf.Tensor:
    """Mask (B, `length`) of the samples that count."""
    # Block by block: the numbers of all samples would lie in a TFLite file of fixed length as half a megabyte.
    starts = tf.range(0, length, MASK_BLOCK)
    still_to_come = num_samples[:, tf.newaxis, tf.newaxis] - starts[:, tf.newaxis]  # (B, blocks, 1)
    mask = tf.range(MASK_BLOCK) < still_to_come  # (B, blocks, MASK_BLOCK)
    return tf.reshape(mask, [tf.shape(num_samples)[0], -1])[:, :length]


def level_response(config: FeatureConfig) -> np.ndarray:
    """What one decibel of gain adds to each feature, (`config.width`,) float32; it is zero for deltas and pitch."""
    bands = np.full((1, config.mel_bands), 0.0 if config.mean_normalization else 1.0, np.float32)
    static = [bands @ _dct_matrix(config) if config.representation == "mfcc" else bands]
    if config.prosody:
        static.append(np.array([[1, 0, 0]], np.float32))
    response = np.concatenate(static, axis=1)[0]
    return np.concatenate([response, np.zeros(config.width - config.static_width, np.float32)])


def _product(frames: tf.Tensor, matrix: np.ndarray) -> tf.Tensor:
    """Product (B, T, n) of frames (B, T, m) and a matrix (m, n)."""
    # As one matrix of all frames; TensorFlow's product of a batch would take twice the time.
    return tf.tensordot(frames, tf.constant(matrix), axes=1)


def _decibels(power: tf.Tensor) -> tf.Tensor:
    """Power in decibels, above the floor."""
    return (10.0 / np.log(10.0)) * tf.math.log(tf.maximum(power, POWER_FLOOR))


def _power_spectrum(waveform: tf.Tensor, window: np.ndarray, bins: int, config: FeatureConfig) -> tf.Tensor:
    """Power spectra (B, T, bins), from the lowest bin on, of frames centred at every hop, zeros lying outside the wave.

    Args:
        waveform: (B, N).
        window: (M,) for a transform of that length.
        bins: How many are wanted, M / 2 + 1 at most.
        config: Says how far the hops go.
    """
    if _BY_PRODUCTS.get():
        return _power_spectrum_by_products(waveform, window, bins, config)
    margin = len(window) // 2
    padded = tf.pad(waveform, [[0, 0], [margin, margin]])
    # The transform takes the whole frame: cutting or padding its complex result would not convert to TFLite.
    frames = tf.signal.frame(padded, len(window), config.hop_length) * tf.constant(window)
    spectrum = tf.signal.rfft(frames, [len(window)])
    return (tf.square(tf.math.real(spectrum)) + tf.square(tf.math.imag(spectrum)))[:, :, :bins]


def _power_spectrum_by_products(waveform: tf.Tensor, window: np.ndarray, bins: int, config: FeatureConfig) -> tf.Tensor:
    """The same by matrix products. What the window makes zero is left out: a shift does not change the power."""
    heard = np.flatnonzero(window)
    first, count = heard[0], heard[-1] + 1 - heard[0]
    transform = two_products(len(window), count, bins)
    weights = np.pad(window[first : first + count], (0, transform.samples - count))
    before = len(window) // 2 - first
    padded = tf.pad(waveform, [[0, 0], [before, transform.samples - before]])
    frames = tf.signal.frame(padded, transform.samples, config.hop_length)  # as many as there are centres
    return power_by_products(frames * tf.constant(weights), transform)


def _padded_window(config: FeatureConfig) -> np.ndarray:
    """Periodic Hamming window in the middle of a frame of the transform's length."""
    window = scipy.signal.get_window("hamming", config.window_length)
    return librosa.util.pad_center(window, size=config.fft_length).astype(np.float32)


@functools.cache
def _mel_matrix(config: FeatureConfig) -> np.ndarray:
    """Mel filters (bins, mel_bands)."""
    return librosa.filters.mel(
        sr=config.sample_rate,
        n_fft=config.fft_length,
        n_mels=config.mel_bands,
        fmin=config.mel_min_hz,
        fmax=config.mel_max_hz,
    ).T.astype(np.float32)


@functools.cache
def _dct_matrix(config: FeatureConfig) -> np.ndarray:
    """Orthonormal cosine transform of type II (mel_bands, mfcc_coefficients)."""
    transform = scipy.fft.dct(np.eye(config.mel_bands), type=2, norm="ortho", axis=1)
    return transform[:, : config.mfcc_coefficients].astype(np.float32)


def _deltas(static: tf.Tensor, num_frames: tf.Tensor, orders: int) -> list[tf.Tensor]:
    """Differences along time of order 1 to `orders`, each (B, T, static_width); the outermost true frames stand for
    those beyond them.
    """
    half = DELTA_TAPS // 2
    length = tf.shape(static)[1]
    positions = tf.range(-half, length + half)
    positions = tf.maximum(tf.minimum(positions, num_frames[:, tf.newaxis] - 1), 0)  # (B, T + 8)
    extended = tf.gather(static, positions, batch_dims=1)
    features = static.shape[-1]
    differences = []
    for order in range(1, orders + 1):
        taps = scipy.signal.savgol_coeffs(DELTA_TAPS, polyorder=order, deriv=order, use="dot").astype(np.float32)
        filters = tf.constant(np.tile(taps[:, np.newaxis, np.newaxis, np.newaxis], (1, 1, features, 1)))
        slopes = tf.nn.depthwise_conv2d(extended[:, :, tf.newaxis], filters, [1, 1, 1, 1], "VALID")
        differences.append(slopes[:, :, 0])
    return differences


def _loud_stretch(energy: tf.Tensor, mask: tf.Tensor, trim_db: float) -> tf.Tensor:
    """Mask (B, T) of the frames from the first to the last that is within `trim_db` of the loudest."""
    energy = tf.where(mask, energy, -tf.float32.max)
    loud = tf.cast(energy >= tf.reduce_max(energy, axis=1, keepdims=True) - trim_db, tf.int32)
    begun = tf.cumsum(loud, axis=1)
    still_to_come = begun[:, -1:] - begun + loud
    return tf.logical_and(begun > 0, still_to_come > 0)


def _spectral_mean(features: tf.Tensor, mask: tf.Tensor, config: FeatureConfig) -> tf.Tensor:
    """What is subtracted from each frame that counts (B, T, width): the utterance's mean of each static band."""
    counts = tf.expand_dims(tf.cast(mask, tf.float32), -1)
    spectral = tf.constant(np.arange(config.width) < config.spectral_width, tf.float32)
    frames = tf.maximum(tf.reduce_sum(counts, axis=1, keepdims=True), 1.0)
    mean = tf.reduce_sum(features, axis=1, keepdims=True) / frames
    return mean * spectral * counts


def _pitch(waveform: tf.Tensor, config: FeatureConfig) -> tuple[tf.Tensor, tf.Tensor]:
    """F0 in octaves above `pitch_min_hz` and voicing strength from 0 to about 1, each (B, T, 1).

    The autocorrelation of each frame, divided by that of the window, is read at lags on a logarithmic grid. F0 is the
    mean of the grid under a sharp softmax instead of its maximum, so that rounding cannot make it leap by an octave
    between one runtime and another.

    Reference:
        Boersma, "Accurate short-term analysis of the fundamental frequency", 1993.
    """
    window, cosines, octaves = _pitch_constants(config)
    power = _power_spectrum(waveform, window, cosines.shape[0], config)
    correlation = _product(power, cosines)  # (B, T, 1 + lags), the first at lag zero
    normalized = correlation[:, :, 1:] / (correlation[:, :, :1] + POWER_FLOOR)
    # Of two lags that fit as well, the shorter one is the period and the longer one its double. Cost times sharpness
    # leaves the double e⁻⁶ of the weight, so that it does not draw the mean away.
    weights = tf.nn.softmax(PITCH_SHARPNESS * (normalized + PITCH_OCTAVE_COST * octaves))
    f0 = tf.reduce_sum(weights * octaves, axis=-1, keepdims=True)
    voicing = tf.reduce_sum(weights * normalized, axis=-1, keepdims=True)
    return f0, voicing


@functools.cache
def _pitch_constants(config: FeatureConfig) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Window of the pitch frames, cosine matrix (bins, 1 + lags) from power to autocorrelation, lag grid in octaves."""
    length = round(PITCH_WINDOW_SECONDS * config.sample_rate)
    fft_length = 2 ** int(np.ceil(np.log2(2 * length)))
    window = librosa.util.pad_center(scipy.signal.get_window("hann", length), size=fft_length)
    steps = int(np.log2(config.pitch_max_hz / config.pitch_min_hz) * PITCH_STEPS_PER_OCTAVE) + 1
    octaves = np.arange(steps) / PITCH_STEPS_PER_OCTAVE
    lags = np.concatenate([[0.0], config.sample_rate / (config.pitch_min_hz * 2**octaves)])
    bins = int(PITCH_CEILING_HZ * fft_length / config.sample_rate) + 1
    frequencies = 2 * np.pi * np.arange(fft_length // 2 + 1) / fft_length
    cosines = np.cos(np.outer(frequencies, lags))
    window_power = np.abs(np.fft.rfft(window)) ** 2
    # The rfft keeps half of the symmetric spectrum: all bins but the first and last count twice.
    twice = np.full(len(frequencies), 2.0)
    twice[[0, -1]] = 1.0
    window_correlation = (twice * window_power) @ cosines
    cosines = (twice[:, np.newaxis] * cosines) / (window_correlation / window_correlation[0])
    return window.astype(np.float32), cosines[:bins].astype(np.float32), octaves.astype(np.float32)
