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


def test_votes_of_those_who_heard(tmp_path):
    folder = touch(tmp_path, "AudioWAV/1001_DFA_ANG_XX.wav", "AudioWAV/1001_IEO_HAP_HI.wav")
    (tmp_path / "processedResults").mkdir()
    (tmp_path / "processedResults" / "tabulatedVotes.csv").write_text(
        '"","A","D","F","H","N","S","fileName","numResponses"\n'
        '"100001",7,1,0,0,2,0,"1001_DFA_ANG_XX",10\n'
        '"200001",0,9,0,0,0,0,"1001_DFA_ANG_XX",9\n'
    )
    for place in (folder, folder / "AudioWAV"):
        angry, happy = corpora.load("cremad", place).utterances
        assert angry.votes == (("angry", 7.0), ("disgust", 1.0), ("neutral", 2.0))
        assert happy.votes == ()
