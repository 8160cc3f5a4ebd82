"""From audio files to TFRecords, once for every set of front-end settings."""

import dataclasses
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import tensorflow as tf

from emotion_tf.config import Config, FeatureConfig
from emotion_tf.corpora.utterance import Utterance
from emotion_tf.dataset.records import cache_key, serialize
from emotion_tf.dataset.speakers import speaker_embeddings
from emotion_tf.errors import EmotionTFError
from emotion_tf.features.disturbances import disturb
from emotion_tf.features.spectral import acoustic_features
from emotion_tf.features.waveform import change_speed, read_waveform
from emotion_tf.files import digest, read_json, replacing, write_json

CHUNK = 256
"""Utterances that are held in memory at a time."""


@dataclass(frozen=True)
class Records:
    """The records of a corpus.

    Args:
        clean: The file of the utterances as they are.
        augmented: Files of the same utterances at other speeds and disturbed, for training.
        utterances: The utterances in the order of the records.
        speakers: (N, W) float32, the speaker embeddings of the utterances; None where the settings want none.
    """

    clean: Path
    augmented: tuple[Path, ...]
    utterances: tuple[Utterance, ...]
    speakers: np.ndarray | None = None


def extract(
    utterances: Sequence[Utterance],
    config: Config,
    folder: str | Path,
    skip_bad: bool = False,
    report: Callable[[str], None] = print,
) -> Records:
    """Makes the records of a corpus, or finds those that an earlier call made from the same files and settings.

    Args:
        utterances: The utterances of the corpus.
        config: Front end, modality, speaker embeddings and the augmentations that change the wave.
        folder: Where records of all corpora and settings lie.
        skip_bad: Leave out utterances whose audio cannot be read, and list them, instead of raising at the first.
        report: Called with lines of progress.

    Returns:
        The records.

    Raises:
        EmotionTFError: If an audio file cannot be read, an utterance has none although the model hears, no utterance
            has a transcript although it reads, or speaker embeddings are wanted and one is missing.
    """
    # What can be known now is not found out after hours of extraction.
    if config.model.reads:
        _check_transcripts(utterances, report)
    source = config.speaker.embeddings
    if source not in (None, "ge2e") and not Path(str(source)).is_file():
        raise EmotionTFError(
            f"there are no speaker embeddings {source}",
            expected="a Kaldi .scp or .ark, or an .npz",
            fix="name the file, or ge2e to compute them",
        )
    variants = _variants(config) if config.model.hears else [_Variant()]
    skipped: dict[str, str] = {}
    paths = []
    for variant in variants:
        path, reasons = _extract_variant(utterances, config, Path(folder), variant, skip_bad, report)
        skipped |= reasons
        paths.append(path)
    if skipped:
        report(f"{len(skipped)} of {len(utterances)} utterances are skipped:")
        for reason in skipped.values():
            report(f"  {reason}")
    good = tuple(utterance for utterance in utterances if utterance.id not in skipped)
    if not good:
        raise EmotionTFError("no utterance is left", expected="at least one readable audio file")
    return Records(paths[0], tuple(paths[1:]), good, speaker_embeddings(good, config, Path(folder), report))


def _check_transcripts(utterances: Sequence[Utterance], report: Callable[[str], None]) -> None:
    """Says how many transcripts are empty, and refuses a corpus that has no other."""
    empty = sum(not utterance.text.strip() for utterance in utterances)
    if empty == len(utterances):
        raise EmotionTFError(
            "the model reads, but no utterance has a transcript",
            expected="a corpus with text",
            fix="use --modality audio, or let a recogniser write transcripts: emotion-tf prepare --transcribe ENGINE",
        )
    if empty:
        report(f"{empty} of {len(utterances)} transcripts are empty; the model reads no word there")


@dataclass(frozen=True)
class _Variant:
    """One way in which the wave is played."""

    speed: float = 1.0
    disturbed_copy: int | None = None

    def __str__(self) -> str:
        return f"speed {self.speed:g}" if self.disturbed_copy is None else f"disturbed copy {self.disturbed_copy}"

    def apply(self, waveform: np.ndarray, rate: int, seed: int) -> np.ndarray:
        if self.speed != 1.0:
            waveform = change_speed(waveform, self.speed)
        if self.disturbed_copy is not None:
            waveform = disturb(waveform, rate, np.random.default_rng([seed, self.disturbed_copy]))
        return waveform


def _variants(config: Config) -> list[_Variant]:
    """The wave as it is, then the other speeds, then the disturbed copies."""
    settings = config.augmentation
    speeds = [_Variant(speed) for speed in settings.speeds if speed != 1.0]
    return [_Variant(), *speeds, *(_Variant(disturbed_copy=copy) for copy in range(settings.disturbed_copies))]


def _extract_variant(
    utterances: Sequence[Utterance],
    config: Config,
    folder: Path,
    variant: _Variant,
    skip_bad: bool,
    report: Callable[[str], None],
) -> tuple[Path, dict[str, str]]:
    """The path of the records of one variant, and why some utterances are not in them."""
    front_end = dataclasses.asdict(config.features) if config.model.hears else None
    key = cache_key(utterances, [front_end, dataclasses.asdict(variant)], hears=config.model.hears)
    path = folder / key / "utterances.tfrecord"
    reasons_path = path.with_name("skipped.json")
    if path.exists():
        reasons = read_json(reasons_path)
        if reasons and not skip_bad:
            raise EmotionTFError(next(iter(reasons.values())))
        return path, reasons
    reasons = {}
    with replacing(path.parent) as temporary:
        temporary.mkdir()
        with tf.io.TFRecordWriter(str(temporary / path.name)) as writer:
            for done, (utterance, outcome) in enumerate(_outcomes(utterances, config, variant), start=1):
                if isinstance(outcome, EmotionTFError):
                    if not skip_bad:
                        raise outcome
                    reasons[utterance.id] = str(outcome)
                else:
                    writer.write(serialize(utterance, outcome))
                if done % CHUNK == 0 or done == len(utterances):
                    report(f"features of {done} of {len(utterances)} utterances ({variant})")
        write_json(temporary / reasons_path.name, reasons)
    return path, reasons


def _outcomes(
    utterances: Iterable[Utterance], config: Config, variant: _Variant
) -> Iterator[tuple[Utterance, np.ndarray | EmotionTFError]]:
    """Each utterance with its features (T, D), or with the error that reading it gave, in order."""
    front_end = FrontEnd(config.features)

    def outcome(utterance: Utterance) -> np.ndarray | EmotionTFError:
        if not config.model.hears:
            return np.zeros((0, config.features.width), np.float32)
        try:
            if utterance.audio is None:
                raise EmotionTFError(
                    f"utterance {utterance.id} has no audio",
                    expected="an audio file for every utterance",
                    fix="use --modality text",
                )
            rate = config.features.sample_rate
            waveform = read_waveform(utterance.audio, rate, utterance.start, utterance.end)
            return front_end(variant.apply(waveform, rate, seed=int(digest(utterance.id)[:8], 16)))
        except EmotionTFError as error:
            return error

    remaining = iter(utterances)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        while chunk := list(islice(remaining, CHUNK)):
            yield from zip(chunk, pool.map(outcome, chunk), strict=True)


class FrontEnd:
    """The acoustic front end for one wave at a time.

    Args:
        features: The settings of the front end.
    """

    def __init__(self, features: FeatureConfig):
        signature = [tf.TensorSpec([1, None], tf.float32), tf.TensorSpec([1], tf.int32)]
        self._features = tf.function(
            lambda waveform, num_samples: acoustic_features(waveform, num_samples, features), input_signature=signature
        )

    def __call__(self, waveform: np.ndarray) -> np.ndarray:
        """Features (T, D) float32 of a wave (N,), without the frames that count as padding."""
        features, mask = self._features(waveform[np.newaxis], [len(waveform)])
        return features.numpy()[mask.numpy()]
