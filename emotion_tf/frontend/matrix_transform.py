"""Power spectra by two small matrix products, which every accelerator runs; few of them have an op for an FFT."""

import functools
from dataclasses import dataclass

import numpy as np
import tensorflow as tf


@dataclass(frozen=True)
class TwoProducts:
    """A Fourier transform of N = N1 · N2 real samples as matrices, of which the first `rows` · N2 may differ from zero.

    With n = N2 n1 + n2 and k = k1 + N1 k2,

        X[k] = sum over n2 of W[N2]^(n2 k2) · (W[N]^(n2 k1) · sum over n1 of W[N1]^(n1 k1) x[N2 n1 + n2]).

    Of real samples, only k1 = 0 to N1 / 2 are needed; X at the others is the conjugate of X[N - k]. The factors between
    the two sums are part of the second matrix, one for each k1.

    Args:
        first: (rows, 2 K1) real and imaginary parts over k1, with K1 = N1 / 2 + 1.
        second: (K1, 2 N2, 2 K2) for each k1, from the real and imaginary parts over n2 to those over the k2 that are
            needed.
        places: (bins,) where each bin stands among the K1 · K2 results.

    Reference:
        Cooley and Tukey, "An Algorithm for the Machine Calculation of Complex Fourier Series", 1965.
    """

    first: np.ndarray
    second: np.ndarray
    places: np.ndarray

    @property
    def samples(self) -> int:
        """How many samples of a frame are taken."""
        return self.first.shape[0] * self.second.shape[1] // 2


@functools.cache
def two_products(fft_length: int, window_length: int, bins: int) -> TwoProducts:
    """The matrices of a transform.

    Args:
        fft_length: Its length N, a power of two of at least 4.
        window_length: Samples that may differ from zero; they come first in a frame.
        bins: How many bins are wanted, from the lowest on; N / 2 + 1 at most.
    """
    n1_count = 2 ** (int(np.log2(fft_length)) // 2)
    n2_count = fft_length // n1_count
    rows, k1_count = -(-window_length // n2_count), n1_count // 2 + 1
    k1, n2 = np.arange(k1_count), np.arange(n2_count)
    first = np.exp(-2j * np.pi * np.outer(np.arange(rows), k1) / n1_count)

    # Bin k is the result at k1 = k mod N1, or the conjugate of that of N - k.
    bin_k1, bin_k2 = np.arange(bins) % n1_count, np.arange(bins) // n1_count
    mirrored = bin_k1 >= k1_count
    bin_k1, bin_k2 = np.where(mirrored, n1_count - bin_k1, bin_k1), np.where(mirrored, n2_count - 1 - bin_k2, bin_k2)
    k2 = np.unique(bin_k2)

    factors = np.exp(-2j * np.pi * np.outer(n2, k1) / fft_length)  # (N2, K1)
    product = factors.T[:, :, np.newaxis] * np.exp(-2j * np.pi * np.outer(n2, k2) / n2_count)  # (K1, N2, K2)
    second = np.block([[product.real, product.imag], [-product.imag, product.real]])
    return TwoProducts(
        np.concatenate([first.real, first.imag], axis=1).astype(np.float32),
        second.astype(np.float32),
        (bin_k1 * len(k2) + np.searchsorted(k2, bin_k2)).astype(np.int32),
    )


def power_by_products(frames: tf.Tensor, transform: TwoProducts) -> tf.Tensor:
    """Power spectra (B, T, bins) of frames (B, T, `transform.samples`)."""
    k1_count, n2_count, k2_count = (size // part for size, part in zip(transform.second.shape, (1, 2, 2), strict=True))
    shape = tf.shape(frames)
    x = tf.reshape(frames, [-1, transform.first.shape[0], n2_count])
    x = tf.tensordot(tf.transpose(x, [0, 2, 1]), tf.constant(transform.first), 1)  # (BT, N2, 2 K1)
    x = tf.reshape(x, [-1, n2_count, 2, k1_count])
    x = tf.reshape(tf.transpose(x, [3, 0, 2, 1]), [k1_count, -1, 2 * n2_count])
    x = tf.matmul(x, tf.constant(transform.second))  # (K1, BT, 2 K2)
    power = tf.square(x[:, :, :k2_count]) + tf.square(x[:, :, k2_count:])
    power = tf.reshape(tf.transpose(power, [1, 0, 2]), [-1, k1_count * k2_count])
    power = tf.gather(power, tf.constant(transform.places), axis=1)
    return tf.reshape(power, [shape[0], shape[1], len(transform.places)])
