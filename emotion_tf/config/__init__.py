"""Every setting of a run, in frozen dataclasses: what is heard, what is read, the network, and how it is trained."""

from emotion_tf.config.augmentation import AugmentationConfig
from emotion_tf.config.config import Config, settings
from emotion_tf.config.features import FeatureConfig
from emotion_tf.config.labels import LabelConfig
from emotion_tf.config.model import ModelConfig
from emotion_tf.config.setting import Setting
from emotion_tf.config.speaker import SpeakerConfig
from emotion_tf.config.training import TrainingConfig
from emotion_tf.config.words import WordConfig

__all__ = [
    "AugmentationConfig",
    "Config",
    "FeatureConfig",
    "LabelConfig",
    "ModelConfig",
    "Setting",
    "SpeakerConfig",
    "TrainingConfig",
    "WordConfig",
    "settings",
]
