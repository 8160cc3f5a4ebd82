"""CREMA-D: names of clips, and the two that are odd."""

from corpus_trees import touch

from emotion_tf import corpora


def test_fields_of_the_file_name(tmp_path):
    folder = touch(tmp_path, "AudioWAV/1091_WSI_HAP_HI.wav", "AudioWAV/1001_DFA_ANG_XX.wav")
    angry, happy = corpora.load("cremad", folder).utterances
    assert (angry.id, angry.label, angry.speaker) == ("1001_DFA_ANG_XX", "angry", "1001")
    assert (happy.id, happy.label, happy.speaker) == ("1091_WSI_HAP_HI", "happy", "1091")
    assert angry.text == "Don't forget a jacket."
    assert happy.text == "We'll stop in a couple of minutes."
    assert angry.audio == folder / "AudioWAV" / "1001_DFA_ANG_XX.wav"
    assert corpora.load("cremad", folder / "AudioWAV").utterances == (angry, happy)


def test_what_is_passed_over(tmp_path):
    folder = touch(
        tmp_path,
        "AudioWAV/1040_ITH_SAD_X.wav",  # the one that counts, for all its name
        "AudioWAV/._1001_DFA_ANG_XX.wav",
        "AudioWAV/1076_MTI_SAD_XX.wav",  # silent
        "AudioMP3/1001_DFA_SAD_XX.mp3",
    )
    (utterance,) = corpora.load("cremad", folder).utterances
    assert (utterance.id, utterance.label, utterance.text) == (
        "1040_ITH_SAD_X",
        "sad",
        "I think I have a doctor's appointment.",
    )
