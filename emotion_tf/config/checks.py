"""Settings that must fit each other."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from emotion_tf.config.ranges import LARGEST
from emotion_tf.errors import did_you_mean
from emotion_tf.registry import ENCODERS, MODELS

if TYPE_CHECKING:
    from emotion_tf.config.config import Config


class Check(NamedTuple):
    """One condition.

    Args:
        holds: Whether the settings meet it.
        setting: The setting that is to blame otherwise.
        expected: What would have been right.
        hint: How to mend it; "" for the usual.
    """

    holds: bool
    setting: str
    expected: str
    hint: str = ""


def checks(config: "Config") -> Iterator[Check]:
    """The conditions between settings, each of which is in its own range."""
    yield from _of_features(config)
    yield from _of_encoder(config)
    yield from _of_model(config)
    yield from _of_words(config)
    yield from _of_missing_modalities(config)
    yield from _of_training(config)
    yield from _of_dimensions(config)


def _of_features(config: "Config") -> Iterator[Check]:
    features = config.features
    nyquist = features.sample_rate / 2
    yield Check(
        features.representation != "mfcc" or features.mfcc_coefficients <= features.mel_bands,
        "features.mfcc_coefficients",
        f"at most features.mel_bands = {features.mel_bands}",
    )
    yield Check(
        features.mel_min_hz < (features.mel_max_hz or nyquist) <= nyquist,
        "features.mel_max_hz",
        f"from features.mel_min_hz to {nyquist:g}",
    )
    yield Check(
        features.pitch_min_hz < features.pitch_max_hz, "features.pitch_max_hz", "more than features.pitch_min_hz"
    )
    yield Check(
        # Frames that become all zeros would be taken for padding; the energy keeps them from it.
        features.prosody or not features.mean_normalization,
        "features.mean_normalization",
        "false unless features.prosody is true",
    )
    yield Check(
        features.highpass_hz is None or 10 <= features.highpass_hz <= nyquist / 4,
        "features.highpass_hz",
        f"null, or from 10 to {nyquist / 4:g}",
    )
    yield Check(features.hop_length >= 1, "features.hop_seconds", "at least one sample")
    yield Check(features.window_length >= 2, "features.window_seconds", "at least two samples")
    yield Check(features.max_frames >= 1, "features.max_seconds", "at least one hop")


def _of_encoder(config: "Config") -> Iterator[Check]:
    features = config.features
    if features.encoder is None:
        return
    size = ENCODERS.get(features.encoder)
    hint = did_you_mean(features.encoder, ENCODERS)
    yield Check(size is not None, "features.encoder", f"null or one of {', '.join(ENCODERS)}", hint)
    layers, blocks = features.encoder_layers, size.blocks if size else 0
    yield Check(
        size is None or (list(layers) == sorted(set(layers)) and layers[-1] <= blocks),
        "features.encoder_layers",
        f"ascending layers from 0 to {blocks}",
    )
    yield Check(features.sample_rate == 16_000, "features.sample_rate", "16000 for a pretrained encoder")
    yield Check(features.hop_seconds == 0.02, "features.hop_seconds", "0.02 for a pretrained encoder")
    yield Check(
        config.augmentation.gain_db == 0,
        "augmentation.gain_db",
        "0 for a pretrained encoder, whose frames have no level",
    )


def _of_model(config: "Config") -> Iterator[Check]:
    model = config.model
    kind = MODELS.get(model.name)
    hint = did_you_mean(model.name, MODELS)
    yield Check(kind is not None, "model.name", " or ".join(MODELS), hint)
    modalities = kind.modalities if kind else ()
    yield Check(model.modality in modalities, "model.modality", f"{' or '.join(modalities)} for the model {model.name}")
    yield Check(
        model.name != "mscnn"
        or model.modality != "both"
        or not model.attention
        or model.pairing == "all_pairs"
        or len(model.audio_kernel_sizes) == len(model.text_kernel_sizes),
        "model.pairing",
        "all_pairs, or as many audio kernel sizes as text kernel sizes",
    )
    yield Check(
        model.hears or config.speaker.embeddings is None,
        "speaker.embeddings",
        "null where the model does not hear, since they stand beside the audio",
    )
    hear_voices = [name for name, of in MODELS.items() if of.takes_speaker]
    yield Check(
        model.name in hear_voices or config.speaker.embeddings is None,
        "speaker.embeddings",
        f"null for every model but {' and '.join(hear_voices)}",
    )


def _of_words(config: "Config") -> Iterator[Check]:
    able = [name for name, of in MODELS.items() if of.reads_context]
    yield Check(
        not config.words.context_turns or not config.model.reads or config.model.name in able,
        "words.context_turns",
        f"0 for every model but {' and '.join(able)}, which tell words of earlier turns from present ones",
    )


def _of_missing_modalities(config: "Config") -> Iterator[Check]:
    model, augmentation = config.model, config.augmentation
    placeholders = MODELS[model.name].placeholders
    yield Check(
        not model.learned_placeholders or (placeholders != "never" and model.modality == "both"),
        "model.learned_placeholders",
        "false unless the model is experts, or it is mscnn and its modality both",
    )
    yield Check(
        model.learned_placeholders or placeholders != "always",
        "model.learned_placeholders",
        f"true for the model {model.name}, each of which answers alone where the other has nothing to judge by",
    )
    yield Check(
        model.learned_placeholders or not augmentation.audio_dropout,
        "augmentation.audio_dropout",
        "0 unless model.learned_placeholders is true",
    )
    yield Check(
        augmentation.audio_dropout + augmentation.transcript_dropout < 1,
        "augmentation.audio_dropout",
        "less than 1 together with augmentation.transcript_dropout",
    )


def _of_training(config: "Config") -> Iterator[Check]:
    yield Check(1.0 in config.augmentation.speeds, "augmentation.speeds", "1.0 among them")
    yield Check(
        not (config.training.focal_gamma and config.training.verification),
        "training.focal_gamma",
        "0 where training.verification is more than 0",
    )


def _of_dimensions(config: "Config") -> Iterator[Check]:
    names, ranges = config.labels.dimensions or (), config.labels.ranges or {}
    yield Check(len(set(names)) == len(names), "labels.dimensions", "names that differ")
    yield Check(
        not names or MODELS[config.model.name].fitting == "steps",
        "labels.dimensions",
        f"null for the model {config.model.name}, which has no vector of an utterance that both heads could share",
    )
    yield Check(
        all(len(ends) == 2 and -LARGEST <= ends[0] < ends[1] <= LARGEST for ends in ranges.values()),
        "labels.ranges",
        'the lowest and the highest value of each dimension, such as {"arousal": [1, 7]}',
    )
    labels = config.labels
    if labels.classes == ():
        yield Check(
            bool(names), "labels.classes", "two or more, or null, unless labels.dimensions names what is learned"
        )
        yield Check(not labels.votes, "labels.votes", "false without classes, for which raters vote")
        for name in ("map", "drop"):
            yield Check(getattr(labels, name) is None, f"labels.{name}", "null without classes, which it would choose")
    strange = sorted(set(ranges) - set(names))
    yield Check(not strange, "labels.ranges", f"ranges of {', '.join(names) or 'no dimension'} alone")
