"""Power spectra by matrix products are those of NumPy's FFT."""

import numpy as np
import pytest
import tensorflow as tf

from emotion_tf.frontend.matrix_transform import power_by_products, two_products


@pytest.mark.parametrize(
    ("fft_length", "window_length", "bins"),
    [(512, 400, 257), (512, 512, 257), (512, 1, 3), (2048, 1024, 257), (1024, 882, 513), (256, 200, 129), (4, 4, 3)],
)
def test_power_is_that_of_numpy(fft_length, window_length, bins):
    transform = two_products(fft_length, window_length, bins)
    assert window_length <= transform.samples <= fft_length
    frames = np.zeros((2, 5, transform.samples), np.float32)
    frames[:, :, :window_length] = np.random.default_rng(0).normal(size=(2, 5, window_length))
    expected = np.abs(np.fft.rfft(frames.astype(np.float64), fft_length)[:, :, :bins]) ** 2
    found = power_by_products(tf.constant(frames), transform).numpy()
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=2e-6 * expected.max())
