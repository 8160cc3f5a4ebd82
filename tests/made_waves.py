"""Waves that need no recording."""

import numpy as np

RATE = 16_000


def noise(samples: int, seed: int = 0) -> np.ndarray:
    """White noise (samples,) float32 at about -20 dB, as a 16-bit file holds it."""
    return (np.random.default_rng(seed).integers(-5000, 5000, samples) / 2**15).astype(np.float32)


def babble(samples: int) -> np.ndarray:
    """A buzz (samples,) float32 that glides from 100 to 300 Hz and swells from silence, over soft noise.

    Its features spread about as far as those of speech.
    """
    pitch = np.linspace(100, 300, samples)
    buzz = np.sign(np.sin(2 * np.pi * np.cumsum(pitch) / RATE)) * np.logspace(-4, -1, samples)
    return (buzz + 0.003 * noise(samples)).astype(np.float32)
