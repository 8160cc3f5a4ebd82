"""The TFRecord schema: one example an utterance, with its features and everything that training asks of it."""

import contextlib
import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from emotion_tf.corpora.utterance import Utterance
from emotion_tf.files import digest
from emotion_tf.labels import index

SCHEMA_VERSION = 1
"""Part of every cache key: raise it when the schema or the front end changes, so that old records are made anew."""

SCHEMA = {
    "id": tf.io.FixedLenFeature([], tf.string),
    "label": tf.io.FixedLenFeature([], tf.int64),
    "text": tf.io.FixedLenFeature([], tf.string),
    "audio": tf.io.FixedLenFeature([], tf.string),
}


def serialize(utterance: Utterance, features: np.ndarray) -> bytes:
    """An utterance and its features (T, D) float32 as the bytes of a `tf.train.Example`."""
    values: dict[str, Any] = {
        "id": _bytes(utterance.id.encode()),
        "label": tf.train.Feature(int64_list=tf.train.Int64List(value=[index(utterance.label)])),
        "text": _bytes(utterance.text.encode()),
        "audio": _bytes(np.ascontiguousarray(features, "<f4").tobytes()),
    }
    return tf.train.Example(features=tf.train.Features(feature=values)).SerializeToString()


def parse(serialized: tf.Tensor, width: int) -> dict[str, tf.Tensor]:
    """The inverse of `serialize`, in the graph.

    Args:
        serialized: Bytes of one example.
        width: Number of features a frame, D.

    Returns:
        `id` and `text`, strings; `label`, int64; `audio`, (T, D) float32.
    """
    example = tf.io.parse_single_example(serialized, SCHEMA)
    audio = tf.io.decode_raw(example["audio"], tf.float32, little_endian=True)
    return {**example, "audio": tf.reshape(audio, (-1, width))}


def cache_key(utterances: Sequence[Utterance], settings: Any, hears: bool = True) -> str:
    """A name for what is made of a corpus, which changes with all that it depends on.

    Args:
        utterances: The utterances.
        settings: What else the result depends on, as JSON has it.
        hears: Whether it depends on the audio files, of which size and time are looked at.

    Returns:
        16 hexadecimal digits.
    """
    listing = []
    for utterance in utterances:
        stamp = None
        if hears and utterance.audio is not None:
            # What cannot be looked at is told of when it is read.
            with contextlib.suppress(OSError):
                status = utterance.audio.stat()
                stamp = [status.st_size, status.st_mtime_ns]
        listing.append([*map(str, dataclasses.astuple(utterance)), stamp])
    return digest([SCHEMA_VERSION, listing, settings])[:16]


def _bytes(value: bytes) -> tf.train.Feature:
    return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))
