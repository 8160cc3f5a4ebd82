"""Every setting of a run, in frozen dataclasses: what is heard, what is read, the network, and how it is trained."""

import dataclasses
import json
import math
import sys
import types
import typing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from emotion_tf.errors import EmotionTFError
from emotion_tf.registry import MODELS
from emotion_tf.utils.files import parse_json, read_json, write_json

DTYPE_POLICIES = ("float32", "mixed_float16", "mixed_bfloat16")

SHARES = {
    "model.dropout",
    "augmentation.frequency_mask_share",
    "augmentation.time_mask_share",
    "augmentation.word_dropout",
    "augmentation.word_error_rate",
    "augmentation.transcript_dropout",
    "augmentation.audio_dropout",
    "training.label_smoothing",
}
"""Settings from 0 to less than 1."""

LARGEST = 1e12
"""No setting is larger: what is computed from several of them has to be a number too."""

MAY_BE_ZERO = {
    "features.mel_min_hz",
    "features.deltas",
    "augmentation.disturbed_copies",
    "augmentation.gain_db",
    "augmentation.frequency_masks",
    "augmentation.time_masks",
    "training.weight_decay",
    "training.verification",
    "training.focal_gamma",
    "training.seed",
    "training.fold_seed",
}

GONE = {"augmentation.noise_snr_db"}
"""Settings of earlier versions, which the files of earlier runs name; where they were off, they are passed over."""


@dataclass(frozen=True)
class FeatureConfig:
    """The acoustic front end, the same from training to phone.

    Frames are centred as in librosa: frame t is centred at sample t · hop, the wave counting as zero outside itself.

    Args:
        sample_rate: Rate that the front end hears, in hertz. Audio of another rate is resampled before.
        highpass_hz: Takes what is no voice out of the wave before anything else: an offset, hum below two thirds of
            this frequency, and clicks in the first and last 5 ms. 90 does so for hum of 50 and 60 Hz. None leaves the
            wave as it is.
        window_seconds: Length of the Hamming window.
        hop_seconds: Distance between frames.
        mel_bands: Number of mel bands (Slaney scale, area-normalised).
        mel_min_hz: Lower edge of the lowest band.
        mel_max_hz: Upper edge of the highest band; None means half the sample rate.
        representation: `mfcc` takes the cosine transform of the log-mel bands, `logmel` leaves the bands as they are.
        mfcc_coefficients: Number of static coefficients when `representation` is `mfcc`.
        mean_normalization: Subtracts from each band or coefficient its mean over the utterance.
        prosody: Appends log energy, log F0 and voicing to the static features.
        deltas: 2 appends deltas and delta-deltas, 1 deltas alone, 0 neither.
        pitch_min_hz: Lowest F0 looked for.
        pitch_max_hz: Highest F0 looked for.
        trim_db: Frames at the start and end that lie this many decibels below the loudest count as padding;
            None keeps every frame.
        max_seconds: Longer utterances are cut after this time.
    """

    sample_rate: int = 16_000
    highpass_hz: float | None = None
    window_seconds: float = 0.025
    hop_seconds: float = 0.010
    mel_bands: int = 40
    mel_min_hz: float = 0.0
    mel_max_hz: float | None = None
    representation: Literal["mfcc", "logmel"] = "mfcc"
    mfcc_coefficients: int = 32
    mean_normalization: bool = False
    prosody: bool = False
    deltas: Literal[0, 1, 2] = 2
    pitch_min_hz: float = 60.0
    pitch_max_hz: float = 500.0
    trim_db: float | None = None
    max_seconds: float = 7.5

    @property
    def window_length(self) -> int:
        """Length of the window in samples."""
        return round(self.window_seconds * self.sample_rate)

    @property
    def hop_length(self) -> int:
        """Distance between frames in samples."""
        return round(self.hop_seconds * self.sample_rate)

    @property
    def fft_length(self) -> int:
        """Length of the Fourier transform: the power of two that holds the window, since TFLite has no other."""
        return 2 ** math.ceil(math.log2(self.window_length))

    @property
    def spectral_width(self) -> int:
        """Number of bands or coefficients a frame, which come first among the features."""
        return self.mfcc_coefficients if self.representation == "mfcc" else self.mel_bands

    @property
    def static_width(self) -> int:
        """Number of static features a frame."""
        return self.spectral_width + (3 if self.prosody else 0)

    @property
    def width(self) -> int:
        """Number of features a frame: static ones and their deltas."""
        return (1 + self.deltas) * self.static_width

    @property
    def max_samples(self) -> int:
        """Samples of the longest utterance."""
        return round(self.max_seconds * self.sample_rate)

    @property
    def max_frames(self) -> int:
        """Frames of the longest utterance."""
        return self.max_samples // self.hop_length


@dataclass(frozen=True)
class WordConfig:
    """What is read of the transcript.

    Args:
        max_words: Longer transcripts are cut after this many words.
        vocabulary_size: Largest number of words in the vocabulary.
        min_count: A word of the training part enters the vocabulary if it occurs this often there. Where word vectors
            are frozen, the first words of their file enter too, up to `vocabulary_size`, since nothing is fitted on
            them.
        embedding_width: Width of the word embeddings.
        word_vectors: File of word vectors in GloVe's text format; None learns embeddings from scratch.
        vectors_rms: Root mean square to which the numbers of the word vectors are scaled; None leaves them as they are.
            Those of some files are ten times as large as new embeddings, and so take long to train.
        trainable: Whether the embeddings are trained; embeddings from scratch always are.
        subwords: Adds to the embedding of each word those of the letter n-grams in it, which are always trained.
    """

    max_words: int = 128
    vocabulary_size: int = 20_000
    min_count: int = 2
    embedding_width: int = 300
    word_vectors: str | None = None
    vectors_rms: float | None = None
    trainable: bool = False
    subwords: bool = False


@dataclass(frozen=True)
class SpeakerConfig:
    """What is known of the voice itself, as one more input beside the audio.

    Args:
        embeddings: `ge2e` computes a speaker embedding of every utterance; the path of a Kaldi .scp or .ark or of an
            .npz names a file that holds them, such as x-vectors; None goes without.
    """

    embeddings: str | None = None


@dataclass(frozen=True)
class LabelConfig:
    """Which classes are learned, and what else of the labels.

    Args:
        set: A named choice among the emotions of the corpus, such as `four`, or `all`. None takes the corpus's own: the
            four of the paper where the corpus has them, and every class of a manifest.
        classes: The classes in the order of all outputs; utterances of others are left out. None takes those that are
            there, in alphabetical order.
        map: Renames labels before anything else, so that several count as one: {"Freude": "happy", "exc": "happy"}.
        drop: Labels that are left out.
        votes: Learns from the shares of the raters' votes, where an utterance has any, instead of the label alone.
    """

    set: str | None = None
    classes: tuple[str, ...] | None = None
    map: dict[str, str] | None = None
    drop: tuple[str, ...] | None = None
    votes: bool = False


@dataclass(frozen=True)
class ModelConfig:
    """The network. Each model heeds the settings that it has a use for.

    Args:
        name: Its name in `emotion_tf.models`.
        modality: What it hears and reads.
        audio_kernel_sizes: Frames under the audio kernels.
        text_kernel_sizes: Words under the text kernels.
        filters: Filters for each kernel size.
        convolution: What a convolution of MSCNN consists of, as `emotion_tf.layers.MultiScaleConv2D` explains it.
        pooling: How the model `cnn` pools over time.
        recurrent_units: Width of each recurrent layer, and of each of its directions.
        hops: Times that the model `mha` attends to one modality or the other.
        attention: Whether the audio looks at the words; needs both modalities.
        pairing: How audio scales meet text scales in the attention.
        swem: Appends the maximum and the mean of the word embeddings.
        learned_placeholders: Learns what stands in for the audio or the words of an utterance that lacks them, so that
            the model can be asked with one of them alone; needs the model `mscnn`, both modalities, and training that
            leaves out audio and transcripts. The model `experts` always has them.
        dense_units: Width of the hidden dense layer; None goes without one.
        dropout: Share of inputs of each dense layer that is dropped in training.
        batch_normalization: Normalises what enters the hidden dense layer.
    """

    name: str = "mscnn"
    modality: Literal["audio", "text", "both"] = "both"
    audio_kernel_sizes: tuple[int, ...] = (5, 7, 9, 11)
    text_kernel_sizes: tuple[int, ...] = (2, 3, 4, 5)
    filters: int = 128
    convolution: Literal["standard", "separable", "dilated", "grouped", "bottleneck"] = "standard"
    pooling: Literal["max", "average"] = "max"
    recurrent_units: int = 128
    hops: int = 2
    attention: bool = True
    pairing: Literal["paired", "all_pairs"] = "paired"
    swem: bool = False
    learned_placeholders: bool = False
    dense_units: int | None = 128
    dropout: float = 0.3
    batch_normalization: bool = False

    @property
    def hears(self) -> bool:
        """Whether audio is an input."""
        return self.modality in ("audio", "both")

    @property
    def reads(self) -> bool:
        """Whether words are an input."""
        return self.modality in ("text", "both")


@dataclass(frozen=True)
class AugmentationConfig:
    """What training does to its inputs; evaluation never does any of it.

    Args:
        speeds: Playing speeds at which the training part is heard; each epoch hears all of them.
        disturbed_copies: Adds so many copies of the training part, in which each utterance is disturbed at random as
            `emotion_tf.audio.disturbances.disturb` does it: by noise, reverberation or a telephone.
        gain_db: Largest random change of level, up or down.
        frequency_masks: Number of bands of features that are hidden.
        frequency_mask_share: Widest hidden band, as a share of the static features.
        time_masks: Number of stretches of frames that are hidden.
        time_mask_share: Longest hidden stretch, as a share of the utterance.
        word_dropout: Share of words that is replaced by the unknown word.
        word_error_rate: Largest word error rate with which a transcript is misheard. Each draws its own, from zero to
            this one, of which words replaced, words left out and words added make a third each.
        transcript_dropout: Share of transcripts that is left out whole where the model hears as well, which keeps it
            from learning sentences by heart.
        audio_dropout: Share of utterances whose audio is left out whole, for a model with
            `model.learned_placeholders`. No utterance loses both.
    """

    speeds: tuple[float, ...] = (1.0,)
    disturbed_copies: int = 0
    gain_db: float = 0.0
    frequency_masks: int = 0
    frequency_mask_share: float = 0.2
    time_masks: int = 0
    time_mask_share: float = 0.15
    word_dropout: float = 0.0
    word_error_rate: float = 0.0
    transcript_dropout: float = 0.0
    audio_dropout: float = 0.0


@dataclass(frozen=True)
class TrainingConfig:
    """How the network is trained.

    Args:
        epochs: Number of passes over the training part.
        batch_size: Utterances in a step.
        optimizer: `adam`, or `adamw` with decoupled weight decay.
        learning_rate: Largest learning rate.
        schedule: `constant`, or `cosine`, which falls to zero at the last step.
        weight_decay: Decay of `adamw`.
        clip_norm: Gradients are scaled down, all of them together, to this norm.
        label_smoothing: Share of probability spread over all classes.
        verification: Weight of a second loss beside that of the classes, which tells apart whether two utterances of a
            batch have the same emotion; see `emotion_tf.training.losses`.
        class_weights: `balanced` weighs classes by the inverse of their frequency in the training part.
        focal_gamma: Weighs each utterance by (1 - p) to this power, where p is the probability of its class, so that
            those which are hard count more; 0 weighs all alike.
        sampling: `balanced` draws the utterances of an epoch so that it has about as many of each class.
        keep: The weights that are kept: `best` on the dev part by unweighted accuracy, or `last`.
        patience: Epochs without improvement on the dev part after which training stops; None never stops early.
        dev_splits: The dev part is one in this many parts of the training speakers.
        calibration: `temperature` scales the logits of the trained network so that the probabilities fit the dev part;
            which emotion is likeliest does not change.
        dtype_policy: Keras dtype policy.
        seed: Seed of everything random but the folds.
        fold_seed: Seed of the fold assignment.
    """

    epochs: int = 40
    batch_size: int = 64
    optimizer: Literal["adam", "adamw"] = "adam"
    learning_rate: float = 5e-4
    schedule: Literal["constant", "cosine"] = "constant"
    weight_decay: float = 0.004
    clip_norm: float = 1.0
    label_smoothing: float = 0.0
    verification: float = 0.0
    class_weights: Literal["none", "balanced"] = "none"
    focal_gamma: float = 0.0
    sampling: Literal["natural", "balanced"] = "natural"
    keep: Literal["best", "last"] = "best"
    patience: int | None = 10
    dev_splits: int = 8
    calibration: Literal["temperature", "none"] = "temperature"
    dtype_policy: str = "float32"
    seed: int = 0
    fold_seed: int = 0


@dataclass(frozen=True)
class Config:
    """Every setting of a run.

    Example:

    >>> config = Config().override("training.epochs=5", "model.modality=audio")
    >>> config.training.epochs, config.model.modality
    (5, 'audio')
    """

    features: FeatureConfig = field(default_factory=FeatureConfig)
    words: WordConfig = field(default_factory=WordConfig)
    speaker: SpeakerConfig = field(default_factory=SpeakerConfig)
    labels: LabelConfig = field(default_factory=LabelConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    augmentation: AugmentationConfig = field(default_factory=AugmentationConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)

    def validate(self) -> "Config":
        """Checks the settings against each other and returns them.

        Raises:
            EmotionTFError: If two settings contradict each other or one is out of its range.
        """
        for section, values in self.as_dict().items():
            for name, value in values.items():
                _check_range(f"{section}.{name}", value)
        features, model, augmentation, training = self.features, self.model, self.augmentation, self.training
        nyquist = features.sample_rate / 2
        kind = MODELS.get(model.name)
        modalities = kind.modalities if kind else ()
        placeholders = kind.placeholders if kind else "never"
        hear_voices = [name for name, of in MODELS.items() if of.takes_speaker]
        checks = [
            (
                features.representation != "mfcc" or features.mfcc_coefficients <= features.mel_bands,
                "features.mfcc_coefficients",
                f"at most features.mel_bands = {features.mel_bands}",
            ),
            (
                features.mel_min_hz < (features.mel_max_hz or nyquist) <= nyquist,
                "features.mel_max_hz",
                f"from features.mel_min_hz to {nyquist:g}",
            ),
            (features.pitch_min_hz < features.pitch_max_hz, "features.pitch_max_hz", "more than features.pitch_min_hz"),
            (
                # Frames that become all zeros would be taken for padding; the energy keeps them from it.
                features.prosody or not features.mean_normalization,
                "features.mean_normalization",
                "false unless features.prosody is true",
            ),
            (
                features.highpass_hz is None or 10 <= features.highpass_hz <= nyquist / 4,
                "features.highpass_hz",
                f"null, or from 10 to {nyquist / 4:g}",
            ),
            (training.seed < 2**32, "training.seed", "less than 2**32"),
            (training.fold_seed < 2**32, "training.fold_seed", "less than 2**32"),
            (features.hop_length >= 1, "features.hop_seconds", "at least one sample"),
            (features.window_length >= 2, "features.window_seconds", "at least two samples"),
            (features.max_frames >= 1, "features.max_seconds", "at least one hop"),
            (kind is not None, "model.name", " or ".join(MODELS)),
            (
                model.modality in modalities,
                "model.modality",
                f"{' or '.join(modalities)} for the model {model.name}",
            ),
            (
                model.name != "mscnn"
                or model.modality != "both"
                or not model.attention
                or model.pairing == "all_pairs"
                or len(model.audio_kernel_sizes) == len(model.text_kernel_sizes),
                "model.pairing",
                "all_pairs, or as many audio kernel sizes as text kernel sizes",
            ),
            (
                not model.learned_placeholders or (placeholders != "never" and model.modality == "both"),
                "model.learned_placeholders",
                "false unless the model is experts, or it is mscnn and its modality both",
            ),
            (
                model.learned_placeholders or placeholders != "always",
                "model.learned_placeholders",
                f"true for the model {model.name}, each of which answers alone where the other has nothing to judge by",
            ),
            (
                model.learned_placeholders or not augmentation.audio_dropout,
                "augmentation.audio_dropout",
                "0 unless model.learned_placeholders is true",
            ),
            (
                augmentation.audio_dropout + augmentation.transcript_dropout < 1,
                "augmentation.audio_dropout",
                "less than 1 together with augmentation.transcript_dropout",
            ),
            (1.0 in augmentation.speeds, "augmentation.speeds", "1.0 among them"),
            (
                model.hears or self.speaker.embeddings is None,
                "speaker.embeddings",
                "null where the model does not hear, since they stand beside the audio",
            ),
            (
                model.name in hear_voices or self.speaker.embeddings is None,
                "speaker.embeddings",
                f"null for every model but {' and '.join(hear_voices)}",
            ),
            (training.dev_splits >= 2, "training.dev_splits", "at least 2"),
            (
                not (training.focal_gamma and training.verification),
                "training.focal_gamma",
                "0 where training.verification is more than 0",
            ),
            (
                training.dtype_policy in DTYPE_POLICIES,
                "training.dtype_policy",
                " or ".join(DTYPE_POLICIES),
            ),
        ]
        for holds, name, expected in checks:
            if not holds:
                section, _, setting = name.partition(".")
                received = getattr(getattr(self, section), setting)
                raise EmotionTFError(
                    f"setting {name} is out of range",
                    expected=expected,
                    received=str(received),
                    fix=f"change it with --set {name}=VALUE",
                )
        return self

    def override(self, *assignments: str) -> "Config":
        """A copy with some settings replaced.

        Args:
            *assignments: `section.name=value`; the value is read as JSON where it is JSON, else as text.

        Raises:
            EmotionTFError: If there is no such setting or the value does not fit it.
        """
        content = self.as_dict()
        for assignment in assignments:
            path, equals, value = assignment.partition("=")
            section, _, name = path.strip().partition(".")
            if not equals or name not in content.get(section, {}):
                known = [f"{key}.{inner}" for key, values in content.items() for inner in values]
                raise EmotionTFError(
                    "no such setting", expected=f"one of {', '.join(known)}", received=repr(assignment)
                )
            try:
                content[section][name] = parse_json(value)
            except json.JSONDecodeError:
                content[section][name] = value
        return Config.from_dict(content)

    def as_dict(self) -> dict[str, Any]:
        """The settings as plain values, section by section."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> "Config":
        """The inverse of `as_dict`.

        Raises:
            EmotionTFError: If a section or setting is unknown or a value does not fit its type.
        """
        kinds = typing.get_type_hints(cls)
        if not isinstance(content, dict) or not all(isinstance(values, dict) for values in content.values()):
            raise EmotionTFError("these are no settings", expected="an object of sections, each an object of settings")
        unknown = sorted(set(content) - set(kinds))
        if unknown:
            raise EmotionTFError("unknown section of settings", expected=", ".join(kinds), received=", ".join(unknown))
        return cls(**{name: _section(kinds[name], values, name) for name, values in content.items()}).validate()

    def save(self, path: str | Path) -> None:
        """Writes the settings as JSON."""
        write_json(path, self.as_dict())

    @classmethod
    def load(cls, path: str | Path) -> "Config":
        """Reads what `save` wrote.

        Raises:
            EmotionTFError: If the file is missing or holds no such settings; it names the file.
        """
        content = read_json(path)
        try:
            return cls.from_dict(content)
        except EmotionTFError as error:
            raise EmotionTFError(f"{path}: {error}") from None


def _check_range(name: str, value: Any) -> None:
    """Numbers are finite and, but for those in `MAY_BE_ZERO` and `SHARES`, more than zero."""
    for number in value if isinstance(value, tuple) else (value,):
        if isinstance(number, bool) or not isinstance(number, int | float):
            continue
        if number > LARGEST:
            holds, expected = False, f"at most {LARGEST:g}"
        elif name in SHARES:
            holds, expected = 0 <= number < 1, "from 0 to less than 1"
        elif name in MAY_BE_ZERO:
            holds, expected = number >= 0, "zero or more"
        else:
            holds, expected = number > 0, "more than zero"
        if not holds:
            raise EmotionTFError(
                f"setting {name} is out of range",
                expected=expected,
                received=str(number),
                fix=f"change it with --set {name}=VALUE",
            )


def _section(kind: Any, values: dict[str, Any], section: str) -> Any:
    """A section's dataclass from plain values, each checked against its annotation."""
    kinds = typing.get_type_hints(kind)
    values = {name: value for name, value in values.items() if f"{section}.{name}" not in GONE or value is not None}
    for name in values:
        if name not in kinds:
            raise EmotionTFError(f"no setting {section}.{name}", expected=f"one of {', '.join(kinds)}")
    return kind(**{name: _fitting(kinds[name], value, f"{section}.{name}") for name, value in values.items()})


def _fitting(annotation: Any, value: Any, name: str) -> Any:
    """`value` as the annotation has it: whole numbers serve as floats, lists as tuples."""
    options = typing.get_args(annotation)
    inner = [option for option in options if typing.get_origin(option) is not None]
    if types.NoneType in options and inner:
        # A tuple or a mapping that may be missing.
        return None if value is None else _fitting(inner[0], value, name)
    if typing.get_origin(annotation) is Literal:
        if value in options:
            return value
        expected = "one of " + ", ".join(map(str, options))
    elif typing.get_origin(annotation) is tuple:
        values = value if isinstance(value, list | tuple) else [value]
        if values:
            return tuple(_fitting(options[0], item, name) for item in values)
        expected = "at least one value"
    elif typing.get_origin(annotation) is dict:
        if isinstance(value, dict) and all(isinstance(key, str) for key in value):
            return {key: _fitting(options[1], item, f"{name}.{key}") for key, item in value.items()}
        expected = 'an object, such as {"Freude": "happy"}'
    else:
        accepted = options or (annotation,)
        if float in accepted and type(value) is int:
            # An integer beyond all floats is as much as endless, which no setting may be.
            return float(value) if abs(value) <= sys.float_info.max else math.inf
        if type(value) in accepted:
            return value
        expected = " or ".join(kind.__name__.replace("NoneType", "null") for kind in accepted)
    raise EmotionTFError(f"setting {name} does not fit", expected=expected, received=repr(value))
