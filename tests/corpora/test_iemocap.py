"""IEMOCAP: the counts of the full release, and every way in which less than it is said."""

import dataclasses
import shutil
from collections import Counter

import pytest
from corpus_trees import iemocap, iemocap_dialogue, touch

from emotion_tf import corpora
from emotion_tf.config import Config
from emotion_tf.errors import EmotionTFError

pytestmark = pytest.mark.filterwarnings("ignore:.*not the full release of IEMOCAP")

FULL = {
    "ang": 1103,
    "hap": 595,
    "exc": 1041,
    "sad": 1084,
    "neu": 1708,
    "fru": 1849,
    "xxx": 2507,
    "sur": 107,
    "fea": 40,
    "dis": 2,
    "oth": 3,
}


@pytest.fixture
def root(tmp_path):
    return iemocap(tmp_path) / "IEMOCAP_full_release"


def first(root, kind):
    return root / "Session1" / "dialog" / kind / "Ses01F_impro01.txt"


def chosen(corpus):
    """Label set to the labels of its utterances."""
    sets = {name: Config().override(f"labels.set={name}") for name in ("four", "five", "six", "all")}
    return {
        name: [u.label for u in corpora.choose_labels(corpus, config)[0].utterances] for name, config in sets.items()
    }


@pytest.mark.filterwarnings("error")
def test_full_release(tmp_path):
    labels = [label for label, count in FULL.items() for _ in range(count)]
    for session in range(1, 6):
        for kind, own in (("impro01", labels[session - 1 :: 10]), ("script02_2", labels[session + 4 :: 10])):
            turns = [(f"{'FM'[number % 2]}{number:03}", label) for number, label in enumerate(own)]
            iemocap_dialogue(tmp_path, f"Ses0{session}M_{kind}", turns)
    utterances = corpora.load("iemocap", tmp_path).utterances
    assert len(utterances) == 10039
    sets = {name: Counter(labels) for name, labels in chosen(corpora.load("iemocap", tmp_path)).items()}
    assert sets["four"] == {"angry": 1103, "happy": 1636, "sad": 1084, "neutral": 1708}
    assert sets["five"] == sets["four"] + Counter(frustrated=1849)
    assert sets["six"] == {**sets["five"], "happy": 595, "excited": 1041}
    assert sets["all"] == {**sets["six"], "surprised": 107, "fearful": 40, "disgust": 2, "other": 3}
    assert len({u.speaker for u in utterances}) == 10
    improvised = corpora.load("iemocap-improvised", tmp_path).utterances
    scripted = corpora.load("iemocap-scripted", tmp_path).utterances
    parts = {dataclasses.replace(utterance, corpus="iemocap") for utterance in (*improvised, *scripted)}
    assert parts == set(utterances)
    assert all("_impro01_" in u.id for u in improvised) and all("_script02_2_" in u.id for u in scripted)


def test_fields(root):
    iemocap_dialogue(
        root, "Ses02M_script03_2", [("F000", "exc"), ("M041", "neu"), ("M042", "fru"), ("M043", "xxx"), ("MXX1", "sad")]
    )
    for folder in (root, root.parent):
        found = [u for u in corpora.load("iemocap", folder).utterances if "script03_2" in u.id]
        assert [(u.id, u.label, u.speaker, u.session) for u in found] == [
            ("Ses02M_script03_2_F000", "excited", "Ses02_F", "Session2"),
            ("Ses02M_script03_2_M041", "neutral", "Ses02_M", "Session2"),
            ("Ses02M_script03_2_M042", "frustrated", "Ses02_M", "Session2"),
            ("Ses02M_script03_2_M043", "", "Ses02_M", "Session2"),
            ("Ses02M_script03_2_MXX1", "sad", "Ses02_M", "Session2"),
        ]
        wav = "Session2/sentences/wav/Ses02M_script03_2/Ses02M_script03_2_F000.wav"
        assert found[0].audio == root / wav
        assert found[0].text == "Words of Ses02M_script03_2_F000."


def test_counts_that_differ_are_said(root):
    with pytest.warns(
        UserWarning, match=r"not the full release .* 7532 utterances \(1103 .* 200 utterances \(20 angry"
    ):
        corpora.load("iemocap", root)


def test_stray_files(root):
    whole = corpora.load("iemocap", root).utterances
    touch(root, "._Session1", "Session1/sentences/wav/Ses01F_impro01/._Ses01F_impro01_F000.wav")
    for kind in ("EmoEvaluation", "transcriptions"):
        first(root, kind).with_name("._Ses01F_impro01.txt").write_bytes(b"\x00\x05\x16\x07")
    touch(root, "Session1/dialog/EmoEvaluation/Categorical/Ses01F_impro01_e1_cat.txt")
    with first(root, "transcriptions").open("ab") as file:
        file.write(b"M: Caf\xe9, unlabelled.\n")
    assert corpora.load("iemocap", root).utterances == whole


@pytest.mark.parametrize(
    "line",
    [
        "[6.2901 - 8.2",
        "[6.2901 - 8.2357]\tSes01F_impro01_F000\tjoy\t[2.5000, 2.5000, 2.5000]",
        "[6.2901 - 8.2357]\tF000\tneu\t[2.5000, 2.5000, 2.5000]",
        "6.2901 - 8.2357]\tSes01F_impro01_F000\tneu\t[2.5000, 2.5000, 2.5000]",
        "[6.2901 - 8.2357]\tSes01F_impro01_F000\tneu\t[2.5000, 2.5",
    ],
)
def test_malformed_line(root, line):
    path = first(root, "EmoEvaluation")
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines[:5], line, *lines[5:]]))
    with pytest.raises(
        EmotionTFError, match=r"EmoEvaluation/Ses01F_impro01\.txt, line 6 is malformed; expected \[start"
    ):
        corpora.load("iemocap", root)


@pytest.mark.parametrize(
    "path",
    [
        "Session3",
        "Session3/dialog/EmoEvaluation",
        "Session3/dialog/transcriptions/Ses03F_impro01.txt",
        "Session3/sentences/wav/Ses03F_impro01",
        "Session3/sentences/wav/Ses03F_impro01/Ses03F_impro01_M002.wav",
    ],
)
def test_half_extracted(root, path):
    missing = root / path
    shutil.rmtree(missing) if missing.is_dir() else missing.unlink()
    with pytest.raises(EmotionTFError, match=rf"{path}\S* is missing; expected .* To fix: extract .* again, whole"):
        corpora.load("iemocap", root)


def test_turn_without_transcript(root):
    path = first(root, "transcriptions")
    path.write_text(path.read_text().replace("Ses01F_impro01_M001 ", "Ses01F_impro01_M009 "))
    with pytest.raises(EmotionTFError, match=r"Ses01F_impro01\.txt has no transcript of Ses01F_impro01_M001; expected"):
        corpora.load("iemocap", root)


def test_votes_and_ratings(root):
    path = first(root, "EmoEvaluation")
    lines = path.read_text().splitlines()
    place = next(number for number, line in enumerate(lines) if "Ses01F_impro01_F001\t" in line)
    raters = ["C-E2:\tAnger; Frustration;\t()", "C-E3:\tAnger;\t()", "C-E4:\tNeutral state;\t()", "C-F1:\tSadness;\t()"]
    path.write_text("\n".join([*lines[: place + 1], *raters, *lines[place + 2 :]]) + "\n")
    corpus = corpora.load("iemocap", root)
    one, other = corpus.utterances[:2]
    assert (one.votes, one.ratings) == ((("neutral", 1.0),), (3.0, 2.5, 2.5))
    assert other.id == "Ses01F_impro01_F001"
    assert other.votes == (("angry", 1.5), ("frustrated", 0.5), ("neutral", 1.0))
    assert corpus.dimensions == {"arousal": (1, 5), "valence": (1, 5), "dominance": (1, 5)}
