"""Named settings, each with a description."""

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass

from emotion_tf.config import Config
from emotion_tf.errors import EmotionTFError, did_you_mean


@dataclass(frozen=True)
class Preset:
    """Settings under a name.

    Args:
        description: What it is, in a line.
        changes: What differs from the preset that it builds on, or from the defaults, as `Config.override` takes it.
        base: The name of the preset that it builds on.
    """

    description: str
    changes: tuple[str, ...] = ()
    base: str | None = None

    @property
    def settings(self) -> tuple[str, ...]:
        """What differs from the defaults of `Config`; of a setting that is named twice, the last counts."""
        before = PRESETS[self.base].settings if self.base else ()
        return (*before, *self.changes)


_FRONT_END = (
    "features.highpass_hz=90",
    "features.hop_seconds=0.02",
    "features.representation=logmel",
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

_STRONG = (
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
)

_SPEECH = (
    *_RECIPE,
    "features.hop_seconds=0.02",
    "model.frames_averaged=4",
    "model.frame_statistics=true",
    "model.projection_units=128",
    "model.filters=16",
    "model.audio_kernel_sizes=[1, 3, 5]",
    "model.text_kernel_sizes=[2, 3, 4]",
    "model.swem=true",
    "augmentation.disturbed_copies=1",
    "augmentation.time_masks=1",
    "augmentation.time_mask_share=0.1",
    "augmentation.word_dropout=0.3",
    "augmentation.transcript_dropout=0.5",
    "training.class_weights=balanced",
    "training.epochs=20",
    "training.dev_splits=16",
)

_BASES = {
    "paper": Preset("MSCNN-SPU-ATT with features and recipe as published; the defaults."),
    "strong": Preset(
        "Hum removed; log-mel bands less their mean, energy, F0, voicing; trimmed; speed, level, masks; AdamW, cosine.",
        _STRONG,
    ),
    "robust": Preset(
        "Strong with two more copies of the training part, disturbed by noise, reverberation or a telephone.",
        ("augmentation.disturbed_copies=2",),
        base="strong",
    ),
    "speech": Preset(
        "Three middle layers of a frozen Whisper base encoder in place of the acoustic front end.",
        (*_SPEECH, "features.encoder=whisper-base", "features.encoder_layers=[2, 3, 4]"),
    ),
    "speech-tiny": Preset(
        "Three layers of a frozen Whisper tiny encoder, which hears English, in place of the acoustic front end.",
        (*_SPEECH, "features.encoder=whisper-tiny.en", "features.encoder_layers=[1, 2, 3]"),
    ),
    "student": Preset(
        "Strong for audio alone on a quarter of the network, with disturbed copies: the ready model of this name.",
        (
            "model.modality=audio",
            "model.frames_averaged=2",
            "model.audio_kernel_sizes=[3, 5, 7]",
            "model.filters=48",
            "augmentation.speeds=[1.0]",
            "augmentation.disturbed_copies=1",
            "training.epochs=40",
        ),
        base="strong",
    ),
    "misheard": Preset(
        "Strong with transcripts that are misheard, up to a word error rate of 60 %.",
        ("augmentation.word_error_rate=0.6",),
        base="strong",
    ),
    "modality-dropout": Preset(
        "Strong for audio and words together and for either alone: learns to do without one of them.",
        (
            "model.learned_placeholders=true",
            "augmentation.transcript_dropout=0.65",
            "augmentation.audio_dropout=0.1",
        ),
        base="strong",
    ),
    "experts": Preset(
        "Strong for audio and words together and for either alone: each has a network that learns by itself.",
        (
            "model.name=experts",
            "model.learned_placeholders=true",
        ),
        base="strong",
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
    "audio": ("Audio", ("model.modality=audio",)),
    "text": ("Words", ("model.modality=text",)),
    "both": ("Audio and words", ("model.modality=both", "model.attention=false")),
    "att": ("Audio that attends to words", ("model.modality=both", "model.attention=true")),
}
"""What is heard and read; with both, without and with the attention of the audio over the words."""

_DUAL_ENCODER = ("model.recurrent_units=200", "model.dense_units=null")

_RIVALS = {
    "mdre": ("MDRE (Yoon et al., 2018)", ("model.name=mdre", "model.attention=false", *_DUAL_ENCODER)),
    "mdrea": ("MDREA (Yoon et al., 2018)", ("model.name=mdre", "model.attention=true", *_DUAL_ENCODER)),
    "learning-alignment": ("Learning Alignment (Xu et al., 2019)", ("model.name=learning_alignment",)),
    "mha1": ("MHA-1 (Yoon et al., 2019)", ("model.name=mha", "model.hops=1", "model.dense_units=null")),
    "mha2": ("MHA-2 (Yoon et al., 2019)", ("model.name=mha", "model.hops=2", "model.dense_units=null")),
    "mha3": ("MHA-3 (Yoon et al., 2019)", ("model.name=mha", "model.hops=3", "model.dense_units=null")),
    "multi-resolution": (
        "Multi-resolution CNN over text, BiLSTM over audio, with verification loss",
        ("model.name=multi_resolution", "training.verification=1"),
    ),
    "text-cnn": (
        "TextCNN (Kim, 2014)",
        (
            "model.name=text_cnn",
            "model.modality=text",
            "model.text_kernel_sizes=[3, 4, 5]",
            "model.filters=100",
            "model.dropout=0.5",
            "model.dense_units=null",
        ),
    ),
    "swem": ("SWEM (Shen et al., 2018)", ("model.name=swem", "model.modality=text")),
    "cnn-max": (
        "Single-layer CNN with global maximum",
        ("model.name=cnn", "model.modality=audio", "model.audio_kernel_sizes=[7]", "model.pooling=max"),
    ),
    "cnn-avg": (
        "Single-layer CNN with global average",
        ("model.name=cnn", "model.modality=audio", "model.audio_kernel_sizes=[7]", "model.pooling=average"),
    ),
    "cnn-lstm": (
        "CNN and LSTM (Satt et al., 2017)",
        ("model.name=cnn_lstm", "model.modality=audio", "model.filters=32", "model.dense_units=null"),
    ),
    "tdnn-lstm": (
        "TDNN and LSTM (Sarma et al., 2018)",
        ("model.name=tdnn_lstm", "model.modality=audio", "model.dense_units=null"),
    ),
    "svm": (
        "SVM over the statistics of the features",
        # What is hidden has no deviation, which no utterance to be judged shows.
        (
            "model.name=svm",
            "model.modality=audio",
            "augmentation.frequency_masks=0",
            "augmentation.time_masks=0",
        ),
    ),
}
"""The systems that MSCNN-SPU-ATT is compared with, each with a description and its settings."""

_CONVOLUTIONS = ("separable", "dilated", "grouped", "bottleneck")
"""Those that may take the place of the standard convolution, without and with the attention over the words."""


def _variants(base: str) -> Iterator[tuple[str, Preset]]:
    """Under the recipe of a preset: the rows of the paper's table, other convolutions, and the rivals.

    The rows are each variant without and with SWEM and x-vector.
    """
    for variant, (inputs, settings) in _VARIANTS.items():
        for swem in (False, True) if variant != "audio" else (False,):
            for x_vector in (False, True) if variant != "text" else (False,):
                name = f"{base}-{variant}{'-swem' * swem}{'-xvector' * x_vector}"
                additions = (f"model.swem={'true' if swem else 'false'}", *["speaker.embeddings=ge2e"] * x_vector)
                parts = [inputs, *["SWEM"] * swem, *["a speaker embedding"] * x_vector]
                description = f"{', '.join(parts)}, under the recipe of {base}."
                yield name, Preset(description, (*settings, *additions), base)
    for variant in ("audio", "att"):
        inputs, settings = _VARIANTS[variant]
        for convolution in _CONVOLUTIONS:
            changes = (*settings, "model.swem=false", f"model.convolution={convolution}")
            description = f"{inputs}, {convolution} convolutions, under the recipe of {base}."
            yield f"{base}-{variant}-{convolution}", Preset(description, changes, base)
    for rival, (description, changes) in _RIVALS.items():
        yield f"{base}-{rival}", Preset(f"{description} under the recipe of {base}.", changes, base)


_BASELINES = {
    "baseline-compare": Preset(
        "openSMILE's ComParE 2016 functionals, and a support vector machine chosen by cross-validation over speakers.",
        ("model.name=compare_svm", "model.modality=audio", "training.class_weights=balanced"),
    ),
    "baseline-egemaps": Preset(
        "openSMILE's eGeMAPS functionals, and a support vector machine chosen by cross-validation over speakers.",
        ("model.name=egemaps_svm", "model.modality=audio", "training.class_weights=balanced"),
    ),
    "baseline-tfidf": Preset(
        "TF-IDF of words and pairs of words, and logistic regression with balanced classes.",
        ("model.name=tfidf", "model.modality=text", "words.min_count=1", "training.class_weights=balanced"),
    ),
}
"""What every table should hold beside the networks: systems that anybody can have without them."""

PRESETS = {
    **_BASES,
    **_BASELINES,
    **dict(_variants("paper")),
    **dict(_variants("strong")),
    **dict(_variants("speech")),
    **dict(_variants("speech-tiny")),
}
"""Every preset. `paper-att-swem-xvector` is the recipe `paper` with attention, SWEM and speaker embeddings."""


def presets() -> dict[str, Preset]:
    """Every preset by its name.

    Example:

    >>> presets()["robust"].base, presets()["robust"].changes
    ('strong', ('augmentation.disturbed_copies=2',))
    """
    return dict(PRESETS)


FINE_TUNING = (
    "training.optimizer=adamw",
    "training.learning_rate=1e-3",
    "training.schedule=cosine",
    "training.epochs=15",
    "training.batch_size=16",
    "training.keep=last",
    "training.patience=null",
)
"""What differs from the recipe of a model where training goes on from it with few data."""

TAKEN_OVER = ("features", "words", "speaker", "model")
"""The sections of settings that a model gives to the training that goes on from it."""

OWN_OF_TRAINING = ("words.vocabulary_size", "words.min_count", "model.dropout")
"""The settings of these sections by which no weight has its shape."""


def fine_tuning(model: Config, *changes: str) -> Config:
    """The settings of a training that goes on from a model: its own, with the recipe for few data.

    Args:
        model: The settings of the model. Its word vectors are among its weights, so that no file is read for them.
        *changes: What else differs, as `Config.override` takes it.

    Raises:
        EmotionTFError: If a change contradicts the model.

    Example:

    >>> config = fine_tuning(preset("strong-audio"), "training.freeze=body")
    >>> config.model == preset("strong-audio").model, config.training.batch_size
    (True, 16)
    """
    config = dataclasses.replace(without_files(model), labels=Config().labels).override(*FINE_TUNING, *changes)
    check_taken_over(model, config)
    return config


def without_files(model: Config) -> Config:
    """The settings of a model without the file of word vectors, which are among its weights."""
    return dataclasses.replace(model, words=dataclasses.replace(model.words, word_vectors=None))


def check_taken_over(model: Config, config: Config) -> None:
    """Refuses settings that contradict the model from which a training goes on.

    Raises:
        EmotionTFError: If a setting that the model gives has another value.
    """
    there, here = without_files(model).as_dict(), config.as_dict()
    for section in TAKEN_OVER:
        for name, value in there[section].items():
            setting = f"{section}.{name}"
            if setting not in OWN_OF_TRAINING and here[section][name] != value:
                raise EmotionTFError(
                    f"setting {setting} contradicts the model from which training goes on",
                    expected=f"{value}, as the model has it",
                    received=f"{here[section][name]}",
                    fix="leave it out, or train from scratch",
                )


def preset(name: str) -> Config:
    """The settings of a preset.

    Args:
        name: One of `presets`.

    Raises:
        EmotionTFError: If there is no such preset.

    Example:

    >>> preset("strong-audio").model.modality
    'audio'
    """
    if name not in PRESETS:
        raise EmotionTFError(
            "no such preset",
            expected=f"one of {', '.join(_BASES)}, or a variant such as paper-audio; `emotion-tf presets` lists them",
            received=repr(name),
            fix=did_you_mean(name, PRESETS),
        )
    return Config().override(*PRESETS[name].settings)
