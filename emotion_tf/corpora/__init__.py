"""Readers of corpora: one module a corpus, each with its `INFO` and one function `read`."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType

from emotion_tf.config import Config
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
    msp_podcast,
    nemo,
    ravdess,
    savee,
    tess,
)
from emotion_tf.corpora.corpus import Corpus, CorpusInfo
from emotion_tf.corpora.groups import check_groups
from emotion_tf.corpora.label_choice import choose_labels
from emotion_tf.corpora.several import BETWEEN, combine
from emotion_tf.corpora.table import TABLE_SUFFIXES
from emotion_tf.corpora.utterance import Utterance
from emotion_tf.errors import EmotionTFError, did_you_mean
from emotion_tf.utils.paths import RemotePath, as_path

__all__ = [
    "NAMES",
    "Corpus",
    "CorpusInfo",
    "Utterance",
    "check_groups",
    "choose_labels",
    "info",
    "load",
    "load_several",
]

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
    "msp-podcast": msp_podcast,
    "msp-podcast-test2": msp_podcast,
    "msp-podcast-test3": msp_podcast,
    "nemo": nemo,
    "ravdess": ravdess,
    "savee": savee,
    "tess": tess,
}

TABLES = ("manifest", "goemotions")
"""Corpora that are tables themselves."""

NAMES = tuple(_READERS)
"""Every corpus that `load` knows."""


def info(name: str) -> CorpusInfo:
    """What is known of a corpus before it is read.

    Args:
        name: One of `NAMES`.

    Raises:
        EmotionTFError: If there is no such corpus.

    Example:

    >>> info("ravdess").labels
    ('angry', 'calm', 'disgust', 'fearful', 'happy', 'neutral', 'sad', 'surprised')
    """
    if name not in _READERS:
        raise EmotionTFError(
            "unknown corpus", expected=f"one of {', '.join(NAMES)}", received=repr(name), fix=did_you_mean(name, NAMES)
        )
    return _READERS[name].INFO


def load_several(
    places: Sequence[tuple[str, str | Path | RemotePath | None]],
    config: Config,
    columns: Mapping[str, str] | None = None,
    groups: Sequence[str] = (),
) -> tuple[Corpus, Config]:
    """Reads several corpora as one.

    Args:
        places: The name and the folder of each. A table is read as a manifest, whatever its name is; other names are
            those of `NAMES`.
        config: The settings, which say what labels are wanted.
        columns: As for `load`, for the manifests.
        groups: As for `load`, for the manifests.

    Returns:
        What `emotion_tf.corpora.several.combine` returns of them; of one corpus, that corpus under its name.

    Raises:
        EmotionTFError: As for `load` and `combine`.
    """
    rated = config.labels.dimensions or ()
    found = [_load_named(name, place, columns, rated, groups) for name, place in places]
    if len(found) == 1:
        return choose_labels(found[0], config)
    known = {corpus.name: _READERS[corpus.name] for corpus in found if corpus.name in _READERS}
    people = {name: reader.__name__.rpartition(".")[2] for name, reader in known.items() if reader is not manifest}
    languages = {name: reader.INFO.languages[0] for name, reader in known.items() if len(reader.INFO.languages) == 1}
    return combine(found, config, people, languages)


def _load_named(
    name: str,
    place: str | Path | RemotePath | None,
    columns: Mapping[str, str] | None,
    dimensions: Sequence[str],
    groups: Sequence[str],
) -> Corpus:
    """The corpus at a place, under a name."""
    is_table = place is not None and as_path(place).suffix.lower() in TABLE_SUFFIXES
    if is_table and name not in TABLES:
        if not name or set(name) & {BETWEEN, "/", "="}:
            raise EmotionTFError(f"no corpus can be called {name!r}", expected=f"a name without {BETWEEN}, / and =")
        corpus = load("manifest", place, columns, dimensions, groups)
        utterances = tuple(dataclasses.replace(utterance, corpus=name) for utterance in corpus.utterances)
        return dataclasses.replace(corpus, name=name, utterances=utterances)
    return load(name, place, columns if name == "manifest" else None, dimensions, groups)


def load(
    name: str,
    folder: str | Path | RemotePath | None = None,
    columns: Mapping[str, str] | None = None,
    dimensions: Sequence[str] = (),
    groups: Sequence[str] = (),
) -> Corpus:
    """Reads a corpus.

    Args:
        name: One of `NAMES`.
        folder: Where the corpus lies: for `manifest` and `goemotions` the table itself, for `demo` the folder in which
            it is made unless it is there already, for the others their folder; only `demo` has a default. That of
            `manifest` may be a URL.
        columns: For `manifest`: what a column is in this package, and its name in the table, such as
            `{"audio": "file", "label": "emotion", "speaker": "spk"}`.
        dimensions: For `manifest`: columns that hold ratings, beside arousal, valence and dominance, which are known.
        groups: For `manifest`: columns that tell groups of speakers or utterances apart, beside sex, gender, age and
            language, which are known.

    Returns:
        The corpus with all its utterances. `choose_labels` leaves those of the classes that are wanted.

    Raises:
        EmotionTFError: If there is no such corpus, or what lies at `folder` is not it.

    Example:

    >>> load("ravdess", "no/such/folder")
    Traceback (most recent call last):
    ...
    emotion_tf.errors.EmotionTFError: no/such/folder is not the folder of RAVDESS; ...
    """
    known = info(name)
    folder = folder or known.default_folder
    if folder is None:
        raise EmotionTFError(f"the corpus {name} needs a data_dir", expected=known.layout)
    place = as_path(folder)
    utterances, ranges = _read(name, place, columns or {}, dimensions, groups)
    return Corpus(
        name,
        known.citation,
        known.licence,
        known.synthetic,
        tuple(dataclasses.replace(utterance, corpus=name) for utterance in utterances),
        label_sets=known.label_sets,
        default_labels=known.default_labels,
        dimensions=ranges,
    )


def _read(
    name: str,
    place: Path | RemotePath,
    columns: Mapping[str, str],
    dimensions: Sequence[str],
    groups: Sequence[str] = (),
) -> tuple[tuple[Utterance, ...], Mapping[str, tuple[float, float] | None]]:
    """The utterances of a corpus, and the ranges of their ratings."""
    reader = _READERS[name]
    if reader is manifest:
        return manifest.read_table(place, columns, dimensions, groups)
    if isinstance(place, RemotePath):
        raise EmotionTFError(
            f"the corpus {name} is read from a folder",
            expected="a local or mounted data_dir",
            received=str(place),
            fix="mount it, or list its files in a manifest, which may lie behind a URL",
        )
    if columns:
        raise EmotionTFError("columns are named for a manifest", received=f"the corpus {name}")
    part = name.rpartition("-")[2]
    if reader is msp_podcast and part.startswith("test"):
        return msp_podcast.read_part(place, part.capitalize()), reader.INFO.dimensions
    utterances = reader.read(place)
    if part in iemocap.PARTS:
        utterances = tuple(utterance for utterance in utterances if iemocap.part(utterance) == part)
    return utterances, reader.INFO.dimensions
