"""GoEmotions: its table, whole and damaged, and the corpus itself."""

from collections import Counter

import pytest

from emotion_tf import corpora
from emotion_tf.errors import EmotionTFError

HEADER = "split\tlabel\ttext\n"


def test_rows(tmp_path):
    path = tmp_path / "goemotions.tsv"
    path.write_text(
        "\ufeff" + HEADER + "train\tjoy\t Hurrah’s  \n"
        "dev\tfear\tHelp\n"
        'test\tsad\t"He said ""no"" "\n'
        "train\tAnger\tIt's 5' \"long\"\n",
        encoding="utf-8",
    )
    happy, fearful, sad, angry = corpora.load("goemotions", path).utterances
    assert (happy.id, happy.label, happy.text) == ("train-00002", "happy", "Hurrah’s")
    assert (fearful.id, fearful.label) == ("dev-00003", "fearful")
    assert (sad.id, sad.session, sad.label, sad.text) == ("test-00004", "test", "sad", 'He said "no"')
    assert (angry.id, angry.session, angry.label, angry.text) == ("train-00005", "train", "angry", "It's 5' \"long\"")
    assert angry.speaker == angry.id
    assert angry.audio is None


def test_the_whole_of_it(real_data):
    """The counts are those that a text editor finds in the file."""
    utterances = corpora.load("goemotions", real_data / "goemotions4.tsv").utterances
    counts = Counter((utterance.session, utterance.label) for utterance in utterances)
    assert counts == {
        ("train", "angry"): 2476,
        ("train", "happy"): 3015,
        ("train", "neutral"): 12823,
        ("train", "sad"): 856,
        ("dev", "angry"): 273,
        ("dev", "happy"): 366,
        ("dev", "neutral"): 1592,
        ("dev", "sad"): 90,
        ("test", "angry"): 325,
        ("test", "happy"): 336,
        ("test", "neutral"): 1606,
        ("test", "sad"): 104,
    }
    lines = (real_data / "goemotions4.tsv").read_text(encoding="utf-8").split("\n")
    for utterance in utterances[::500]:
        split, line = utterance.id.split("-")
        assert lines[int(line) - 1].startswith(f"{split}\t{utterance.label}\t")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", r"line 1: missing column split, label, text"),
        ("split\tlabel\n", r"line 1: missing column text"),
        (HEADER + "train\tjoy\n", r"line 2: the row does not fit the header; expected 3 cells"),
        (HEADER + "train\tjoy\tHi\tho\n", r"line 2: the row does not fit the header"),
        (HEADER + "train\tjoy\tHi\nTrain\tjoy\tHi\n", r"line 3: unknown split; expected train, .* received 'Train'"),
        (HEADER + "train\t \tHi\n", r"line 2: the label is empty"),
        (HEADER + "train\tjoy\t\n", r"line 2: the text is empty"),
        (HEADER, r"lists no sentence"),
        (HEADER.encode() + b"train\tjoy\t\xff\n", r"line 2 is not UTF-8\. To fix: save the file as UTF-8"),
    ],
)
def test_damaged_table(tmp_path, content, message):
    path = tmp_path / "goemotions.tsv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(EmotionTFError, match=r"goemotions\.tsv.*" + message):
        corpora.load("goemotions", path)


def test_no_table(tmp_path):
    with pytest.raises(
        EmotionTFError, match=r"is not the table of GoEmotions; expected a table .* received a folder\. "
    ):
        corpora.load("goemotions", tmp_path)
    with pytest.raises(EmotionTFError, match=r"received no such file\. To fix: make it from https.* CC BY 4\.0"):
        corpora.load("goemotions", tmp_path / "nowhere.tsv")
