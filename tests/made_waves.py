"""Waves that need no recording."""

import numpy as np

RATE = 16_000


def noise(samples: int, seed: int = 0) -> np.ndarray:
    """White noise (samples,) float32 at about -20 dB, as a 16-bit file holds it."""
    return (np.random.default_rng(seed).integers(-5000, 5000, samples) / 2**15).astype(np.float32)
