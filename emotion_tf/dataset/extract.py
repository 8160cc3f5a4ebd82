"""From audio files to TFRecords, once for every set of front-end settings."""

import dataclasses
import functools
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
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
from emotion_tf.files import digest, file_digest, locked, read_json, replacing, sweep, write_json

SHARD_SIZE = 256
"""Utterances of a shard, which are held in memory at a time."""


@dataclass(frozen=True)
class Records:
    """The records of a corpus.

    Args:
        clean: The shards of the utterances as they are, TFRecord files in the order of the utterances.
        augmented: As many shards each of the same utterances at other speeds and disturbed, for training.
        utterances: The utterances in the order of the records.
        speakers: (N, W) float32, the speaker embeddings of the utterances; None where the settings want none.
    """

    clean: tuple[Path, ...]
    augmented: tuple[tuple[Path, ...], ...]
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

    They are made shard by shard, each with its checksum beside it. A call that was stopped goes on with the shard at
    which it stopped, and a shard that was damaged since is made again. What another process makes is waited for, since
    it is the same.

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
    variants = _variants(config) if config.model.hears else [Variant()]
    skipped: dict[str, str] = {}
    shards = []
    for variant in variants:
        paths, reasons = _extract_variant(utterances, config, Path(folder), variant, skip_bad, report)
        skipped |= reasons
        shards.append(paths)
    if skipped:
        report(f"{len(skipped)} of {len(utterances)} utterances are skipped:")
        for reason in skipped.values():
            report(f"  {reason}")
    good = tuple(utterance for utterance in utterances if utterance.id not in skipped)
    if not good:
        raise EmotionTFError("no utterance is left", expected="at least one readable audio file")
    return Records(shards[0], tuple(shards[1:]), good, speaker_embeddings(good, config, Path(folder), report))


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


@functools.lru_cache(maxsize=1)
def _front_end(features: FeatureConfig) -> FrontEnd:
    """The front end of the settings, which TensorFlow traces once for all shards."""
    return FrontEnd(features)


@dataclass(frozen=True)
class Variant:
    """One way in which the wave is played.

    Args:
        speed: Playing speed.
        disturbed_copy: Number of the copy that is disturbed; None for waves that are not.
    """

    speed: float = 1.0
    disturbed_copy: int | None = None

    def __str__(self) -> str:
        return f"speed {self.speed:g}" if self.disturbed_copy is None else f"disturbed copy {self.disturbed_copy}"

    def apply(self, waveform: np.ndarray, rate: int, seed: int) -> np.ndarray:
        """The wave (N,) as it is heard in this variant."""
        if self.speed != 1.0:
            waveform = change_speed(waveform, self.speed)
        if self.disturbed_copy is not None:
            waveform = disturb(waveform, rate, np.random.default_rng([seed, self.disturbed_copy]))
        return waveform


def _variants(config: Config) -> list[Variant]:
    """The wave as it is, then the other speeds, then the disturbed copies."""
    settings = config.augmentation
    speeds = [Variant(speed) for speed in settings.speeds if speed != 1.0]
    return [Variant(), *speeds, *(Variant(disturbed_copy=copy) for copy in range(settings.disturbed_copies))]


def _extract_variant(
    utterances: Sequence[Utterance],
    config: Config,
    folder: Path,
    variant: Variant,
    skip_bad: bool,
    report: Callable[[str], None],
) -> tuple[tuple[Path, ...], dict[str, str]]:
    """The shards of one variant, and why some utterances are not in them."""
    front_end = dataclasses.asdict(config.features) if config.model.hears else None
    settings = [front_end, dataclasses.asdict(variant), SHARD_SIZE]
    folder = folder / cache_key(utterances, settings, hears=config.model.hears)
    parts = [utterances[start : start + SHARD_SIZE] for start in range(0, len(utterances), SHARD_SIZE)]
    paths = tuple(folder / f"{number:05}.tfrecord" for number in range(len(parts)))
    known = [_skipped_in(path) for path in paths]
    if None in known:
        # Shards that are whole need no lock, so that they can be read where nothing can be written.
        with locked(folder / ".lock", lambda: report(f"another process makes {folder}; waiting for it")):
            sweep(folder)
            for number, (path, part) in enumerate(zip(paths, parts, strict=True)):
                known[number] = _skipped_in(path)
                if known[number] is not None:
                    continue
                if path.exists():
                    report(f"{path} is damaged, or was not finished, and is made again")
                examples, skipped = make_shard(part, config, variant, skip_bad)
                _write_shard(path, examples, skipped)
                known[number] = skipped
                report(f"features of {number * SHARD_SIZE + len(part)} of {len(utterances)} utterances ({variant})")
    reasons = {id: reason for skipped in known for id, reason in (skipped or {}).items()}
    if reasons and not skip_bad:
        raise EmotionTFError(next(iter(reasons.values())))
    return paths, reasons


def make_shard(
    utterances: Sequence[Utterance], config: Config, variant: Variant, skip_bad: bool = False
) -> tuple[list[bytes], dict[str, str]]:
    """Makes the records of some utterances; the same of the same, whatever else is or was made.

    Args:
        utterances: The utterances.
        config: Front end and modality.
        variant: What is done to the waves.
        skip_bad: Leave out utterances whose audio cannot be read.

    Returns:
        The records, and by utterance id why some are missing.

    Raises:
        EmotionTFError: If audio cannot be read, unless `skip_bad`.
    """
    front_end = _front_end(config.features)
    examples, skipped = [], {}
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        outcomes = pool.map(lambda utterance: _features(utterance, config, variant, front_end), utterances)
        for utterance, outcome in zip(utterances, outcomes, strict=True):
            if not isinstance(outcome, EmotionTFError):
                examples.append(serialize(utterance, outcome))
            elif skip_bad:
                skipped[utterance.id] = str(outcome)
            else:
                raise outcome
    return examples, skipped


def _features(
    utterance: Utterance, config: Config, variant: Variant, front_end: FrontEnd
) -> np.ndarray | EmotionTFError:
    """Features (T, D) float32, or the error that reading the audio gave."""
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


def _write_shard(path: Path, examples: Sequence[bytes], skipped: dict[str, str]) -> None:
    """Writes a shard, and then the note without which it does not count."""
    with replacing(path) as temporary:
        with tf.io.TFRecordWriter(str(temporary)) as writer:
            for example in examples:
                writer.write(example)
        sha256 = file_digest(temporary)
    write_json(path.with_suffix(".json"), {"sha256": sha256, "skipped": skipped})


def _skipped_in(path: Path) -> dict[str, str] | None:
    """Why utterances are missing from a shard; None where it is not there, not finished or damaged."""
    try:
        note = read_json(path.with_suffix(".json"))
        return note["skipped"] if file_digest(path) == note["sha256"] else None
    except (EmotionTFError, FileNotFoundError, KeyError, TypeError):
        return None
