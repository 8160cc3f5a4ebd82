"""ESD: transcripts in every encoding of the release, and clips with and without folders of parts."""

import pytest
from corpus_trees import touch

from emotion_tf import corpora
from emotion_tf.errors import EmotionTFError


def transcripts(folder, speaker, content):
    (folder / speaker).mkdir(parents=True, exist_ok=True)
    (folder / speaker / f"{speaker}.txt").write_bytes(content)


@pytest.mark.parametrize(
    ("speaker", "text", "encoding"),
    [
        ("0001", "打远一看，它们的确很是吸引人。", "gb2312"),
        ("0003", "打远一看，它们的确很是吸引人。", "utf-16"),
        ("0002", "打远一看，它们的确很是吸引人。", "utf-8-sig"),
        ("0016", "Tom’s café, don’t.", "cp1252"),
        ("0012", "Tom’s café, don’t.", "utf-16"),
        ("0011", "Tom’s café, don’t.", "utf-8"),
    ],
)
def test_encodings(tmp_path, speaker, text, encoding):
    folder = touch(tmp_path, f"{speaker}/Sad/{speaker}_001051.wav")
    emotion = "Sad" if speaker > "0010" else "伤心"
    transcripts(folder, speaker, f"{speaker}_001051\t{text}\t{emotion}\r\n".encode(encoding))
    (utterance,) = corpora.load("esd", folder).utterances
    assert (utterance.text, utterance.label, utterance.speaker) == (text, "sad", speaker)


def test_lines_that_are_odd(tmp_path):
    lines = {
        "0011_000001": "0011_000001\tWith tabs.\tNeutral",
        "0011_000002": "0011_000002\tNo emotion.",
        "0011_000003": "0011_000003 Spaces for tabs. Neutral",
        "0011_000004": "0011_000004",
        "0011_000005": "",
    }
    folder = touch(tmp_path, *(f"0011/Neutral/{id}.wav" for id in lines))
    transcripts(folder, "0011", "\n".join(lines.values()).encode())
    texts = [utterance.text for utterance in corpora.load("esd", folder).utterances]
    assert texts == ["With tabs.", "No emotion.", "Spaces for tabs.", "", ""]


def test_clips_of_every_part_and_what_is_passed_over(tmp_path):
    folder = touch(
        tmp_path,
        "0011/Angry/train/0011_000371.wav",
        "0011/Angry/test/0011_000361.wav",
        "0011/Angry/evaluation/0011_000351.wav",
        "0011/Angry/evaluation/._0011_000351.wav",
        "0011/Surprise/train/0011_001401.wav",
        "0011/Happy/0011_000701.wav",
        "ReadMe.txt",
    )
    transcripts(folder, "0011", b"0011_000351\tOh.\tAngry")
    utterances = corpora.load("esd", folder).utterances
    ids = ["0011_000351", "0011_000361", "0011_000371", "0011_000701", "0011_001401"]
    assert [u.id for u in utterances] == ids
    assert [u.label for u in utterances] == ["angry", "angry", "angry", "happy", "surprised"]


def test_no_transcripts(tmp_path):
    folder = touch(tmp_path, "0011/Sad/0011_001051.wav")
    with pytest.raises(EmotionTFError, match=r"0011\.txt is missing; expected the transcripts"):
        corpora.load("esd", folder)
    transcripts(folder, "0011", b"something else\n")
    with pytest.raises(EmotionTFError, match=r"0011\.txt holds no transcript"):
        corpora.load("esd", folder)
