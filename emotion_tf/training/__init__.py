"""Training: `train` runs a protocol; its parts serve those who write their own loop."""

from emotion_tf.training.cross_validation import save_model, train
from emotion_tf.training.distributed import choose_strategy
from emotion_tf.training.initial import InitialModel, fine_tuning_config
from emotion_tf.training.loop import compile_network, dtype_policy, train_network
from emotion_tf.training.predict import predict
from emotion_tf.training.preprocessing import fit_preprocessing

__all__ = [
    "InitialModel",
    "choose_strategy",
    "compile_network",
    "dtype_policy",
    "fine_tuning_config",
    "fit_preprocessing",
    "predict",
    "save_model",
    "train",
    "train_network",
]
