"""Training: `train` runs a protocol; its parts serve those who write their own loop."""

from emotion_tf.training.cross_validation import save_model, train
from emotion_tf.training.distributed import choose_strategy
from emotion_tf.training.loop import compile_network, train_network
from emotion_tf.training.misheard import misheard_curve
from emotion_tf.training.preprocessing import fit_preprocessing
from emotion_tf.training.stress import stress
from emotion_tf.training.testing import retest

__all__ = [
    "choose_strategy",
    "compile_network",
    "fit_preprocessing",
    "misheard_curve",
    "retest",
    "save_model",
    "stress",
    "train",
    "train_network",
]
