"""From audio files to TFRecords, once for every set of front-end settings."""

import dataclasses
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, cast

import numpy as np

from emotion_tf.config import Config
from emotion_tf.corpora.utterance import Utterance
from emotion_tf.dataset.functionals import functionals
from emotion_tf.dataset.records import cache_key, corpus_hash
from emotion_tf.dataset.shard import Shard
from emotion_tf.dataset.speakers import speaker_embeddings
from emotion_tf.dataset.variant import Variant
from emotion_tf.errors import EmotionTFError
from emotion_tf.registry import MODELS
from emotion_tf.utils.files import sweep
from emotion_tf.utils.locks import locked
from emotion_tf.utils.paths import RemotePath, as_path
from emotion_tf.utils.progress import tracking

logger = logging.getLogger(__name__)

SHARD_SIZE = 256
"""Utterances of a shard; no more than these are in memory at a time."""

Maker = Callable[[Sequence[Shard], bool], Iterable[tuple[Shard, dict[str, str]]]]
"""Makes shards, with or without `skip_bad`, and gives each that is whole with what `Shard.make` returns."""


@dataclass(frozen=True)
class Records:
    """The records of a corpus.

    Args:
        clean: The shards of the utterances as they are, TFRecord files in the order of the utterances.
        augmented: As many shards each of the same utterances at other speeds and disturbed, for training.
        utterances: The utterances in the order of the records.
        speakers: (N, W) float32, the speaker embeddings of the utterances; None where the settings want none.
        taught: (N, V) float32, what a teacher makes of each utterance, zeros where there is none; None without a
            teacher.
        functionals: (N, W) float32, openSMILE's functionals of the utterances, for a machine that is fitted on them;
            such records have no shards.
    """

    clean: tuple[Path | RemotePath, ...]
    augmented: tuple[tuple[Path | RemotePath, ...], ...]
    utterances: tuple[Utterance, ...]
    speakers: np.ndarray | None = None
    taught: np.ndarray | None = None
    functionals: np.ndarray | None = None


def extract(
    utterances: Sequence[Utterance],
    config: Config,
    folder: str | Path | RemotePath,
    skip_bad: bool = False,
    make: Maker | None = None,
) -> Records:
    """Makes the records of a corpus, or finds those that an earlier call made from the same files and settings.

    They are made shard by shard, each with its checksum beside it. A call that was stopped goes on with the shard at
    which it stopped, and a shard that was damaged since is made again. What another process makes is waited for, since
    it is the same.

    Args:
        utterances: The utterances of the corpus.
        config: Front end, modality, speaker embeddings and the augmentations that change the wave.
        folder: Where records of all corpora and settings lie. Behind a URL nobody is waited for: what two processes
            make is made twice.
        skip_bad: Leave out utterances whose audio cannot be read, and list them, instead of raising at the first.
        make: Who makes the shards that are not there, such as `Beam`; None makes them here, one after the other.

    Returns:
        The records.

    Raises:
        EmotionTFError: If an audio file cannot be read, an utterance has none although the model hears, no utterance
            has a transcript although it reads, or speaker embeddings are wanted and one is missing.
    """
    folder = as_path(folder)
    feature_set = MODELS[config.model.name].functionals
    if feature_set is not None:
        if isinstance(folder, RemotePath) or make is not None:
            raise EmotionTFError(
                f"the functionals of the model {config.model.name} are made here and kept in a local folder",
                fix="name a local --records-dir, and leave out --runner",
            )
        heard, values = functionals(utterances, feature_set, config.features.sample_rate, folder, skip_bad)
        return Records((), (), heard, functionals=values)
    # What can be known now is not found out after hours of extraction.
    if config.model.reads:
        _check_transcripts(utterances, config.words.context_turns)
    source = config.speaker.embeddings
    if source not in (None, "ge2e") and not Path(str(source)).is_file():
        raise EmotionTFError(
            f"there are no speaker embeddings {source}",
            expected="a Kaldi .scp or .ark, or an .npz",
            fix="name the file, or ge2e to compute them",
        )
    if source == "ge2e" and isinstance(folder, RemotePath):
        raise EmotionTFError(
            "speaker embeddings that are computed are kept beside the records, but not behind a URL",
            expected="a local or mounted folder",
            received=str(folder),
        )
    corpus = corpus_hash(utterances, hears=config.model.hears, turns=config.words.context_turns)
    variants = [_shards(utterances, corpus, config, folder, variant) for variant in _variants(config)]
    shards = [shard for variant in variants for shard in variant]
    known = {shard.path: shard.skipped() for shard in shards}
    missing = [shard for shard in shards if known[shard.path] is None]
    # Shards that are whole need no lock, so that they can be read where nothing can be written.
    if missing:
        with _alone_at(missing):
            known |= {shard.path: shard.skipped() for shard in missing}
            missing = [shard for shard in missing if known[shard.path] is None]
            for shard in missing:
                if shard.path.exists():
                    logger.warning("%s is damaged, or was not finished, and is made again", shard.path)
            with tracking("features of utterances", sum(len(shard.utterances) for shard in missing)) as advance:
                for shard, reasons in (make or _one_after_the_other)(missing, skip_bad):
                    known[shard.path] = reasons
                    advance(len(shard.utterances))
    skipped = {id: reason for reasons in known.values() for id, reason in (reasons or {}).items()}
    if skipped and not skip_bad:
        raise EmotionTFError(next(iter(skipped.values())))
    if skipped:
        listing = "".join(f"\n  {reason}" for reason in skipped.values())
        logger.warning("%d of %d utterances are skipped:%s", len(skipped), len(utterances), listing)
    good = tuple(utterance for utterance in utterances if utterance.id not in skipped)
    if not good:
        raise EmotionTFError("no utterance is left", expected="at least one readable audio file")
    clean, *augmented = (tuple(shard.path for shard in variant) for variant in variants)
    # Behind a URL, those that would be kept in the folder were refused.
    speakers = speaker_embeddings(good, config, cast(Path, folder))
    return Records(clean, tuple(augmented), good, speakers)


def _check_transcripts(utterances: Sequence[Utterance], turns: int) -> None:
    """Says how many transcripts are empty or have no turns before them, and refuses a corpus without transcripts."""
    empty = sum(not utterance.text.strip() for utterance in utterances)
    if empty == len(utterances):
        raise EmotionTFError(
            "the model reads, but no utterance has a transcript",
            expected="a corpus with text",
            fix="use --modality audio, or let a recogniser write transcripts: emotion-tf prepare --transcribe ENGINE",
        )
    if empty:
        logger.warning("%d of %d transcripts are empty; the model reads no word there", empty, len(utterances))
    if turns and not any(utterance.context for utterance in utterances):
        logger.warning("words.context_turns is %d, but no turn before an utterance is known", turns)


def _variants(config: Config) -> list[Variant]:
    """The wave as it is, then the other speeds, then the disturbed copies."""
    if not config.model.hears:
        return [Variant()]
    settings = config.augmentation
    speeds = [Variant(speed) for speed in settings.speeds if speed != 1.0]
    return [Variant(), *speeds, *(Variant(disturbed_copy=copy) for copy in range(settings.disturbed_copies))]


def _shards(
    utterances: Sequence[Utterance], corpus: Any, config: Config, folder: Path | RemotePath, variant: Variant
) -> list[Shard]:
    """The shards of one variant, whether they are there or not."""
    front_end = dataclasses.asdict(config.features) if config.model.hears else None
    folder = folder / cache_key(corpus, [front_end, dataclasses.asdict(variant), SHARD_SIZE])
    starts = range(0, len(utterances), SHARD_SIZE)
    parts = [tuple(utterances[start : start + SHARD_SIZE]) for start in starts]
    return [Shard(folder, number, part, config, variant) for number, part in enumerate(parts)]


@contextmanager
def _alone_at(shards: Sequence[Shard]) -> Iterator[None]:
    """Keeps other processes from making the same shards, but for those behind a URL, where there are no locks."""
    with ExitStack() as locks:
        # In one order for all, so that no two processes wait for each other.
        for folder in sorted({shard.folder for shard in shards}, key=str):
            if isinstance(folder, Path):
                busy = partial(logger.warning, "another process makes %s; waiting for it", folder)
                locks.enter_context(locked(folder / ".lock", busy))
                sweep(folder)
        yield


def _one_after_the_other(shards: Sequence[Shard], skip_bad: bool) -> Iterator[tuple[Shard, dict[str, str]]]:
    """Makes shards here; each is made with all cores."""
    for shard in shards:
        yield shard, shard.make(skip_bad)
