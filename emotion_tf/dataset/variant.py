"""What augmentation does to a wave before the front end hears it."""

from dataclasses import dataclass

import numpy as np

from emotion_tf.audio.disturbances import disturb
from emotion_tf.audio.resample import change_speed


@dataclass(frozen=True)
class Variant:
    """One way in which the wave is played.

    Args:
        speed: Playing speed.
        disturbed_copy: Number of the copy that is disturbed; None for waves that are not.
    """

    speed: float = 1.0
    disturbed_copy: int | None = None

    def __str__(self) -> str:
        return f"speed {self.speed:g}" if self.disturbed_copy is None else f"disturbed copy {self.disturbed_copy}"

    def apply(self, waveform: np.ndarray, rate: int, seed: int) -> np.ndarray:
        """The wave (N,) as it is heard in this variant."""
        if self.speed != 1.0:
            waveform = change_speed(waveform, self.speed)
        if self.disturbed_copy is not None:
            waveform = disturb(waveform, rate, np.random.default_rng([seed, self.disturbed_copy]))
        return waveform
