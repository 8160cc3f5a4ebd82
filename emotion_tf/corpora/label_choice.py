"""Which of the labels of a corpus become classes, by the settings `labels`."""

import dataclasses
import logging
import math
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping

from emotion_tf.config import Config, LabelConfig
from emotion_tf.corpora.corpus import ALL, Corpus
from emotion_tf.corpora.dimension_choice import choose_dimensions
from emotion_tf.corpora.utterance import Utterance
from emotion_tf.errors import EmotionTFError, did_you_mean
from emotion_tf.labels import FOUR_SET, customary

_LOG = logging.getLogger(__name__)


def choose_labels(corpus: Corpus, config: Config) -> tuple[Corpus, Config]:
    """Leaves out the utterances whose labels are not wanted, and renames the others.

    In this order: spellings of one label that differ in case or blanks alone are made one, `labels.map` renames,
    `labels.set` chooses and merges, `labels.drop` and `labels.classes` leave out. What is left out is counted and
    logged. Of the ratings, those of `labels.dimensions` are kept, in their order. Without classes, every utterance is
    kept that has one of these ratings, and its label is "".

    Args:
        corpus: A corpus as `emotion_tf.corpora.load` gives it, or one that this function has returned.
        config: The settings.

    Returns:
        The corpus with the utterances that are left, whose labels are classes; and the settings, in which
        `labels.classes` names these classes, or none where dimensions alone are learned, and `labels.ranges` the ranges
        that the corpus says.

    Raises:
        EmotionTFError: If a setting names a label, a set or a dimension that the corpus does not have, less than two
            classes are left, or ratings are outside their range.
    """
    settings = config.labels
    if corpus.chosen == settings:
        return corpus, config
    if _without_classes(corpus, settings):
        return _dimensions_alone(corpus, config)
    name = settings.set or (ALL if settings.classes else corpus.default_labels)
    classes_of = _classes_of(corpus, settings, _label_set(corpus, name))
    counts: Counter[str] = Counter()
    left_out: Counter[str] = Counter()
    utterances = []
    for utterance in corpus.utterances:
        label = classes_of.get(utterance.label)
        if label is None:
            left_out[utterance.label] += 1
            continue
        counts[label] += 1
        utterances.append(utterance if label == utterance.label else dataclasses.replace(utterance, label=label))
    classes = _checked_classes(settings, counts, corpus)
    utterances = _with_votes(utterances, classes_of)
    rated, utterances = choose_dimensions(corpus, settings, utterances)
    _LOG.info(
        "labels: %d of %d utterances in %d classes (%s)%s",
        len(utterances),
        len(corpus.utterances),
        len(classes),
        _said((label, counts[label]) for label in classes),
        f"; left out: {_said(sorted(left_out.items()))}" if left_out else "",
    )
    said: dict[str, tuple[float, ...]] = {name: ends for name, ends in rated.items() if ends is not None}
    chosen = dataclasses.replace(settings, set=name, classes=classes, ranges=said or None)
    return (
        dataclasses.replace(corpus, utterances=tuple(utterances), dimensions=rated, chosen=chosen),
        dataclasses.replace(config, labels=chosen),
    )


def refuse_without_classes(config: Config, what: str) -> None:
    """Refuses settings of dimensions alone where classes are judged.

    Args:
        config: The settings that `choose_labels` gave.
        what: What cannot be done, such as "a learning curve".

    Raises:
        EmotionTFError: If they have no classes.
    """
    if config.labels.classes == ():
        raise EmotionTFError(
            f"{what} judges classes alone",
            expected="two classes or more",
            received=f"the dimensions {', '.join(config.labels.dimensions or ())} alone",
        )


def _without_classes(corpus: Corpus, settings: LabelConfig) -> bool:
    """Whether dimensions alone are learned: where the settings say so, or no utterance has a label."""
    if settings.classes is not None:
        return not settings.classes
    return bool(settings.dimensions) and not any(item.label or item.votes for item in corpus.utterances)


def _dimensions_alone(corpus: Corpus, config: Config) -> tuple[Corpus, Config]:
    """What `choose_labels` gives where no classes are learned."""
    utterances = [dataclasses.replace(item, label="", votes=()) for item in corpus.utterances]
    rated, utterances = choose_dimensions(corpus, config.labels, utterances)
    kept = tuple(item for item in utterances if not all(map(math.isnan, item.ratings)))
    if len(kept) < len(utterances):
        _LOG.warning("%d of %d utterances without any rating left out", len(utterances) - len(kept), len(utterances))
    said: dict[str, tuple[float, ...]] = {name: ends for name, ends in rated.items() if ends is not None}
    chosen = dataclasses.replace(config.labels, set=None, classes=(), ranges=said or None)
    config = dataclasses.replace(config, labels=chosen).validate()
    _LOG.info("no classes are learned: %d utterances rate %s", len(kept), ", ".join(rated))
    return dataclasses.replace(corpus, utterances=kept, dimensions=rated, chosen=chosen), config


def _with_votes(utterances: list[Utterance], classes_of: Mapping[str, str]) -> list[Utterance]:
    """The utterances with votes for classes alone; votes for anything else are left out, counted and said."""
    spellings = {_folded(label): name for label, name in classes_of.items()}
    left_out: Counter[str] = Counter()
    found = []
    for utterance in utterances:
        votes: Counter[str] = Counter()
        for name, number in utterance.votes:
            own = classes_of.get(name) or spellings.get(_folded(name))
            if own is None:
                left_out[name] += 1
            else:
                votes[own] += number  # type: ignore[assignment]
        kept = tuple(sorted(votes.items()))
        found.append(utterance if kept == utterance.votes else dataclasses.replace(utterance, votes=kept))
    if left_out:
        each = ", ".join(f"{name!r} in {count} rows" for name, count in sorted(left_out.items()))
        _LOG.warning("votes for what is no class are left out: %s", each)
    return found


def _label_set(corpus: Corpus, name: str) -> Mapping[str, str] | None:
    """The emotion-to-class mapping of a named set; None is the set of all, as they are."""
    sets = {"four": FOUR_SET, **corpus.label_sets}
    if name == ALL:
        return None
    if name not in sets:
        raise EmotionTFError(
            f"the corpus {corpus.name} has no label set {name!r}",
            expected=f"one of {', '.join([*sets, ALL])}",
            fix=did_you_mean(name, [*sets, ALL]),
        )
    return sets[name]


def _classes_of(corpus: Corpus, settings: LabelConfig, chosen: Mapping[str, str] | None) -> dict[str, str]:
    """The class of each label as the utterances have it; labels that are left out are missing."""
    spellings = _one_spelling(Counter(utterance.label for utterance in corpus.utterances))
    renamed = _renamed(corpus, spellings, settings.map or {})
    if chosen is not None:
        renamed = {label: chosen[customary(name)] for label, name in renamed.items() if customary(name) in chosen}
    for name in settings.drop or ():
        dropped = [label for label, own in renamed.items() if name in (own, label)]
        if not dropped:
            raise _not_there(corpus, "labels.drop", name, renamed.values())
        renamed = {label: own for label, own in renamed.items() if label not in dropped}
    if settings.classes is not None:
        for name in settings.classes:
            if name not in renamed.values():
                raise _not_there(corpus, "labels.classes", name, renamed.values())
        renamed = {label: own for label, own in renamed.items() if own in settings.classes}
    return renamed


def _one_spelling(counts: Counter[str]) -> dict[str, str]:
    """Label to label, where several spellings of one are made the one that is written most often."""
    groups: dict[str, list[str]] = {}
    for label in sorted(filter(None, counts)):
        groups.setdefault(_folded(label), []).append(label)
    found = {}
    for group in groups.values():
        most = max(group, key=lambda label: counts[label])
        if len(group) > 1:
            each = ", ".join(f"{label!r} in {counts[label]} rows" for label in group)
            _LOG.warning("one label is spelled in several ways and counts as %r: %s", most.strip(), each)
        found.update(dict.fromkeys(group, most.strip()))
    return found


def _folded(label: str) -> str:
    return unicodedata.normalize("NFKC", label).casefold().strip()


def _renamed(corpus: Corpus, spellings: dict[str, str], renames: Mapping[str, str]) -> dict[str, str]:
    """Label to name after `labels.map`. A key may be the label, or another customary spelling of it."""
    found = dict(spellings)
    for old, new in renames.items():
        matching = [label for label, name in spellings.items() if _folded(old) in (_folded(label), _folded(name))]
        matching = matching or [label for label, name in spellings.items() if customary(old) == name]
        if not matching:
            raise _not_there(corpus, "labels.map", old, spellings.values())
        if not new.strip():
            rows = sum(utterance.label in matching for utterance in corpus.utterances)
            raise EmotionTFError(
                f"labels.map maps {old!r}, the label of {rows} utterances, onto nothing",
                expected="a class",
                fix="leave labels out with labels.drop",
            )
        found.update(dict.fromkeys(matching, new.strip()))
    return found


def _checked_classes(settings: LabelConfig, counts: Counter[str], corpus: Corpus) -> tuple[str, ...]:
    """The classes in their order."""
    classes = settings.classes or tuple(sorted(counts))
    if len(set(classes)) < len(classes):
        raise EmotionTFError("labels.classes names a class twice", received=", ".join(classes))
    if len(classes) < 2:
        have = Counter(utterance.label for utterance in corpus.utterances)
        raise EmotionTFError(
            f"the corpus {corpus.name} leaves {len(classes)} class{'es' * (len(classes) != 1)} to learn",
            expected="at least 2",
            received=f"the labels {_said(sorted(have.items())) or 'none'}",
            fix="choose others with --labels, or with labels.classes, labels.map and labels.drop of the settings",
        )
    return classes


def _not_there(corpus: Corpus, setting: str, name: str, there: Iterable[str]) -> EmotionTFError:
    return EmotionTFError(
        f"{setting} names {name!r}, which none of the {len(corpus.utterances)} utterances of {corpus.name} has",
        expected=f"one of {', '.join(sorted(set(there))) or 'none'}",
    )


def _said(counts: Iterable[tuple[str, int]]) -> str:
    return ", ".join(f"{count} {label or 'without a label'}" for label, count in counts)


def class_names(config: Config, utterances: Iterable[Utterance]) -> tuple[str, ...]:
    """The classes in the order of all outputs: those of the settings, else those that occur, in alphabetical order.

    There are none where dimensions alone are learned.
    """
    if config.labels.classes is not None:
        return config.labels.classes
    return tuple(sorted({utterance.label for utterance in utterances} - {""}))
