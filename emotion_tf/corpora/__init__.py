"""Readers of corpora: one module a corpus, each with the same constants in the same order and one function `read`."""

from pathlib import Path
from types import ModuleType

from emotion_tf.corpora import (
    audformat,
    cremad,
    demo,
    emodb,
    esd,
    goemotions,
    iemocap,
    manifest,
    meld,
    nemo,
    ravdess,
    savee,
    tess,
)
from emotion_tf.corpora.corpus import Corpus
from emotion_tf.corpora.utterance import Utterance
from emotion_tf.errors import EmotionTFError
from emotion_tf.utils.remote_path import RemotePath, as_path

__all__ = ["NAMES", "Corpus", "Utterance", "load"]

_READERS: dict[str, ModuleType] = {
    "audformat": audformat,
    "cremad": cremad,
    "demo": demo,
    "emodb": emodb,
    "esd": esd,
    "goemotions": goemotions,
    "iemocap": iemocap,
    "iemocap-improvised": iemocap,
    "iemocap-scripted": iemocap,
    "manifest": manifest,
    "meld": meld,
    "nemo": nemo,
    "ravdess": ravdess,
    "savee": savee,
    "tess": tess,
}

NAMES = tuple(_READERS)
"""Every corpus that `load` knows."""


def load(name: str, data_dir: str | Path | RemotePath | None = None) -> Corpus:
    """Reads a corpus.

    Args:
        name: One of `NAMES`.
        data_dir: Where the corpus lies: for `manifest` and `goemotions` the table itself, for `demo` the folder in
            which it is made unless it is there already, for the others their folder; only `demo` has a default. That of
            `manifest` may be a URL.

    Returns:
        The corpus with all its utterances of the four emotions.

    Raises:
        EmotionTFError: If there is no such corpus, or what lies at `data_dir` is not it.

    Example:

    >>> load("ravdess", "no/such/folder")
    Traceback (most recent call last):
    ...
    emotion_tf.errors.EmotionTFError: no/such/folder is not the folder of RAVDESS; ...
    """
    if name not in _READERS:
        raise EmotionTFError("unknown corpus", expected=f"one of {', '.join(NAMES)}", received=repr(name))
    reader = _READERS[name]
    data_dir = data_dir or reader.DEFAULT_DIR
    if data_dir is None:
        raise EmotionTFError(f"the corpus {name} needs a data_dir", expected=reader.LAYOUT)
    place = as_path(data_dir)
    if isinstance(place, RemotePath) and reader is not manifest:
        raise EmotionTFError(
            f"the corpus {name} is read from a folder",
            expected="a local or mounted data_dir",
            received=str(place),
            fix="mount it, or list its files in a manifest, which may lie behind a URL",
        )
    utterances = reader.read(place)
    part = name.removeprefix("iemocap-")
    if part in iemocap.PARTS:
        utterances = tuple(utterance for utterance in utterances if iemocap.part(utterance) == part)
    return Corpus(name, reader.CITATION, reader.LICENCE, reader.SYNTHETIC, utterances)
