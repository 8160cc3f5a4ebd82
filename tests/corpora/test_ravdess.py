"""RAVDESS on a miniature tree, and on the corpus itself where it is there."""

from collections import Counter

import pytest

from emotion_tf import corpora
from emotion_tf.config import Config
from emotion_tf.errors import EmotionTFError


@pytest.fixture
def tree(tmp_path):
    """Adds empty files to a folder."""

    def add(*names):
        for name in names:
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        return tmp_path

    return add


def test_fields_of_the_file_name(tree):
    folder = tree("Actor_12/03-01-05-02-01-02-12.wav", "Actor_12/03-01-01-01-02-01-12.wav")
    neutral, angry = corpora.load("ravdess", folder).utterances
    assert (neutral.id, neutral.label, neutral.speaker) == ("03-01-01-01-02-01-12", "neutral", "12")
    assert (angry.id, angry.label, angry.speaker) == ("03-01-05-02-01-02-12", "angry", "12")
    assert neutral.text == "Dogs are sitting by the door."
    assert angry.text == "Kids are talking by the door."
    assert angry.audio == folder / "Actor_12/03-01-05-02-01-02-12.wav"
    assert angry.session == ""


def test_what_is_passed_over(tree):
    folder = tree(
        "Actor_01/03-01-03-01-01-01-01.WAV",  # the one that counts
        "Actor_01/._03-01-03-01-01-02-01.wav",
        "Actor_01/03-02-03-01-01-01-01.wav",  # song
        "Actor_01/01-01-03-01-01-01-01.wav",  # video with sound
        "Actor_01/02-01-03-01-01-01-01.wav",  # video alone
        "Actor_01/03-01-03-01-02-01-01.mp4",
        "Actor_01/03-01-03-01-02-02-01.wav.txt",
        "Actor_01/03-01-09-01-01-01-01.wav",
        "Elsewhere/03-01-03-01-01-02-01.wav",
    )
    assert [utterance.id for utterance in corpora.load("ravdess", folder).utterances] == ["03-01-03-01-01-01-01"]


def test_order_is_by_path_whatever_the_kind_of_file(tree):
    folder = tree(
        "Actor_02/03-01-03-01-01-01-02.flac",
        "Actor_01/03-01-05-01-01-01-01.flac",
        "Actor_01/03-01-04-01-01-01-01.wav",
    )
    ids = [utterance.id for utterance in corpora.load("ravdess", folder).utterances]
    assert ids == ["03-01-04-01-01-01-01", "03-01-05-01-01-01-01", "03-01-03-01-01-01-02"]


def test_wav_is_taken_where_both_are_there(tree):
    folder = tree("Actor_01/03-01-03-01-01-01-01.flac", "Actor_01/03-01-03-01-01-01-01.wav")
    (utterance,) = corpora.load("ravdess", folder).utterances
    assert utterance.audio.suffix == ".wav"


def test_missing_folder(tmp_path):
    with pytest.raises(EmotionTFError) as error:
        corpora.load("ravdess", tmp_path / "nowhere")
    message = str(error.value)
    assert "nowhere is not the folder of RAVDESS" in message
    assert "expected a folder with Actor_NN/03-01-EE-II-SS-RR-AA.wav or .flac, received no such folder" in message
    assert "https://zenodo.org/records/1188976" in message
    assert "CC BY-NC-SA 4.0" in message


def test_no_file_matching(tree):
    folder = tree("Actor_01/03-01-09-01-01-01-01.wav", "notes.txt")
    with pytest.raises(EmotionTFError, match=r"received no clip of the corpus\. To fix: get it from"):
        corpora.load("ravdess", folder)


def test_whole_corpus(real_data):
    utterances = corpora.load("ravdess", real_data / "ravdess").utterances
    assert Counter(utterance.label for utterance in utterances) == {
        **dict.fromkeys(("angry", "calm", "disgust", "fearful", "happy", "sad", "surprised"), 192),
        "neutral": 96,
    }
    assert Counter(utterance.speaker for utterance in utterances) == {f"{actor:02}": 60 for actor in range(1, 25)}
    assert len({utterance.text for utterance in utterances}) == 2
    paths = [utterance.audio for utterance in utterances]
    assert paths == sorted(paths)


def test_the_four_of_the_paper(real_data):
    corpus, _ = corpora.choose_labels(corpora.load("ravdess", real_data / "ravdess"), Config())
    counts = Counter(utterance.label for utterance in corpus.utterances)
    assert counts == {"angry": 192, "happy": 192, "sad": 192, "neutral": 96}
