"""Named settings, each with a description."""

from collections.abc import Iterator
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


_FRONT_END = (
    "features.hop_seconds=0.02",
    "features.cepstra=logmel",
    "features.mel_bands=64",
    "features.mean_normalization=true",
    "features.prosody=true",
    "features.trim_db=40",
)

_RECIPE = (
    "model.batch_normalization=true",
    "model.dropout=0.5",
    "training.optimizer=adamw",
    "training.learning_rate=1e-3",
    "training.schedule=cosine",
    "training.label_smoothing=0.1",
    "training.keep=last",
    "training.patience=null",
)

_BASES = {
    "paper": Preset("MSCNN-SPU-ATT with features and recipe as published; the defaults."),
    "strong": Preset(
        "Log-mel bands without their mean, energy, F0, voicing; trimmed; speed, level and masks; AdamW on a cosine.",
        (
            *_FRONT_END,
            *_RECIPE,
            "augmentation.speeds=[0.9, 1.0, 1.1]",
            "augmentation.gain_db=6",
            "augmentation.frequency_masks=1",
            "augmentation.frequency_mask_share=0.15",
            "augmentation.time_masks=1",
            "augmentation.time_mask_share=0.1",
            "augmentation.word_dropout=0.3",
            "augmentation.transcript_dropout=0.5",
            "model.swem=true",
            "training.epochs=24",
            "training.dev_splits=16",
        ),
    ),
    "demo": Preset(
        "A small network with the front end of strong, for the demo corpus: some seconds a fold.",
        (
            *_FRONT_END,
            *_RECIPE,
            "features.deltas=1",
            "words.embedding_width=64",
            "model.filters=32",
            "model.dropout=0.3",
            "training.learning_rate=2e-3",
            "training.epochs=25",
        ),
    ),
}

_VARIANTS = {
    "audio": ("model.modality=audio",),
    "text": ("model.modality=text",),
    "both": ("model.modality=both", "model.attention=false"),
    "att": ("model.modality=both", "model.attention=true"),
}
"""What is heard and read; with both, without and with the attention of the audio over the words."""


def _variants(base: str) -> Iterator[tuple[str, Preset]]:
    """The rows of the paper's table under the recipe of a preset: each variant without and with SWEM and x-vector."""
    for variant, settings in _VARIANTS.items():
        for swem in (False, True) if variant != "audio" else (False,):
            for x_vector in (False, True) if variant != "text" else (False,):
                name = f"{base}-{variant}{'-swem' * swem}{'-xvector' * x_vector}"
                additions = (f"model.swem={'true' if swem else 'false'}", *["speaker.embeddings=ge2e"] * x_vector)
                yield name, Preset(f"A variant of {base}.", (*_BASES[base].settings, *settings, *additions))


PRESETS = {**_BASES, **dict(_variants("paper")), **dict(_variants("strong"))}
"""Every preset. `paper-att-swem-xvector` is the recipe `paper` with attention, SWEM and speaker embeddings."""


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
