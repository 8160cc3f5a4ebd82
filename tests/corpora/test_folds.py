"""Protocols against scikit-learn called by hand, and every overlap that must fail."""

import itertools
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from emotion_tf import corpora
from emotion_tf.config import Config
from emotion_tf.corpora import Utterance, folds
from emotion_tf.errors import EmotionTFError
from emotion_tf.labels import FOUR


def corpus(speakers=10, sessions=0, repeats=3, without=()):
    """Utterances of every speaker and emotion; `without` lists (speaker, emotion) that are left out."""
    utterances = []
    for speaker, label, take in itertools.product(range(speakers), FOUR, range(repeats)):
        session = str(speaker % sessions) if sessions else ""
        if (speaker, label) not in without:
            id = f"{speaker}-{label}-{take}"
            utterances.append(Utterance(id, None, 0.0, None, "x", label, f"s{speaker:02}", session))
    return utterances


def by_hand(splitter, utterances):
    """Fold of each utterance, by scikit-learn."""
    labels = np.array([FOUR.index(u.label) for u in utterances])
    groups = np.array([u.speaker for u in utterances])
    result = np.full(len(utterances), -1)
    for fold, (_, test) in enumerate(splitter.split(np.zeros((len(labels), 1)), labels, groups)):
        result[test] = fold
    return dict(zip((u.id for u in utterances), result.tolist(), strict=True))


def test_speaker_kfold_is_scikit_learns():
    utterances = corpus()
    assignment = folds.assign(utterances, "speaker-kfold:5", 3)
    assert assignment == by_hand(StratifiedGroupKFold(5, shuffle=True, random_state=3), utterances)
    assert list(assignment) == [u.id for u in utterances]
    assert all(type(fold) is int for fold in assignment.values())


@pytest.mark.filterwarnings("ignore:The groups parameter")
def test_random_is_scikit_learns():
    utterances = corpus()
    assignment = folds.assign(utterances, "random:4", 3)
    assert assignment == by_hand(StratifiedKFold(4, shuffle=True, random_state=3), utterances)


def test_real_folds(real_data):
    utterances = corpora.choose_labels(corpora.load("ravdess", real_data / "ravdess"), Config())[0].utterances
    clips = sorted((real_data / "ravdess").glob("Actor_*/03-01-0[1345]-*.flac"))
    labels, actors = [clip.stem[6:8] for clip in clips], [clip.parent.name for clip in clips]
    splitter = StratifiedGroupKFold(5, shuffle=True, random_state=0)
    expected = {
        clips[i].stem: fold for fold, (_, test) in enumerate(splitter.split(clips, labels, actors)) for i in test
    }
    assert folds.assign(utterances, "speaker-kfold:5", 0) == expected


def test_leave_one_out():
    utterances = corpus(speakers=6, sessions=3)[::-1]
    by_speaker = folds.assign(utterances, "leave-one-speaker-out", 0)
    by_session = folds.assign(utterances, "leave-one-session-out", 0)
    assert all(by_speaker[u.id] == int(u.speaker[1:]) for u in utterances)
    assert all(by_session[u.id] == int(u.session) for u in utterances)


@pytest.mark.parametrize(
    "protocol", ["speaker-kfold:5", "leave-one-speaker-out", "leave-one-session-out", "speaker-kfold:2", "random:3"]
)
def test_split(protocol):
    utterances = corpus(speakers=10, sessions=0 if protocol == "leave-one-speaker-out" else 5)
    assignment = folds.assign(utterances, protocol, 0)
    for fold in range(max(assignment.values()) + 1):
        split = folds.split(utterances, assignment, fold, protocol=protocol, dev_splits=4, seed=1)
        assert {u.id for u in split.test} == {id for id, own in assignment.items() if own == fold}
        assert Counter(split.train + split.dev + split.test) == Counter(utterances)
        for part in (split.train, split.dev, split.test):
            assert part and list(part) == [u for u in utterances if u in part]
        if protocol != "random:3":
            parts = [{u.speaker for u in part} for part in (split.train, split.dev, split.test)]
            assert sum(map(len, parts)) == 10
            rest = [u for u in utterances if u not in split.test]
            first = next(
                StratifiedGroupKFold(4, shuffle=True, random_state=1).split(
                    rest, [u.label for u in rest], [u.speaker for u in rest]
                )
            )[1]
            assert list(split.dev) == [rest[i] for i in first]


def test_few_speakers_still_give_a_dev_part():
    utterances = corpus(speakers=3)
    assignment = folds.assign(utterances, "leave-one-speaker-out", 0)
    split = folds.split(utterances, assignment, 0, protocol="leave-one-speaker-out", dev_splits=8, seed=0)
    assert [len({u.speaker for u in part}) for part in (split.train, split.dev, split.test)] == [1, 1, 1]


def test_one_speaker_can_be_split_at_random():
    utterances = corpus(speakers=1, repeats=4)
    assignment = folds.assign(utterances, "random:2", 0)
    split = folds.split(utterances, assignment, 1, protocol="random:2", dev_splits=8, seed=0)
    assert [len(part) for part in (split.train, split.dev, split.test)] == [4, 4, 8]


@pytest.mark.parametrize(
    ("protocol", "message"),
    [
        ("kfold:5", r"unknown protocol; expected one of speaker-kfold:K, .* received 'kfold:5'"),
        ("speaker-kfold", r"unknown protocol"),
        ("leave-one-speaker-out:5", r"unknown protocol"),
        ("speaker-kfold:1", r"speaker-kfold needs a number of folds; expected 2 or more, received '1'"),
        ("random:", r"random needs a number of folds"),
        ("random:-3", r"random needs a number of folds"),
        ("random:two", r"random needs a number of folds"),
    ],
)
def test_wrong_protocols(protocol, message):
    with pytest.raises(EmotionTFError, match=message):
        folds.assign(corpus(), protocol, 0)
    with pytest.raises(EmotionTFError, match=message):
        folds.leaks_speakers(protocol)


@pytest.mark.parametrize(
    ("utterances", "protocol", "message"),
    [
        (corpus(1), "speaker-kfold:5", r"too small for speaker-kfold:5; expected at least 5, received 1 speaker\."),
        (corpus(4), "speaker-kfold:5", r"received 4 speakers\. To fix: ask for fewer folds"),
        ([], "speaker-kfold:2", r"received 0 speakers"),
        (corpus(1)[:3], "random:5", r"too small for random:5; expected at least 5, received 3 utterances"),
        (corpus(1)[:-5], "random:2", r"1 utterance of neutral: a class of one .* 'labels\.drop=\[\"neutral\"\]'"),
        (corpus(1), "leave-one-speaker-out", r"needs a speaker for every utterance, and at least 2 .* received 1, "),
        (corpus(4), "leave-one-session-out", r"needs a session .* received 0, and 48 utterances without one"),
        (corpus(4, sessions=1), "leave-one-session-out", r"needs a session .* received 1, and 0 utterances without"),
    ],
)
def test_what_a_corpus_does_not_allow(utterances, protocol, message):
    with pytest.raises(EmotionTFError, match=message):
        folds.assign(utterances, protocol, 0)


def test_no_speaker_left_for_dev():
    utterances = corpus(2)
    assignment = folds.assign(utterances, "leave-one-speaker-out", 0)
    with pytest.raises(
        EmotionTFError, match=r"fold 0 .* too little for a dev part; .* received 1 speaker\. To fix: add"
    ):
        folds.split(utterances, assignment, 0, protocol="leave-one-speaker-out", dev_splits=8, seed=0)


def test_a_speaker_of_two_sessions_fails_the_run():
    utterances = [replace(u, speaker="both") if u.id.endswith("-0") else u for u in corpus(6, sessions=3)]
    assignment = folds.assign(utterances, "leave-one-session-out", 0)
    with pytest.raises(
        EmotionTFError, match=r"overlap under leave-one-session-out; expected no speaker in both.* both\."
    ):
        folds.split(utterances, assignment, 0, protocol="leave-one-session-out", dev_splits=8, seed=0)


def parts(*speakers):
    return [tuple(u for u in corpus(6) if int(u.speaker[1:]) in part) for part in speakers]


@pytest.mark.parametrize(
    ("split", "pair"),
    [
        (folds.Split(*parts({1, 2}, {2, 3}, {4})), "train and dev"),
        (folds.Split(*parts({1, 2}, {3}, {2, 4})), "train and test"),
        (folds.Split(*parts({1, 2}, {3}, {3, 4})), "dev and test"),
    ],
)
def test_overlap_fails_the_run(split, pair):
    with pytest.raises(EmotionTFError, match=f"{pair} overlap under speaker-kfold:5; expected no utterance in both"):
        folds.check(split, protocol="speaker-kfold:5")
    with pytest.raises(EmotionTFError, match=f"{pair} overlap under random:5"):
        folds.check(split, protocol="random:5")


def test_only_leaking_protocols_may_share_speakers():
    train, dev, test = parts({1, 2}, {3}, {4})
    split = folds.Split(train[1:], (*dev, train[0]), test)
    folds.check(split, protocol="random:5")
    with pytest.raises(EmotionTFError, match=r"train and dev overlap .* expected no speaker in both, received s01"):
        folds.check(split, protocol="speaker-kfold:5")


def test_a_class_missing_from_train_fails_the_run():
    split = folds.Split(*parts({1, 2}, {3}, {4}))
    fewer = replace(split, train=tuple(u for u in split.train if u.label != "neutral"))
    with pytest.raises(EmotionTFError, match="no neutral utterance in the train part under speaker-kfold:5"):
        folds.check(fewer, protocol="speaker-kfold:5")


def test_a_class_of_one_speaker_cannot_be_learned_where_that_speaker_is_tested():
    utterances = corpus(6, without=[(speaker, "happy") for speaker in range(5)])
    assignment = folds.assign(utterances, "speaker-kfold:3", 0)
    fold = assignment["5-happy-0"]
    message = rf"no happy utterance in what fold {fold} of speaker-kfold:3 leaves to train; .* labels\.drop"
    with pytest.raises(EmotionTFError, match=message):
        folds.split(utterances, assignment, fold, protocol="speaker-kfold:3", dev_splits=8, seed=0)


def test_a_class_missing_from_a_test_part_is_said():
    """As in spontaneous speech: not everybody is sad, and only two are ever happy."""
    without = [(1, "sad"), *((speaker, "happy") for speaker in range(2, 6))]
    utterances = corpus(6, without=without)
    assignment = folds.assign(utterances, "leave-one-speaker-out", 0)
    splits = [
        folds.split(utterances, assignment, fold, protocol="leave-one-speaker-out", dev_splits=8, seed=0)
        for fold in range(6)
    ]
    (note,) = folds.notices("leave-one-speaker-out", splits, reads=False)
    assert note.startswith("not every fold tests every class, and its UA is over those that it tests: ")
    assert note.endswith("4 folds without happy; 1 fold without sad")
    for split in splits:
        assert {u.label for u in split.train} == set(FOUR)


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("protocol", ["speaker-kfold:4", "random:4"])
def test_dev_parts_show_every_class_wherever_speakers_allow_it(seed, protocol):
    """Ten classes, of which each speaker shows five; each class has four speakers at least."""
    generator = np.random.default_rng(seed)
    utterances = []
    for speaker in range(12):
        for label in generator.choice(10, 5, replace=False):
            for take in range(generator.integers(1, 4)):
                id = f"{speaker}-{label}-{take}"
                utterances.append(Utterance(id, None, 0.0, None, "x", f"class {label}", f"s{speaker:02}"))
    assignment = folds.assign(utterances, protocol, seed)
    for fold in range(4):
        rest = [u for u in utterances if assignment[u.id] != fold]
        owners = {
            u.label: {v.speaker if protocol[0] == "s" else v.id for v in rest if v.label == u.label} for u in rest
        }
        try:
            split = folds.split(utterances, assignment, fold, protocol=protocol, dev_splits=8, seed=seed)
        except EmotionTFError:
            assert owners.keys() != {u.label for u in utterances}
            continue
        assert {u.label for u in split.train} == owners.keys()
        assert {u.label for u in split.dev} == {label for label, group in owners.items() if len(group) > 1}


def test_a_rare_class_is_in_a_fold_for_each_of_its_utterances():
    utterances = corpus(1, repeats=6)
    few = [u for u in utterances if u.label != "sad" or u.id in ("0-sad-0", "0-sad-1")]
    assignment = folds.assign(few, "random:3", 0)
    assert len({assignment["0-sad-0"], assignment["0-sad-1"]}) == 2


def test_folds_of_any_size_are_read_again(tmp_path, monkeypatch):
    monkeypatch.setattr(folds.files, "MAX_BYTES", 1000)
    utterances = [replace(u, id=f"{u.id} ü\n" * 9) for u in corpus(10)]
    assignment = folds.assign(utterances, "random:3", 0)
    folds.save(tmp_path / "folds.json", assignment)
    assert (tmp_path / "folds.json").stat().st_size > 10_000
    assert folds.load(tmp_path / "folds.json", utterances) == assignment
    (tmp_path / "folds.json").write_text("[" * 1_000_000)
    with pytest.raises(EmotionTFError, match="too large"):
        folds.load(tmp_path / "folds.json", utterances)


def test_leaks():
    assert [folds.leaks_speakers(p.replace("K", "2")) for p in folds.PROTOCOLS] == [
        False,
        False,
        False,
        True,
        True,
        False,
    ]


def test_notices():
    """Everybody says "x", so every sentence that is tested stands in train."""
    split = folds.Split(*parts({1, 2}, {3}, {4}))
    assert folds.notices("speaker-kfold:5", [split], reads=False) == []
    assert [
        "100.0% of the test utterances repeat a sentence" in one
        for one in folds.notices("speaker-kfold:2", [split], True)
    ] == [True]
    assert "speakers leak" in folds.notices("random:5", [split], reads=False)[0]
    assert "publisher" in folds.notices("published-split", [split], reads=False)[0]
    silent = folds.Split(*(tuple(replace(u, text="") for u in part) for part in (split.train, split.dev, split.test)))
    assert folds.notices("leave-one-speaker-out", [silent], reads=True) == []


def test_partner_is_dev():
    """As in IEMOCAP: ten speakers, two a session, and the partner of the one who is tested is the dev part."""
    utterances = corpus(speakers=10, sessions=5)
    assignment = folds.assign(utterances, "leave-one-speaker-out", 0)
    for speaker in range(10):
        split = folds.split(utterances, assignment, speaker, protocol="leave-one-speaker-out", dev_splits=4, seed=0)
        assert {u.speaker for u in split.test} == {f"s{speaker:02}"}
        assert {u.speaker for u in split.dev} == {f"s{(speaker + 5) % 10:02}"}
        assert len({u.speaker for u in split.train}) == 8


def test_larger_sessions_give_no_partner():
    utterances = corpus(speakers=10, sessions=2)
    assignment = folds.assign(utterances, "leave-one-speaker-out", 0)
    split = folds.split(utterances, assignment, 0, protocol="leave-one-speaker-out", dev_splits=3, seed=0)
    assert len({u.speaker for u in split.dev}) == 3


def published(sessions):
    """Utterances of three speakers, whose sessions are named."""
    return [replace(u, session=sessions[int(u.session)]) for u in corpus(speakers=6, sessions=len(sessions))]


def test_published_split(tmp_path):
    utterances = published(["train", "dev", "test"])
    assignment = folds.assign(utterances, "published-split", 0)
    split = folds.split(utterances, assignment, 0, protocol="published-split", dev_splits=8, seed=0)
    for name in ("train", "dev", "test"):
        assert {u.session for u in getattr(split, name)} == {name}
    assert sum(map(len, (split.train, split.dev, split.test))) == len(utterances)
    folds.save(tmp_path / "folds.json", assignment)
    assert folds.load(tmp_path / "folds.json", utterances) == assignment


@pytest.mark.parametrize(("sessions", "received"), [(["train", "test"], "test, train"), ([""], "none")])
def test_no_published_split(sessions, received):
    with pytest.raises(EmotionTFError, match=f"no published split; .* received {received}"):
        folds.assign(published(sessions), "published-split", 0)


def test_saved_and_loaded(tmp_path):
    utterances = corpus()
    assignment = folds.assign(utterances, "random:3", 0)
    path = tmp_path / "run" / "folds.json"
    folds.save(path, assignment)
    assert folds.load(path, utterances) == assignment
    assert list(folds.load(path, utterances[::-1])) == [u.id for u in utterances[::-1]]


@pytest.mark.parametrize("change", [lambda u: u[1:], lambda u: [*u, replace(u[0], id="new")]])
def test_assignment_of_another_corpus(tmp_path, change):
    path = tmp_path / "folds.json"
    folds.save(path, folds.assign(corpus(), "random:3", 0))
    with pytest.raises(
        EmotionTFError, match=r"folds\.json does not fit the corpus; .* on one side only: (new|0-angry-0)"
    ):
        folds.load(path, change(corpus()))


@pytest.mark.parametrize("content", ["[]", "{}", '{"a": true, "b": 0}', '{"a": 0, "b": 2}', '{"a": "0"}', '{"a": -1}'])
def test_no_assignment_at_all(tmp_path, content):
    path = tmp_path / "folds.json"
    path.write_text(content)
    with pytest.raises(EmotionTFError, match=r"folds\.json is no assignment"):
        folds.load(path, corpus())


def test_shared_sentences():
    said = [("Oh, well.", "a"), ("Yes!", "b"), ("No.", "b"), ("", "c")]
    asked = [("oh well", "b"), ("Yes", "b"), ("NO", "a"), ("Perhaps.", "a"), ("", "d")]
    train, test = (
        tuple(Utterance(f"{part}{i}", None, 0.0, None, text, "sad", who) for i, (text, who) in enumerate(rows))
        for part, rows in (("train", said), ("test", asked))
    )
    # Of five, the first and the third are said by somebody else; the second by the same speaker alone.
    assert folds.shared_sentences(folds.Split(train, (), test)) == 2 / 5
    assert folds.shared_sentences(folds.Split(train[3:], train[:3], test)) == 0
