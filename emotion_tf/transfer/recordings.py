"""Recordings without labels, from a folder or a manifest."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path

from emotion_tf.corpora import manifest
from emotion_tf.corpora.table import TABLE_SUFFIXES
from emotion_tf.corpora.utterance import Utterance
from emotion_tf.inference.batch import requests_in


def read_recordings(place: str | Path, columns: Mapping[str, str] | None = None) -> tuple[Utterance, ...]:
    """Reads what a folder or a manifest lists; labels are not looked at.

    Args:
        place: A folder of recordings, with those below it; or a manifest with the column audio, and if need be text,
            speaker, start and end.
        columns: Columns of a manifest that have other names in the table.

    Returns:
        The utterances, with "" as the label of each.

    Raises:
        EmotionTFError: If there is no recording, or the manifest is none.
    """
    place = Path(place)
    if place.suffix.lower() in TABLE_SUFFIXES and not place.is_dir():
        found = manifest.read(place, labelled=False, columns=columns)
        return tuple(dataclasses.replace(utterance, label="", votes=(), ratings=()) for utterance in found)
    return tuple(Utterance(item.id, item.audio, 0.0, None, "", "", speaker="") for item in requests_in(place))
