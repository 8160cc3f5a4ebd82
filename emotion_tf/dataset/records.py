"""The TFRecord schema: one example an utterance, with its features and its transcript."""

import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from emotion_tf.config import FeatureConfig
from emotion_tf.corpora.utterance import Utterance
from emotion_tf.utils.files import canonical_json, hash_rows
from emotion_tf.utils.paths import RemotePath

SCHEMA_VERSION = 3
"""Part of every cache key: raise it when the schema or the front end changes, so that old records are made anew."""

READ_OF_UTTERANCES = ("id", "file", "start", "end")
"""Fields on which the records depend beside the transcript. Labels and ratings are looked up by id, so that other
classes of the same corpus need no new features."""

LOOKS_AT_ONCE = 32
"""Audio files whose size and time are asked for at the same time."""

SCHEMA = {
    "id": tf.io.FixedLenFeature([], tf.string),
    "text": tf.io.FixedLenFeature([], tf.string),
    "features": tf.io.FixedLenFeature([], tf.string),
}


def stored_type(features: FeatureConfig) -> tf.DType:
    """How the numbers of a record are stored: those of a pretrained encoder are many, and need no more digits."""
    return tf.float32 if features.encoder is None else tf.float16


def serialize(utterance: Utterance, features: np.ndarray, dtype: tf.DType = tf.float32, turns: int = 0) -> bytes:
    """An utterance and its features (T, D) float32, stored as `dtype`, as the bytes of a `tf.train.Example`.

    Its text is what a network reads that reads so many earlier turns.
    """
    values: dict[str, Any] = {
        "id": _bytes(utterance.id.encode()),
        "text": _bytes(utterance.transcript(turns).encode()),
        "features": _bytes(np.ascontiguousarray(features, np.dtype(dtype.as_numpy_dtype).newbyteorder("<")).tobytes()),
    }
    return tf.train.Example(features=tf.train.Features(feature=values)).SerializeToString(deterministic=True)


def parse_ids(serialized: tf.Tensor) -> tf.Tensor:
    """The utterance ids (N,) of the bytes of some examples, in the graph."""
    return tf.io.parse_example(serialized, {"id": SCHEMA["id"]})["id"]


def parse(serialized: tf.Tensor, width: int, dtype: tf.DType = tf.float32) -> dict[str, tf.Tensor]:
    """The inverse of `serialize`, in the graph.

    Args:
        serialized: Bytes of one example.
        width: Number of features a frame, D.
        dtype: How they are stored.

    Returns:
        `id` and `text`, strings; `features`, (T, D) of `dtype`.
    """
    example = tf.io.parse_single_example(serialized, SCHEMA)
    stored = tf.io.decode_raw(example["features"], dtype, little_endian=True)
    return {**example, "features": tf.reshape(stored, (-1, width))}


def corpus_hash(utterances: Sequence[Utterance], hears: bool = True, turns: int = 0) -> Any:
    """A hash of all that the records of a corpus depend on but the settings, for `cache_key`.

    Args:
        utterances: The utterances.
        hears: Whether the records depend on the audio files, of which size and time are looked at.
        turns: How many earlier turns are read.

    Returns:
        A hash of `hashlib`, which has taken in one row after the other, so that none of them stays in memory.
    """
    audio = (utterance.audio for utterance in utterances if hears)
    remote = {path for path in audio if isinstance(path, RemotePath)}
    # Remote files are far away: while one is waited for, others are asked for.
    with ThreadPoolExecutor(LOOKS_AT_ONCE) as pool:
        stamps = dict(zip(remote, pool.map(_stamp, remote), strict=True))

    def row(utterance: Utterance) -> list[Any]:
        path = utterance.audio if hears else None
        stamp = stamps[path] if isinstance(path, RemotePath) else path and _stamp(path)
        return [*(str(getattr(utterance, name)) for name in READ_OF_UTTERANCES), utterance.transcript(turns), stamp]

    found = hash_rows(hashlib.sha256(f"[{SCHEMA_VERSION},".encode()), map(row, utterances))
    found.update(b",")
    return found


def _stamp(path: Path | RemotePath) -> list[int] | None:
    """Size and time of a file. What cannot be looked at is told of when it is read."""
    try:
        status = path.stat()
    except OSError:
        return None
    return [status.st_size, status.st_mtime_ns]


def cache_key(corpus: Any, settings: Any) -> str:
    """A name for what is made of a corpus, which changes with all that it depends on.

    Args:
        corpus: Its `corpus_hash`.
        settings: What else the result depends on, as JSON has it.

    Returns:
        16 hexadecimal digits: the beginning of the `digest` of schema version, rows and settings.
    """
    found = corpus.copy()
    found.update(f"{canonical_json(settings)}]".encode())
    return found.hexdigest()[:16]


def _bytes(value: bytes) -> tf.train.Feature:
    return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))
