"""SAVEE: its two layouts, and su that is not sa."""

import pytest
from corpus_trees import touch

from emotion_tf import corpora


@pytest.mark.parametrize("form", ["AudioData/{}/{}.wav", "{}/{}.wav", "{}_{}.wav"])
def test_both_layouts(tmp_path, form):
    clips = [("KL", "a01"), ("DC", "sa15"), ("DC", "su02"), ("DC", "n30"), ("JE", "h07"), ("JK", "d03"), ("JK", "f03")]
    folder = touch(tmp_path, *(form.format(*clip) for clip in clips), "Info.txt", "DC/._a01.wav", "._DC_a01.wav")
    utterances = corpora.load("savee", folder).utterances
    assert [(u.id, u.speaker, u.label) for u in utterances] == [
        ("DC_n30", "DC", "neutral"),
        ("DC_sa15", "DC", "sad"),
        ("DC_su02", "DC", "surprised"),
        ("JE_h07", "JE", "happy"),
        ("JK_d03", "JK", "disgust"),
        ("JK_f03", "JK", "fearful"),
        ("KL_a01", "KL", "angry"),
    ]
    assert utterances[0].audio == folder / form.format("DC", "n30")
