"""From one model to another: adapted to recordings without labels, or distilled into a smaller network."""

from emotion_tf.transfer.adaptation import Adapted, adapt
from emotion_tf.transfer.distillation import distil

__all__ = ["Adapted", "adapt", "distil"]
