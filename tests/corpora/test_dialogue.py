"""Turns before an utterance: those of its own dialogue alone, in their order, whoever reads them."""

import dataclasses
import random

import pytest
from corpus_trees import MELD_CLIPS, iemocap, meld, meld_table, touch

from emotion_tf import corpora
from emotion_tf.config import Config
from emotion_tf.corpora import manifest
from emotion_tf.corpora.dialogue import reworded, with_dialogues
from emotion_tf.corpora.utterance import Utterance
from emotion_tf.errors import EmotionTFError
from emotion_tf.text.dialogue import MOST_TURNS, Turn


def said(number, speaker="a"):
    return Utterance(f"u{number}", None, 0.0, None, f"text {number}", "sad", speaker)


def test_context_of_another_dialogue_is_never_read():
    """Many dialogues, mixed: what an utterance reads is found again by brute force."""
    generator = random.Random(0)
    utterances = [said(number, generator.choice("ab")) for number in range(300)]
    dialogues = [generator.choice(["x", "y", "z", None]) for _ in utterances]
    order = [generator.random() for _ in utterances]
    found = with_dialogues(utterances, dialogues, order)
    assert [dataclasses.replace(u, context=()) for u in found] == utterances
    for place, utterance in enumerate(found):
        before = [
            (order[other], utterances[other])
            for other in range(len(utterances))
            if dialogues[other] is not None and dialogues[other] == dialogues[place] and order[other] < order[place]
        ]
        expected = [Turn(u.text, u.speaker == utterance.speaker, u.id) for _, u in sorted(before, key=lambda x: x[0])]
        assert list(utterance.context) == expected[-MOST_TURNS:]


def test_nobody_is_the_same_speaker_as_nobody():
    (_, second) = with_dialogues([said(1, ""), said(2, "")], ["x", "x"], [1, 2])
    assert second.context == (Turn("text 1", same_speaker=False, id="u1"),)


TABLE = """dialogue,turn,text,label,speaker,session
1,10,third,sad,ann,train
1,9,second,sad,ben,train
1,2.5,first,sad,ann,train
1,1,of another session,sad,ann,dev
2,3,of another dialogue,sad,ann,train
,,of none,sad,ann,train
,,of none either,sad,ann,train
"""


def transcripts(utterances, turns=16):
    return [utterance.transcript(turns) for utterance in utterances]


def test_manifest(tmp_path):
    """Turns follow by their numbers, and a dialogue is one of its session."""
    (tmp_path / "m.csv").write_text(TABLE)
    expected = [
        "third xxother second xxsame first",
        "second xxother first",
        "first",
        "of another session",
        "of another dialogue",
        "of none",
        "of none either",
    ]
    assert transcripts(corpora.load("manifest", tmp_path / "m.csv").utterances) == expected
    assert transcripts(corpora.load("manifest", tmp_path / "m.csv").utterances, 1)[0] == "third xxother second"
    assert transcripts(manifest.read(tmp_path / "m.csv", labelled=False)) == expected


def test_manifest_without_turns_goes_by_its_rows(tmp_path):
    (tmp_path / "m.jsonl").write_text('{"text": "a", "dialogue": 1}\n{"text": "b", "dialogue": 1}\n')
    assert transcripts(manifest.read(tmp_path / "m.jsonl", labelled=False)) == ["a", "b xxother a"]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("1,soon,x,sad,a,train", r"line 9: wrong turn; expected a number, .* received 'soon'"),
        ("1,,x,sad,a,train", r"line 9: wrong turn"),
        ("1,9.0,x,sad,a,train", r"line 9: the turn 9 of the dialogue '1' is taken; .* two, received that of line 3"),
    ],
)
def test_faults(tmp_path, row, message):
    (tmp_path / "m.csv").write_text(TABLE + row + "\n")
    with pytest.raises(EmotionTFError, match=message):
        corpora.load("manifest", tmp_path / "m.csv")


def test_meld(tmp_path):
    """By the number of the utterance, and within a part, where numbers begin anew."""
    rows = [
        ("c", "Joey", "joy", 3, 10),
        ("a", "Joey", "fear", 3, 0),
        ("b", "Ross", "joy", 3, 9),
        ("x", "Ross", "joy", 4, 1),
    ]
    folder = meld(tmp_path)
    for split, clips in MELD_CLIPS.items():
        meld_table(folder, split, [(f"{split} {text}", *rest) for text, *rest in rows])
        touch(folder, *(f"{clips}/dia{row[3]}_utt{row[4]}.wav" for row in rows))
    found = transcripts(corpora.load("meld", folder).utterances)
    for start, split in zip((0, 4, 8), ("train", "dev", "test"), strict=True):
        assert found[start : start + 4] == [
            f"{split} c xxother {split} b xxsame {split} a",
            f"{split} a",
            f"{split} b xxother {split} a",
            f"{split} x",
        ]


@pytest.mark.filterwarnings("ignore:.*not the full release of IEMOCAP")
def test_iemocap(tmp_path):
    """By the time at which a turn begins, whatever the order of the file; turns without a label are read too."""
    iemocap(tmp_path)
    utterances = corpora.load("iemocap", tmp_path).utterances
    for utterance in utterances:
        dialogue = utterance.id.rpartition("_")[0]
        assert all(turn.id.rpartition("_")[0] == dialogue for turn in utterance.context)
        for turn in utterance.context:
            assert turn.same_speaker == (turn.id.rpartition("_")[2][0] == utterance.id.rpartition("_")[2][0])
            assert turn.text == f"Words of {turn.id}."
    path = next((tmp_path / "IEMOCAP_full_release" / "Session1").rglob("EmoEvaluation/Ses01F_impro01.txt"))
    blocks = path.read_text().split("\n[")
    path.write_text("\n[".join([blocks[0], *reversed(blocks[1:])]) + "\n")
    again = {utterance.id: utterance for utterance in corpora.load("iemocap", tmp_path).utterances}
    assert any(len(utterance.context) > 1 for utterance in utterances)
    assert all(again[utterance.id].context == utterance.context for utterance in utterances)


def test_turns_whose_labels_are_left_out_are_read(tmp_path):
    (tmp_path / "m.csv").write_text("dialogue,text,label,speaker\n1,hm,odd,a\n1,no,sad,b\n1,yes,happy,a\n")
    corpus = corpora.load("manifest", tmp_path / "m.csv")
    chosen, _ = corpora.choose_labels(corpus, Config().override('labels.classes=["sad", "happy"]'))
    assert transcripts(chosen.utterances) == ["no xxother hm", "yes xxother no xxsame hm"]


def test_several_corpora_stay_apart(tmp_path):
    for name in ("one", "two"):
        rows = f"1,{name} first,sad,a\n1,{name} second,happy,a\n"
        (tmp_path / f"{name}.csv").write_text("dialogue,text,label,speaker\n" + rows)
    places = [(name, tmp_path / f"{name}.csv") for name in ("one", "two")]
    corpus, _ = corpora.load_several(places, Config().override("labels.set=all"))
    assert transcripts(corpus.utterances)[1::2] == ["one second xxsame one first", "two second xxsame two first"]
    assert [utterance.context[0].id for utterance in corpus.utterances[1::2]] == [u.id for u in corpus.utterances[::2]]


def test_recognised_turns_take_the_place_of_what_was_said():
    _, _, third = with_dialogues([said(1), said(2), said(3)], ["x"] * 3, [1, 2, 3])
    heard = {"u2": "heard two", "u3": "heard three"}
    assert reworded(third, heard, keep_others=False).transcript(9) == "heard three xxsame heard two"
    assert reworded(third, heard, keep_others=True).transcript(9) == "heard three xxsame heard two xxsame text 1"
