"""Evaluation protocols: which fold an utterance is tested in, and what train, dev and test are in each fold."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from emotion_tf.corpora.utterance import Utterance
from emotion_tf.errors import EmotionTFError
from emotion_tf.labels import EMOTIONS
from emotion_tf.utils import files

PROTOCOLS = ("speaker-kfold:K", "leave-one-speaker-out", "leave-one-session-out", "random:K", "published-split")
"""Every protocol; K is the number of folds."""

NOTICES = {
    "random": "speakers leak: the same voices stand in train and test, so these figures say nothing about new speakers",
    "published-split": "the split is the publisher's, who may have put the same speakers into train and test",
}
"""What every output says under the protocols that do not keep speakers apart."""

NEVER_TESTED = -1
"""The fold of the train and dev part of a published split."""


@dataclass(frozen=True)
class Split:
    """One fold of a protocol.

    Args:
        train: What is learnt from.
        dev: What early stopping and the choice of a model look at.
        test: What is reported.
    """

    train: tuple[Utterance, ...]
    dev: tuple[Utterance, ...]
    test: tuple[Utterance, ...]


def leaks_speakers(protocol: str) -> bool:
    """Whether speakers stand in both train and test under `protocol`.

    Raises:
        EmotionTFError: If there is no such protocol.

    Example:

    >>> leaks_speakers("random:10"), leaks_speakers("speaker-kfold:5")
    (True, False)
    """
    return _parse(protocol)[0] in NOTICES


def notices(protocol: str, splits: Iterable[Split], reads: bool) -> list[str]:
    """What a reader must know beside the figures of a protocol.

    Args:
        protocol: The protocol.
        splits: Its folds.
        reads: Whether the model reads, and so may know the sentences that it is tested on.

    Returns:
        Sentences, none where speakers are kept apart and no test sentence stands in train.
    """
    found = [NOTICES[name] for name in [_parse(protocol)[0]] if name in NOTICES]
    shared, tested = 0.0, 0
    for split in splits:
        shared += shared_sentences(split) * len(split.test)
        tested += len(split.test)
    share = shared / tested
    if reads and share:
        found.append(
            f"{share:.1%} of the test utterances repeat a sentence that another speaker says in train, "
            "which a model that reads can learn by heart"
        )
    return found


def assign(utterances: Sequence[Utterance], protocol: str, seed: int) -> dict[str, int]:
    """Gives every utterance the fold that it is tested in.

    Args:
        utterances: A corpus in its own order, on which the folds depend.
        protocol: One of `PROTOCOLS`, for example `speaker-kfold:5`. The folds of `leave-one-speaker-out` and
            `leave-one-session-out` are in the sorted order of their speakers and sessions. `published-split` tests
            once, on the utterances whose session is `test`.
        seed: Seed of `speaker-kfold` (scikit-learn's `StratifiedGroupKFold`, shuffled) and of `random`
            (`StratifiedKFold`, shuffled).

    Returns:
        Utterance id to fold, counted from 0, in the order of `utterances`; `NEVER_TESTED` for those that a published
        split does not test.

    Raises:
        EmotionTFError: If there is no such protocol, the corpus does not allow it, or a fold lacks an emotion.
    """
    name, count = _parse(protocol)
    if name == "leave-one-speaker-out":
        folds = _one_a_name([utterance.speaker for utterance in utterances], "speaker", protocol)
    elif name == "leave-one-session-out":
        folds = _one_a_name([utterance.session for utterance in utterances], "session", protocol)
    elif name == "published-split":
        folds = _published(utterances)
    else:
        folds = _drawn(utterances, count, protocol, seed)
    for fold in range(max(folds) + 1):
        tested = [utterance for utterance, own in zip(utterances, folds, strict=True) if own == fold]
        _require_every_emotion(tested, f"fold {fold} of {protocol}")
    return {utterance.id: fold for utterance, fold in zip(utterances, folds, strict=True)}


def split(
    utterances: Sequence[Utterance], assignment: dict[str, int], fold: int, *, protocol: str, dev_splits: int, seed: int
) -> Split:
    """The train, dev and test part of one fold, checked.

    The dev part is that of a published split; the partner of the tested speaker under `leave-one-speaker-out`, where
    sessions are of two; else the first part of a stratified division of what is not tested, by speaker unless the
    protocol leaks speakers anyway.

    Args:
        utterances: The corpus that was assigned.
        assignment: Utterance id to fold, from `assign` or `load`.
        fold: The fold to test, counted from 0.
        protocol: The protocol of the assignment.
        dev_splits: The dev part is one in this many parts, or in as many as the corpus allows.
        seed: Seed of the division.

    Returns:
        Three tuples of utterances, each in the order of `utterances`.

    Raises:
        EmotionTFError: If too little is left for a dev part, or `check` finds a fault.
    """
    test = [utterance for utterance in utterances if assignment[utterance.id] == fold]
    rest = [utterance for utterance in utterances if assignment[utterance.id] != fold]
    partners = _partners(rest, test)
    if _parse(protocol)[0] == "published-split":
        chosen = {i for i, utterance in enumerate(rest) if utterance.session == "dev"}
    elif _parse(protocol)[0] == "leave-one-speaker-out" and len(partners) == 1:
        chosen = {i for i, utterance in enumerate(rest) if utterance.speaker in partners}
    else:
        most, limit = _most_parts(rest, protocol)
        if most < 2:
            raise EmotionTFError(
                f"fold {fold} of {protocol} leaves too little for a dev part",
                expected="at least 2 speakers and 2 utterances of each emotion outside the fold",
                received=limit,
                fix="add recordings, or choose random:K, in which speakers leak",
            )
        chosen = set(_stratified(rest, min(dev_splits, most), protocol, seed)[0].tolist())
    result = Split(
        train=tuple(utterance for i, utterance in enumerate(rest) if i not in chosen),
        dev=tuple(utterance for i, utterance in enumerate(rest) if i in chosen),
        test=tuple(test),
    )
    check(result, protocol=protocol)
    return result


def check(split: Split, *, protocol: str) -> None:
    """Fails a run whose parts overlap or lack an emotion that must be learnt or tested.

    Args:
        split: The parts of a fold.
        protocol: The protocol; speakers may overlap only if it leaks them.

    Raises:
        EmotionTFError: If an utterance or a speaker stands in two parts, or an emotion is missing from train or test.
    """
    units = ("id",) if leaks_speakers(protocol) else ("id", "speaker")
    for one, other in (("train", "dev"), ("train", "test"), ("dev", "test")):
        for unit in units:
            shared = {getattr(u, unit) for u in getattr(split, one)} & {getattr(u, unit) for u in getattr(split, other)}
            if shared:
                raise EmotionTFError(
                    f"{one} and {other} overlap under {protocol}",
                    expected=f"no {'utterance' if unit == 'id' else unit} in both",
                    received=", ".join(sorted(shared)[:5]),
                    fix="choose a protocol by speaker, or see that nobody speaks in two sessions",
                )
    for part in ("train", "test"):
        _require_every_emotion(getattr(split, part), f"the {part} part under {protocol}")


def shared_sentences(split: Split) -> float:
    """How much of the test part repeats sentences that other speakers say in train, which a model can learn by heart.

    Args:
        split: The parts of a fold.

    Returns:
        The share of the test utterances whose sentence stands in train by another speaker, 0 to 1. Case and punctuation
        do not count; an utterance without text shares nothing.

    Example:

    >>> one, other = (Utterance(name, None, 0.0, None, "Oh, well.", "sad", name) for name in "ab")
    >>> shared_sentences(Split(train=(one,), dev=(), test=(other,)))
    1.0
    """
    speakers: dict[str, set[str]] = {}
    for utterance in split.train:
        speakers.setdefault(_sentence(utterance), set()).add(utterance.speaker)
    shared = [
        utterance
        for utterance in split.test
        if _sentence(utterance) and speakers.get(_sentence(utterance), set()) - {utterance.speaker}
    ]
    return len(shared) / len(split.test)


def fold_numbers(assignment: Mapping[str, int]) -> list[int]:
    """The numbers of the folds that are tested, in order.

    Example:

    >>> fold_numbers({"a": 1, "b": NEVER_TESTED, "c": 0, "d": 1})
    [0, 1]
    """
    return sorted(set(assignment.values()) - {NEVER_TESTED})


def save(path: str | Path, assignment: dict[str, int]) -> None:
    """Writes an assignment as JSON: utterance id to fold."""
    files.write_json(path, assignment)


def load(path: str | Path, utterances: Sequence[Utterance]) -> dict[str, int]:
    """Reads what `save` wrote.

    Args:
        path: The JSON file.
        utterances: The corpus that it must fit.

    Returns:
        Utterance id to fold, in the order of `utterances`.

    Raises:
        EmotionTFError: If the file is no assignment, or is one of another corpus.
    """
    content = files.read_json(path)
    values = list(content.values()) if isinstance(content, dict) else []
    # Folds without a gap; JSON's true and 1.0 would pass for 1.
    if any(type(value) is not int for value in values) or not _without_gap(set(values) - {NEVER_TESTED}):
        raise EmotionTFError(f"{path} is no assignment", expected="utterance id to fold, the folds counted from 0")
    ids = [utterance.id for utterance in utterances]
    strays = sorted(set(content) ^ set(ids))
    if strays:
        raise EmotionTFError(
            f"{path} does not fit the corpus",
            expected=f"the ids of its {len(ids)} utterances",
            received=f"{len(content)} ids; found on one side only: {', '.join(strays[:3])}",
            fix="use another workdir, or the corpus that the folds were made for",
        )
    return {id: content[id] for id in ids}


def _without_gap(folds: set[int]) -> bool:
    return bool(folds) and folds == set(range(max(folds) + 1))


def _sentence(utterance: Utterance) -> str:
    """The words alone."""
    return " ".join(re.findall(r"\w+", utterance.text.casefold()))


def _parse(protocol: str) -> tuple[str, int]:
    """Name and number of folds of a protocol; the number is 0 where the corpus decides it."""
    name, colon, count = protocol.partition(":")
    for known in PROTOCOLS:
        if name == known.removesuffix(":K") and bool(colon) == known.endswith(":K"):
            if not colon:
                return name, 0
            if count.isdecimal() and int(count) >= 2:
                return name, int(count)
            raise EmotionTFError(f"{name} needs a number of folds", expected="2 or more", received=repr(count))
    raise EmotionTFError("unknown protocol", expected=f"one of {', '.join(PROTOCOLS)}", received=repr(protocol))


def _one_a_name(names: list[str], what: str, protocol: str) -> list[int]:
    """The fold of each utterance, where every speaker or session is a fold."""
    different = sorted(set(names))
    if len(different) < 2 or "" in different:
        raise EmotionTFError(
            f"{protocol} needs a {what} for every utterance, and at least 2 of them",
            received=f"{len(different) - ('' in different)}, and {names.count('')} utterances without one",
            fix=f"see that the corpus names its {what}s, or choose another protocol",
        )
    return [different.index(name) for name in names]


def _published(utterances: Sequence[Utterance]) -> list[int]:
    """Fold 0 for what the publisher tests on."""
    sessions = Counter(utterance.session for utterance in utterances)
    if set(sessions) != {"train", "dev", "test"}:
        raise EmotionTFError(
            "the corpus has no published split",
            expected="the sessions train, dev and test",
            received=", ".join(sorted(filter(None, sessions))[:5]) or "none",
            fix="choose another protocol",
        )
    return [0 if utterance.session == "test" else NEVER_TESTED for utterance in utterances]


def _partners(rest: Sequence[Utterance], test: Sequence[Utterance]) -> set[str]:
    """The speakers outside the test part who stand in a session with one of its speakers."""
    sessions = {utterance.session for utterance in test} - {""}
    return {utterance.speaker for utterance in rest if utterance.session in sessions}


def _drawn(utterances: Sequence[Utterance], count: int, protocol: str, seed: int) -> list[int]:
    """The fold of each utterance, where chance draws `count` folds."""
    most, limit = _most_parts(utterances, protocol)
    if most < count:
        raise EmotionTFError(
            f"the corpus is too small for {protocol}",
            expected=f"at least {count}",
            received=limit,
            fix="ask for fewer folds, add recordings, or choose random:K, in which speakers leak",
        )
    folds = [0] * len(utterances)
    for fold, part in enumerate(_stratified(utterances, count, protocol, seed)):
        for i in part:
            folds[i] = fold
    return folds


def _stratified(utterances: Sequence[Utterance], parts: int, protocol: str, seed: int) -> list[np.ndarray]:
    """Indices of `utterances` in parts of like shares of emotions, by speaker unless the protocol leaks speakers."""
    labels = [utterance.label for utterance in utterances]
    if leaks_speakers(protocol):
        divisions = StratifiedKFold(parts, shuffle=True, random_state=seed).split(labels, labels)
    else:
        speakers = [utterance.speaker for utterance in utterances]
        divisions = StratifiedGroupKFold(parts, shuffle=True, random_state=seed).split(labels, labels, speakers)
    return [part for _, part in divisions]


def _most_parts(utterances: Sequence[Utterance], protocol: str) -> tuple[int, str]:
    """Into how many parts `_stratified` can divide, and what it is that allows no more."""
    emotions = Counter(utterance.label for utterance in utterances)
    limits = [(emotions[emotion], f"{emotions[emotion]} {emotion} utterances") for emotion in EMOTIONS]
    if not leaks_speakers(protocol):
        speakers = len({utterance.speaker for utterance in utterances})
        limits.insert(0, (speakers, f"{speakers} speaker{'s' if speakers != 1 else ''}"))
    return min(limits, key=lambda limit: limit[0])


def _require_every_emotion(utterances: Sequence[Utterance], where: str) -> None:
    labels = {utterance.label for utterance in utterances}
    missing = [emotion for emotion in EMOTIONS if emotion not in labels]
    if missing:
        raise EmotionTFError(
            f"no {', '.join(missing)} utterance in {where}",
            expected="every emotion in every train and test part",
            received=f"{len(utterances)} utterances, of {', '.join(sorted(labels)) or 'none'}",
            fix="ask for fewer folds, choose another protocol, or add utterances of that emotion",
        )
