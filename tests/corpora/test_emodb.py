"""Emo-DB: German sentences, and emotions by their German initials."""

from corpus_trees import touch

from emotion_tf import corpora


def test_fields_of_the_file_name(tmp_path):
    folder = touch(tmp_path, "wav/16a04Wb.wav", "wav/03a01Fa.wav", "wav/08b01Tc.wav", "wav/03b10Na.wav")
    happy, neutral, sad, angry = corpora.load("emodb", folder).utterances
    assert [u.id for u in (happy, neutral, sad, angry)] == ["03a01Fa", "03b10Na", "08b01Tc", "16a04Wb"]
    assert [u.label for u in (happy, neutral, sad, angry)] == ["happy", "neutral", "sad", "angry"]
    assert [u.speaker for u in (happy, neutral, sad, angry)] == ["03", "03", "08", "16"]
    assert happy.text == "Der Lappen liegt auf dem Eisschrank."
    assert angry.text == "Heute abend könnte ich es ihm sagen."
    assert corpora.load("emodb", folder / "wav").utterances == (happy, neutral, sad, angry)


def test_all_seven(tmp_path):
    folder = touch(tmp_path, *(f"wav/03a01{letter}a.wav" for letter in "WLEAFTN"))
    labels = {utterance.id[5]: utterance.label for utterance in corpora.load("emodb", folder).utterances}
    assert labels == {
        "W": "angry",
        "L": "bored",
        "E": "disgust",
        "A": "fearful",
        "F": "happy",
        "T": "sad",
        "N": "neutral",
    }


def test_what_is_passed_over(tmp_path):
    names = ("03a01Nc.wav", "._03a01Fa.wav", "03a01Xa.wav", "03a01Fa.lab")
    (utterance,) = corpora.load("emodb", touch(tmp_path, *(f"wav/{name}" for name in names))).utterances
    assert utterance.id == "03a01Nc"
