"""A part of the records of a corpus, which is made and checked alone."""

import functools
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tensorflow as tf

from emotion_tf.audio.reader import read_waveform
from emotion_tf.config import Config, FeatureConfig
from emotion_tf.corpora.utterance import Utterance
from emotion_tf.dataset.front_end import FrontEnd
from emotion_tf.dataset.records import serialize, stored_type
from emotion_tf.dataset.variant import Variant
from emotion_tf.errors import EmotionTFError
from emotion_tf.utils.files import file_digest, read_json, replacing, seed_of, write_json
from emotion_tf.utils.paths import RemotePath


@dataclass(frozen=True)
class Shard:
    """One file of records; all that a worker needs to know to make it, on this machine or another.

    Args:
        folder: Where the shards of one corpus, one variant and the same settings lie.
        number: The place among them, from 0.
        utterances: Those whose records it holds, in their order.
        config: Front end and modality.
        variant: What is done to the waves.
    """

    folder: Path | RemotePath
    number: int
    utterances: tuple[Utterance, ...]
    config: Config
    variant: Variant

    @property
    def path(self) -> Path | RemotePath:
        """The TFRecord file."""
        return self.folder / f"{self.number:05}.tfrecord"

    @property
    def note(self) -> Path | RemotePath:
        """The file with the checksum, without which the shard does not count."""
        return self.folder / f"{self.number:05}.json"

    def make(self, skip_bad: bool = False) -> dict[str, str]:
        """Writes the shard, with all cores; the same bytes whoever does it, and whatever else is or was made.

        Args:
            skip_bad: Leave out utterances whose audio cannot be read.

        Returns:
            By utterance id why some are missing.

        Raises:
            EmotionTFError: If audio cannot be read, unless `skip_bad`.
        """
        skipped = {}
        front_end = _front_end(self.config.features)
        # One thread more than cores, since one or the other is always waiting for a file.
        num_threads = 1 + (os.cpu_count() or 1)
        with replacing(self.path) as temporary:
            with tf.io.TFRecordWriter(str(temporary)) as writer, ThreadPoolExecutor(num_threads) as pool:
                outcomes = pool.map(lambda utterance: self._record(utterance, front_end), self.utterances)
                for utterance, outcome in zip(self.utterances, outcomes, strict=True):
                    if isinstance(outcome, bytes):
                        writer.write(outcome)
                    elif skip_bad:
                        skipped[utterance.id] = str(outcome)
                    else:
                        raise outcome
            sha256 = file_digest(temporary)
        write_json(self.note, {"sha256": sha256, "skipped": skipped})
        return skipped

    def skipped(self) -> dict[str, str] | None:
        """By utterance id why some are missing; None where the shard is not there, not finished or damaged."""
        try:
            note = read_json(self.note)
            return note["skipped"] if file_digest(self.path) == note["sha256"] else None
        except (EmotionTFError, FileNotFoundError, KeyError, TypeError):
            return None

    def _record(self, utterance: Utterance, front_end: FrontEnd) -> bytes | EmotionTFError:
        """The record of an utterance, or the error that reading its audio gave."""
        try:
            features, dtype = self._features(utterance, front_end), stored_type(self.config.features)
            return serialize(utterance, features, dtype, self.config.words.context_turns)
        except EmotionTFError as error:
            return error

    def _features(self, utterance: Utterance, front_end: FrontEnd) -> np.ndarray:
        """Features (T, D) float32."""
        settings = self.config.features
        if not self.config.model.hears:
            return np.zeros((0, settings.width), np.float32)
        if utterance.audio is None:
            raise EmotionTFError(
                f"utterance {utterance.id} has no audio",
                expected="an audio file for every utterance",
                fix="use --modality text",
            )
        rate = settings.sample_rate
        waveform = read_waveform(utterance.audio, rate, utterance.start, utterance.end)
        return front_end(self.variant.apply(waveform, rate, seed=seed_of(utterance.id)))


@functools.lru_cache(maxsize=1)
def _front_end(features: FeatureConfig) -> FrontEnd:
    """The front end of the settings, which TensorFlow traces once for all shards."""
    return FrontEnd(features)
