"""MELD: its tables with their damaged quotation marks, and clips that are video, missing or known to be lost."""

import shutil

import pytest
from corpus_trees import MELD_CLIPS, meld, meld_table, touch

from emotion_tf import corpora
from emotion_tf.errors import EmotionTFError


def test_ids_are_unique_over_the_parts(tmp_path):
    utterances = corpora.load("meld", meld(tmp_path)).utterances
    assert [u.id for u in utterances[::14]] == ["train_dia0_utt0", "dev_dia0_utt0", "test_dia0_utt0"]
    assert utterances[14].audio == tmp_path / "dev_splits_complete" / "dia0_utt0.wav"
    assert [u.label for u in utterances[:4]] == ["angry", "happy", "neutral", "sad"]
    assert {u.speaker for u in utterances} == {"Ross"}
    assert [u.session for u in utterances[::14]] == ["train", "dev", "test"]


def test_parts_in_folders_of_their_own(tmp_path):
    folder = meld(tmp_path)
    for split, clips in MELD_CLIPS.items():
        (folder / split).mkdir()
        shutil.move(folder / clips, folder / split / clips)
        shutil.move(folder / f"{split}_sent_emo.csv", folder / split)
    assert len(corpora.load("meld", folder).utterances) == 42


@pytest.mark.parametrize(
    ("written", "encoding"),
    [
        ("It\x92s \x93me\x94, caf\xe9\x85", "utf-8"),  # as the release has it
        ("It’s “me”, café…", "utf-8"),
        ("It’s “me”, café…", "utf-8-sig"),
        ("It’s “me”, café…", "cp1252"),
    ],
)
def test_quotation_marks(tmp_path, written, encoding):
    meld_table(meld(tmp_path), "train", [(written, " Rachel ", "joy", 0, 1)], encoding)
    utterance = corpora.load("meld", tmp_path).utterances[0]
    assert (utterance.text, utterance.speaker) == ("It’s “me”, café…", "Rachel")


def test_what_is_left_out(tmp_path):
    folder = touch(meld(tmp_path), "train_splits/._dia0_utt1.wav", "train_splits/dia125_utt3.wav")
    emotions = ["surprise", "fear", "disgust", "sadness"]
    rows = [("No", "Joey", emotion, 0, number) for number, emotion in enumerate(emotions)]
    meld_table(folder, "train", [*rows, ("broken", "Joey", "joy", 125, 3)])
    meld_table(folder, "dev", [("not there", "Phoebe", "neutral", 110, 7)])
    ids = [utterance.id for utterance in corpora.load("meld", folder).utterances]
    assert ids[:5] == [*(f"train_dia0_utt{number}" for number in range(4)), "test_dia0_utt0"]


def test_video(tmp_path):
    folder = meld(tmp_path)
    clip = folder / "dev_splits_complete" / "dia1_utt2.wav"
    clip.rename(clip.with_suffix(".mp4"))
    touch(folder, "dev_splits_complete/dia1_utt1.mp4")
    audio = {utterance.id: utterance.audio.name for utterance in corpora.load("meld", folder).utterances}
    assert audio["dev_dia1_utt1"] == "dia1_utt1.wav"
    assert audio["dev_dia1_utt2"] == "dia1_utt2.mp4"
    clip.with_suffix(".mp4").unlink()
    with pytest.raises(EmotionTFError, match=r"dev_splits_complete/dia1_utt2 is missing, both \.wav and \.mp4"):
        corpora.load("meld", folder)


@pytest.mark.parametrize("name", ["test_sent_emo.csv", "dev_splits_complete"])
def test_half_extracted(tmp_path, name):
    folder = meld(tmp_path)
    (folder / name).rename(folder / "elsewhere")
    with pytest.raises(EmotionTFError, match=rf"is not the folder of MELD; .* received no {name}\."):
        corpora.load("meld", folder)


def test_no_utterance(tmp_path):
    for split in MELD_CLIPS:
        meld_table(meld(tmp_path) if split == "train" else tmp_path, split, [])
    with pytest.raises(EmotionTFError, match=r"received no utterance"):
        corpora.load("meld", tmp_path)
