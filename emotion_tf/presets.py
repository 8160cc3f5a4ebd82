"""Named settings, each with a description."""

from dataclasses import dataclass

from emotion_tf.config import Config
from emotion_tf.errors import EmotionTFError


@dataclass(frozen=True)
class Preset:
    """Settings under a name.

    Args:
        description: What it is, in a line.
        settings: What differs from the defaults of `Config`, as `Config.override` takes it.
    """

    description: str
    settings: tuple[str, ...] = ()


PRESETS = {
    "paper": Preset("MSCNN-SPU-ATT with features and recipe as published; the defaults."),
    "strong": Preset(
        "Log-mel bands with energy, F0 and voicing, silence trimmed; speed, level and SpecAugment; AdamW on a cosine.",
        (
            "features.cepstra=logmel",
            "features.mel_bands=64",
            "features.prosody=true",
            "features.deltas=0",
            "features.trim_db=40",
            "model.batch_normalization=true",
            "model.dropout=0.5",
            "augmentation.speeds=[0.9, 1.0, 1.1]",
            "augmentation.gain_db=6",
            "augmentation.frequency_masks=2",
            "augmentation.time_masks=2",
            "training.optimizer=adamw",
            "training.learning_rate=1e-3",
            "training.schedule=cosine",
            "training.label_smoothing=0.1",
            "training.keep=last",
            "training.patience=null",
            "training.epochs=20",
        ),
    ),
}


def preset(name: str) -> Config:
    """The settings of a preset.

    Args:
        name: One of `PRESETS`.

    Raises:
        EmotionTFError: If there is no such preset.
    """
    if name not in PRESETS:
        raise EmotionTFError("no such preset", expected=f"one of {', '.join(PRESETS)}", received=repr(name))
    return Config().override(*PRESETS[name].settings)
