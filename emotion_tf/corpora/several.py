"""Several corpora as one, whose speakers stay apart."""

import dataclasses
import logging
from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path

from emotion_tf.config import Config, LabelConfig
from emotion_tf.corpora.corpus import Corpus
from emotion_tf.corpora.label_choice import choose_labels
from emotion_tf.corpora.utterance import Utterance
from emotion_tf.errors import EmotionTFError
from emotion_tf.labels import customary
from emotion_tf.utils.files import file_digest
from emotion_tf.utils.paths import RemotePath

_LOG = logging.getLogger(__name__)

BETWEEN = "+"
"""Between the names of corpora that are taken together."""

SPLITS = ("train", "dev", "test")
"""Sessions of a published split, which are the same in all corpora."""


def combine(
    corpora: Sequence[Corpus],
    config: Config,
    people: Mapping[str, str] | None = None,
    languages: Mapping[str, str] | None = None,
) -> tuple[Corpus, Config]:
    """Takes several corpora together.

    Ids, speakers and sessions get the name of their corpus in front, since speakers of one name in two corpora are
    different people. Labels are chosen in each corpus by itself, so that each has its own label sets.

    Args:
        corpora: Two corpora or more, of different names.
        config: The settings.
        people: By the name of a corpus, what stands before its speakers in place of the name; parts of one corpus have
            the same, since their speakers are the same people.
        languages: By the name of a corpus, the language that is spoken there, if it is one.

    Returns:
        The corpus, whose name is such as `ravdess+nemo`, and the settings with the classes that there are.

    Raises:
        EmotionTFError: If two have one name, a setting names a label that none has, or a recording stands in two of
            them.
    """
    people, languages = people or {}, languages or {}
    names = [corpus.name for corpus in corpora]
    if len(set(names)) < len(names):
        raise EmotionTFError("two corpora have one name", expected="a name for each", received=", ".join(names))
    chosen, labels = _with_one_choice(corpora, config)
    check_recordings(chosen)
    utterances = [
        _renamed(utterance, corpus.name, people.get(corpus.name, corpus.name), languages.get(corpus.name))
        for corpus in chosen
        for utterance in corpus.utterances
    ]
    alike = all(corpus.dimensions == chosen[0].dimensions for corpus in chosen)
    if not alike and labels.dimensions:
        raise EmotionTFError(
            f"the corpora {', '.join(names)} do not rate alike",
            expected=f"one range of {', '.join(labels.dimensions)} in all of them",
            fix="set labels.ranges",
        )
    if not alike:
        _LOG.warning("ratings are left out, since the corpora %s do not rate the same", ", ".join(names))
        utterances = [dataclasses.replace(utterance, ratings=()) for utterance in utterances]
    whole = Corpus(
        BETWEEN.join(names),
        "; ".join(dict.fromkeys(corpus.citation for corpus in corpora)),
        "; ".join(dict.fromkeys(corpus.licence for corpus in corpora)),
        any(corpus.synthetic for corpus in corpora),
        tuple(utterances),
        dimensions=chosen[0].dimensions if alike else {},
        chosen=labels,
    )
    return whole, dataclasses.replace(config, labels=labels)


def check_recordings(corpora: Sequence[Corpus]) -> None:
    """Refuses corpora of which two hold the same recording, whatever it is called there.

    Args:
        corpora: The corpora. Recordings behind URLs are compared by their URLs alone.

    Raises:
        EmotionTFError: If two of them do.
    """
    files = {corpus.name: list(dict.fromkeys(u.audio for u in corpus.utterances if u.audio)) for corpus in corpora}
    sizes = {name: _by_size(paths) for name, paths in files.items()}
    for one, other in combinations(sizes, 2):
        # Files of one size are few, and they alone are read.
        shared = sizes[one].keys() & sizes[other].keys()
        known = {_content(path): path for size in shared for path in sizes[one][size]}
        for path in (path for size in shared for path in sizes[other][size]):
            twin = known.get(_content(path))
            if twin is not None:
                raise EmotionTFError(
                    f"{one} and {other} hold the same recording",
                    expected="corpora that have no recording in common",
                    received=f"{twin} and {path}",
                    fix="leave one of the corpora out, or its recordings",
                )


def _by_size(paths: Sequence[Path | RemotePath]) -> dict[int | str, list[Path | RemotePath]]:
    """Files by their size; what is behind a URL by that. What cannot be looked at is left out: reading it will tell."""
    found: dict[int | str, list[Path | RemotePath]] = {}
    for path in paths:
        try:
            size: int | str = str(path) if isinstance(path, RemotePath) else path.stat().st_size
        except OSError:
            continue
        found.setdefault(size, []).append(path)
    return found


def _content(path: Path | RemotePath) -> str:
    return str(path) if isinstance(path, RemotePath) else file_digest(path)


def _with_one_choice(corpora: Sequence[Corpus], config: Config) -> tuple[list[Corpus], LabelConfig]:
    """The corpora with their labels chosen, each by the settings that concern it, and the settings of all."""
    settings = config.labels
    for name, wanted in (("labels.map", settings.map or {}), ("labels.drop", settings.drop or ())):
        for label in wanted:
            if not any(_has(corpus, label) for corpus in corpora):
                raise EmotionTFError(f"{name} names {label!r}, which none of the corpora has")
    found, names = [], set()
    for corpus in corpora:
        own = dataclasses.replace(
            settings,
            classes=() if settings.classes == () else None,
            map={old: new for old, new in (settings.map or {}).items() if _has(corpus, old)} or None,
            drop=tuple(label for label in settings.drop or () if _has(corpus, label)) or None,
        )
        chosen, used = choose_labels(corpus, dataclasses.replace(config, labels=own))
        names.add(used.labels.set)
        found.append(chosen)
    there = {utterance.label for corpus in found for utterance in corpus.utterances} - {""}
    classes = settings.classes or tuple(sorted(there))
    absent = [name for name in classes if name not in there]
    if absent:
        raise EmotionTFError(
            f"labels.classes names {absent[0]!r}, which none of the corpora has", expected=", ".join(sorted(there))
        )
    kept = [
        dataclasses.replace(corpus, utterances=tuple(u for u in corpus.utterances if u.label in (classes or ("",))))
        for corpus in found
    ]
    return kept, dataclasses.replace(settings, set=names.pop() if len(names) == 1 else None, classes=classes)


def _has(corpus: Corpus, label: str) -> bool:
    """Whether a corpus has a label, or another customary spelling of it."""
    there = {utterance.label.casefold() for utterance in corpus.utterances}
    return bool({label.casefold(), customary(label).casefold()} & there)


def _renamed(utterance: Utterance, name: str, people: str, language: str | None) -> Utterance:
    """An utterance whose names are those of no other corpus."""
    session = utterance.session
    # What one corpus calls gender and another sex is compared as one.
    groups = tuple(("sex" if key == "gender" else key, value) for key, value in utterance.groups)
    if language is not None and "language" not in dict(groups):
        groups = (*groups, ("language", language))
    return dataclasses.replace(
        utterance,
        id=f"{name}/{utterance.id}",
        context=tuple(dataclasses.replace(turn, id=f"{name}/{turn.id}") for turn in utterance.context),
        speaker=f"{people}/{utterance.speaker}",
        session=session if session in SPLITS or not session else f"{name}/{session}",
        corpus=name,
        groups=groups,
    )
