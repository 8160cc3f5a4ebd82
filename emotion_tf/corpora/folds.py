"""Evaluation protocols: which fold an utterance is tested in, and what train, dev and test are in each fold."""

import json
import re
import warnings
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from emotion_tf.corpora.utterance import Utterance
from emotion_tf.errors import EmotionTFError, did_you_mean
from emotion_tf.utils import files

PROTOCOLS = (
    "speaker-kfold:K",
    "leave-one-speaker-out",
    "leave-one-session-out",
    "random:K",
    "published-split",
    "cross-corpus:K",
)
"""Every protocol; K is the number of folds, and with cross-corpus it is the names of the corpora that are tested."""

CROSS = "cross-corpus"

NOTICES = {
    "random": "speakers leak: the same voices stand in train and test, so these figures say nothing about new speakers",
    "published-split": "the split is the publisher's, who may have put the same speakers into train and test",
}
"""What every output says under the protocols that do not keep speakers apart."""

NEVER_TESTED = -1
"""The fold of what a published split, or one by corpus, does not test."""


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
        Sentences, none where speakers are kept apart, no test sentence stands in train, and every test part has every
        class.
    """
    splits = list(splits)
    found = [NOTICES[name] for name in [_parse(protocol)[0]] if name in NOTICES]
    found += _untested_classes(splits)
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
            once, on the utterances whose session is `test`, and `cross-corpus:nemo+esd` on those of these corpora.
        seed: Seed of `speaker-kfold` (scikit-learn's `StratifiedGroupKFold`, shuffled) and of `random`
            (`StratifiedKFold`, shuffled).

    Returns:
        Utterance id to fold, counted from 0, in the order of `utterances`; `NEVER_TESTED` for those that a published
        split does not test.

    Raises:
        EmotionTFError: If there is no such protocol, or the corpus does not allow it.
    """
    name, count = _parse(protocol)
    _refuse_lonely_classes(utterances)
    if name == "leave-one-speaker-out":
        folds = _one_a_name([utterance.speaker for utterance in utterances], "speaker", protocol)
    elif name == "leave-one-session-out":
        folds = _one_a_name([utterance.session for utterance in utterances], "session", protocol)
    elif name == "published-split":
        folds = _published(utterances)
    elif name == CROSS:
        folds = _of_corpora(utterances, protocol)
    else:
        folds = _drawn(utterances, count, protocol, seed)
    return {utterance.id: fold for utterance, fold in zip(utterances, folds, strict=True)}


def split(
    utterances: Sequence[Utterance], assignment: dict[str, int], fold: int, *, protocol: str, dev_splits: int, seed: int
) -> Split:
    """The train, dev and test part of one fold, checked.

    The dev part is that of a published split; the partner of the tested speaker under `leave-one-speaker-out`, where
    sessions are of two; else the first part of a stratified division of what is not tested, by speaker unless the
    protocol leaks speakers anyway. Where a class is missing from that part, the speaker who has it and the fewest
    utterances joins it, if others who have the class are left to train.

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
        EmotionTFError: If too little is left for a dev part, or `check` finds a fault; it names the fold.
    """
    test = [utterance for utterance in utterances if assignment[utterance.id] == fold]
    rest = [utterance for utterance in utterances if assignment[utterance.id] != fold]
    _require_every_class(utterances, rest, f"what fold {fold} of {protocol} leaves to train")
    partners = _partners(rest, test)
    if _parse(protocol)[0] == "published-split":
        chosen = {i for i, utterance in enumerate(rest) if utterance.session == "dev"}
    elif _parse(protocol)[0] == "leave-one-speaker-out" and len(partners) == 1 and _can_do_without(rest, partners):
        chosen = {i for i, utterance in enumerate(rest) if utterance.speaker in partners}
    else:
        chosen = _drawn_dev(rest, dev_splits, protocol, seed, f"fold {fold} of {protocol}")
    result = Split(
        train=tuple(utterance for i, utterance in enumerate(rest) if i not in chosen),
        dev=tuple(utterance for i, utterance in enumerate(rest) if i in chosen),
        test=tuple(test),
    )
    _require_every_class(rest, result.train, f"the train part of fold {fold} of {protocol}")
    check(result, protocol=protocol)
    return result


def limited(split: Split, max_speakers: int | None, max_clips: int | None, seed: int) -> Split:
    """A fold with a part of its training part, for learning curves.

    What a smaller number keeps, a larger one keeps as well.

    Args:
        split: The parts of the fold; dev and test stay whole.
        max_speakers: Number of training speakers that are kept at most; None keeps all.
        max_clips: Number of training utterances that are kept at most, of the classes in turn; None keeps all.
        seed: Seed of the order in which they are taken.

    Returns:
        The fold, its training part in the order that it had.

    Raises:
        EmotionTFError: If a class of the training part is lost.
    """
    if max_speakers is None and max_clips is None:
        return split
    generator, kept = np.random.default_rng(seed), split.train
    order = generator.permutation(sorted({utterance.speaker for utterance in kept}))
    chosen = set(order[:max_speakers].tolist())
    kept = tuple(utterance for utterance in kept if utterance.speaker in chosen)
    if max_clips is not None and len(kept) > max_clips:
        turns: dict[str, int] = Counter()
        ranked = []
        for place in generator.permutation(len(kept)).tolist():
            ranked.append((turns[kept[place].label], kept[place].label, place))
            turns[kept[place].label] += 1
        places = {place for _, _, place in sorted(ranked)[:max_clips]}
        kept = tuple(utterance for place, utterance in enumerate(kept) if place in places)
    _require_every_class(split.train, kept, f"the {len(chosen)} speakers and {len(kept)} clips that are trained on")
    return Split(kept, split.dev, split.test)


def check(split: Split, *, protocol: str) -> None:
    """Fails a run whose parts overlap, or that has nothing to learn for a class of its dev or test part.

    Args:
        split: The parts of a fold.
        protocol: The protocol; speakers may overlap only if it leaks them.

    Raises:
        EmotionTFError: If an utterance or a speaker stands in two parts, or a class is missing from train.
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
    _require_every_class(split.dev + split.test, split.train, f"the train part under {protocol}")


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


def check_count(assignment: Mapping[str, int], protocol: str) -> None:
    """Refuses folds that were read, where the protocol asks for another number of them.

    Raises:
        EmotionTFError: If it does.
    """
    count, found = _parse(protocol)[1], len(fold_numbers(assignment))
    if count and count != found:
        name = protocol.partition(":")[0]
        raise EmotionTFError(
            f"the folds that were read do not fit {protocol}",
            expected=f"{count} folds",
            received=f"{found}",
            fix=f"--protocol {name}:{found}",
        )


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
    content = _read(Path(path), utterances)
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


def kept(path: str | Path, utterances: Sequence[Utterance]) -> list[Utterance]:
    """The utterances of a corpus that an assignment names: a run leaves out those whose audio it cannot read.

    Args:
        path: The JSON file that `save` wrote.
        utterances: The corpus.

    Raises:
        EmotionTFError: If the file is no assignment.
    """
    content = _read(Path(path), utterances)
    if not isinstance(content, dict):
        raise EmotionTFError(f"{path} is no assignment", expected="utterance id to fold, the folds counted from 0")
    return [utterance for utterance in utterances if utterance.id in content]


def _read(path: Path, utterances: Sequence[Utterance]) -> Any:
    """The content of a JSON file that may be as large as `save` makes it for these utterances."""
    # Indentation, quotation marks, colon, fold and comma take less than 32 bytes, an escaped character up to 6.
    written = sum(6 * len(utterance.id) + 32 for utterance in utterances)
    try:
        return files.parse_json(files.read_bounded(path, max(files.MAX_BYTES, 2 * written)))
    except FileNotFoundError:
        raise EmotionTFError(f"{path} does not exist", expected="folds that a run has written") from None
    except json.JSONDecodeError as error:
        raise EmotionTFError(f"{path} is not valid JSON ({error})", fix="delete it and make it again") from None


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
            if not colon or (name == CROSS and count):
                return name, 0
            if count.isdecimal() and int(count) >= 2:
                return name, int(count)
            raise EmotionTFError(f"{name} needs a number of folds", expected="2 or more", received=repr(count))
    raise EmotionTFError(
        "unknown protocol",
        expected=f"one of {', '.join(PROTOCOLS)}",
        received=repr(protocol),
        fix=did_you_mean(name, PROTOCOLS),
    )


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


def _of_corpora(utterances: Sequence[Utterance], protocol: str) -> list[int]:
    """Fold 0 for the corpora that the protocol names."""
    wanted, there = set(protocol.partition(":")[2].split("+")), {utterance.corpus for utterance in utterances}
    if wanted - there or not there - wanted:
        raise EmotionTFError(
            f"{protocol} needs the corpora that it names, and others to train on",
            expected=", ".join(sorted(wanted)),
            received=", ".join(sorted(there - {""})) or "none that has a name",
            fix="name the others with --corpus and these with --test-corpus",
        )
    return [0 if utterance.corpus in wanted else NEVER_TESTED for utterance in utterances]


def _partners(rest: Sequence[Utterance], test: Sequence[Utterance]) -> set[str]:
    """The speakers outside the test part who stand in a session with one of its speakers."""
    sessions = {utterance.session for utterance in test} - {""}
    return {utterance.speaker for utterance in rest if utterance.session in sessions}


def _refuse_lonely_classes(utterances: Sequence[Utterance]) -> None:
    counts = Counter(utterance.label for utterance in utterances)
    alone = sorted(label for label, count in counts.items() if count == 1)
    if alone:
        raise EmotionTFError(
            f"1 utterance of {', '.join(alone)}: a class of one utterance cannot be both trained and tested",
            expected="at least 2 utterances of each class",
            fix=f"leave it out with --set 'labels.drop=[\"{alone[0]}\"]', or join it to another with labels.map",
        )


def _drawn(utterances: Sequence[Utterance], count: int, protocol: str, seed: int) -> list[int]:
    """The fold of each utterance, where chance draws `count` folds."""
    groups = {_unit(utterance, protocol) for utterance in utterances}
    if len(groups) < count:
        what = "utterance" if leaks_speakers(protocol) else "speaker"
        raise EmotionTFError(
            f"the corpus is too small for {protocol}",
            expected=f"at least {count}",
            received=f"{len(groups)} {what}{'s' * (len(groups) != 1)}",
            fix="ask for fewer folds, add recordings, or choose random:K, in which speakers leak",
        )
    folds = [0] * len(utterances)
    for fold, part in enumerate(_stratified(utterances, count, protocol, seed)):
        for i in part:
            folds[i] = fold
    if len(set(folds)) < count:
        raise EmotionTFError(
            f"the corpus is too uneven for {protocol}: folds stay empty",
            expected="speakers of like numbers of utterances",
            received=f"utterances in {len(set(folds))} of {count} folds",
            fix="ask for fewer folds, or choose leave-one-speaker-out",
        )
    return folds


def _stratified(utterances: Sequence[Utterance], parts: int, protocol: str, seed: int) -> list[np.ndarray]:
    """Indices of `utterances` in parts of like shares of classes, by speaker unless the protocol leaks speakers."""
    labels = [utterance.label for utterance in utterances]
    if max(Counter(labels).values()) < parts:
        # scikit-learn refuses to spread a class over more parts than it has utterances.
        labels = [""] * len(labels)
    with warnings.catch_warnings():
        # Classes with less utterances than parts are missing from some of them, which `notices` says.
        warnings.filterwarnings("ignore", "The least populated class")
        if leaks_speakers(protocol):
            divisions = list(StratifiedKFold(parts, shuffle=True, random_state=seed).split(labels, labels))
        else:
            speakers = [utterance.speaker for utterance in utterances]
            splitter = StratifiedGroupKFold(parts, shuffle=True, random_state=seed)
            divisions = list(splitter.split(labels, labels, speakers))
    return [part for _, part in divisions]


def _unit(utterance: Utterance, protocol: str) -> str:
    """What stands in one part as a whole: a speaker, or an utterance where the protocol leaks speakers."""
    return utterance.id if leaks_speakers(protocol) else utterance.speaker


def _drawn_dev(rest: Sequence[Utterance], dev_splits: int, protocol: str, seed: int, where: str) -> set[int]:
    """Indices of the dev part, drawn from what is not tested."""
    counts = Counter(utterance.label for utterance in rest)
    groups = {_unit(utterance, protocol) for utterance in rest}
    if len(groups) < 2:
        what = "utterance" if leaks_speakers(protocol) else "speaker"
        raise EmotionTFError(
            f"{where} leaves too little for a dev part",
            expected=f"at least 2 {what}s outside the fold",
            received=f"{len(groups)} {what}",
            fix="add recordings, or choose random:K, in which speakers leak",
        )
    # A part for each utterance of the rarest class, so that every part may have one; at least two parts.
    parts = max(2, min(dev_splits, len(groups), min(counts.values())))
    first = next(part for part in _stratified(rest, parts, protocol, seed) if len(part))
    chosen = _completed(rest, {_unit(rest[i], protocol) for i in first}, protocol)
    return {i for i, utterance in enumerate(rest) if _unit(utterance, protocol) in chosen}


def _completed(rest: Sequence[Utterance], chosen: set[str], protocol: str) -> set[str]:
    """A dev part, as speakers, that shows every class as far as the train part can do without."""
    classes: dict[str, set[str]] = {}
    sizes = Counter(_unit(utterance, protocol) for utterance in rest)
    for utterance in rest:
        classes.setdefault(_unit(utterance, protocol), set()).add(utterance.label)
    chosen = set(chosen)

    def owners(label: str, among: Collection[str]) -> list[str]:
        # The smallest first; names decide between speakers of one size.
        return sorted((unit for unit in among if label in classes[unit]), key=lambda unit: (sizes[unit], unit))

    every = sorted(set().union(*classes.values()), key=lambda label: (len(owners(label, classes)), label))
    for label in every:
        if not owners(label, classes.keys() - chosen):
            chosen.discard(owners(label, chosen)[0])
    for label in every:
        if owners(label, chosen):
            continue
        for unit in owners(label, classes.keys() - chosen):
            if all(owners(own, classes.keys() - chosen - {unit}) for own in classes[unit]):
                chosen.add(unit)
                break
    return chosen


def _can_do_without(rest: Sequence[Utterance], speakers: Collection[str]) -> bool:
    """Whether the other speakers have every class."""
    others = {utterance.label for utterance in rest if utterance.speaker not in speakers}
    return others == {utterance.label for utterance in rest}


def _untested_classes(splits: Sequence[Split]) -> list[str]:
    """One sentence that says which folds test which classes not, if any."""
    every = {utterance.label for split in splits for utterance in split.train + split.test}
    missing: dict[tuple[str, ...], int] = Counter()
    for split in splits:
        absent = tuple(sorted(every - {utterance.label for utterance in split.test}))
        if absent:
            missing[absent] += 1
    if not missing:
        return []
    each = "; ".join(
        f"{count} fold{'s' * (count != 1)} without {', '.join(absent)}" for absent, count in sorted(missing.items())
    )
    return [f"not every fold tests every class, and its UA is over those that it tests: {each}"]


def _require_every_class(every: Iterable[Utterance], train: Sequence[Utterance], where: str) -> None:
    labels = {utterance.label for utterance in train}
    missing = sorted({utterance.label for utterance in every} - labels)
    if missing:
        raise EmotionTFError(
            f"no {', '.join(missing)} utterance in {where}",
            expected="every class in every train part",
            received=f"{len(train)} utterances, of {', '.join(sorted(labels)) or 'none'}",
            fix="ask for fewer folds, choose another protocol, leave the class out with labels.drop, or add utterances",
        )
