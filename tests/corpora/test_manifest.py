"""Manifests: what is read, and what is said about each fault."""

import json

import pytest
import tensorflow as tf

from emotion_tf import corpora
from emotion_tf.errors import EmotionTFError

HEADER = "id,audio,text,label,speaker,session,start,end\n"


@pytest.fixture
def load(tmp_path):
    """Loads a manifest of the given content."""

    def load(content, name="m.csv"):
        (tmp_path / "sub").mkdir(exist_ok=True)
        (tmp_path / "sub" / "a.wav").touch()
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return corpora.load("manifest", path).utterances

    return load


def test_csv(load, tmp_path):
    first, second = load(HEADER + 'z,sub/a.wav,"Well, well.",Excited, 01 ,s1,1.5,2\na,,no sound,neu,02,,,\n')
    assert (first.id, first.audio, first.text, first.label) == ("z", tmp_path / "sub" / "a.wav", "Well, well.", "happy")
    assert (first.speaker, first.session, first.start, first.end) == ("01", "s1", 1.5, 2.0)
    assert (second.id, second.audio, second.label) == ("a", None, "neutral")
    assert (second.session, second.start, second.end) == ("", 0.0, None)


def test_jsonl(load, tmp_path):
    rows = [
        {"id": 7, "audio": str(tmp_path / "sub" / "a.wav"), "label": "anger", "speaker": 3, "end": 2.5},
        {"id": "b", "text": "line\u2028separator", "label": "sad", "speaker": "x", "end": None},
    ]
    content = "\n\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    first, second = load(content, "m.jsonl")
    assert (first.id, first.audio, first.text, first.label) == ("7", tmp_path / "sub" / "a.wav", "", "angry")
    assert (first.speaker, first.start, first.end) == ("3", 0.0, 2.5)
    assert (second.audio, second.text, second.end) == (None, "line\u2028separator", None)


@pytest.mark.parametrize(
    ("content", "name"),
    [("id,text,label,speaker\na,é,sad,1\n", "m.csv"), ('{"id":"a","text":"é","label":"sad","speaker":"1"}', "m.JSONL")],
)
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_byte_order_mark_is_no_fault(load, content, name, mark):
    (utterance,) = load(mark + content, name)
    assert (utterance.id, utterance.text) == ("a", "é")


def test_line_numbers_count_lines_of_the_file(load):
    with pytest.raises(EmotionTFError, match=r"m\.csv, line 4: unknown label"):
        load('id,text,label,speaker\na,"two\nlines",sad,1\nb,x,bored,1\n')


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", r"line 1: missing column id, label, speaker, audio or text; .* received none"),
        ("id,text,label\na,x,sad\n", r"line 1: missing column speaker; expected .* received id, text, label"),
        ("id,label,speaker\na,sad,1\n", r"line 1: missing column audio or text"),
        ("id,transcript,label,speaker,text\n", r"line 1: unknown column transcript; .* rename the columns"),
        ("id,text,text,label,speaker\n", r"line 1: repeated column text"),
        ("id,text,label,speaker\n", r"lists no utterance"),
        (HEADER + "a,,x,sad,1,,,\nb,,x,bored,1,,,\n", r"line 3: unknown label; expected one of angry, .* 'bored'"),
        (HEADER + "a,,x,sad,1,,,\nb,,x,sad,1,,,\na,,x,sad,2,,,\n", r"line 4: the id 'a' is taken; .* that of line 2"),
        (HEADER + "a,,x,sad,,,,\n", r"line 2: the speaker is empty"),
        (HEADER + "a,,x,sad,1,,soon,\n", r"line 2: wrong start; expected seconds, zero or more, received 'soon'"),
        (HEADER + "a,,x,sad,1,,-1,\n", r"line 2: wrong start; .* received '-1'"),
        (HEADER + "a,,x,sad,1,,,nan\n", r"line 2: wrong end; .* received 'nan'"),
        (HEADER + "a,,x,sad,1,,,inf\n", r"line 2: wrong end; .* received 'inf'"),
        (HEADER + "a,,x,sad,1,,2,1.5\n", r"line 2: the end is not after the start; expected more than 2, received 1.5"),
        (HEADER + "a,,x,sad,1,,0,0\n", r"line 2: the end is not after the start"),
        (HEADER + "a,,oh, no,sad,1,,,\n", r"line 2: the row does not fit the header; expected 8 cells, received 9"),
        (HEADER + 'a,,"x,sad,1,,,\n', r"line 2 is not valid CSV"),
        (HEADER.encode() + b"a,,x,sad,1,,,\nb,,\xff,sad,1,,,\n", r"line 3 is not UTF-8"),
    ],
)
def test_faults_of_csv(load, content, message):
    with pytest.raises(EmotionTFError, match=r"m\.csv.*" + message):
        load(content)


GOOD = '{"id": "a", "text": "x", "label": "sad", "speaker": "1"}\n'


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (GOOD + '{"id": "b", ', r"line 2 is not valid JSON"),
        (GOOD + "[1, 2]", r"line 2 is not a row; expected a JSON object, received \[1, 2\]"),
        (GOOD + '{"id": "b", "text": "x", "label": "sad"}', r"line 2: missing column speaker"),
        (GOOD + '{"id": "b", "text": "x", "label": null, "speaker": "1"}', r"line 2: the label is empty"),
        (
            GOOD + '{"id": "b", "text": ["x"], "label": "sad", "speaker": "1"}',
            r"line 2: wrong text; .* received \[\"x\"\]",
        ),
        (GOOD + '{"id": "b", "text": "", "label": "sad", "speaker": 1, "end": NaN}', r"line 2: wrong end"),
        (GOOD.encode() + b'{"id": "\xff"}', r"line 2 is not UTF-8"),
    ],
)
def test_faults_of_jsonl(load, content, message):
    with pytest.raises(EmotionTFError, match=r"m\.jsonl.*" + message):
        load(content, "m.jsonl")


def test_wrong_place(tmp_path):
    with pytest.raises(EmotionTFError, match=r"there is no manifest .*To fix: let data_dir name the file itself"):
        corpora.load("manifest", tmp_path)
    path = tmp_path / "m.xlsx"
    path.touch()
    with pytest.raises(EmotionTFError, match=r"m\.xlsx is no manifest; expected a \.csv or \.jsonl .* suffix '\.xlsx'"):
        corpora.load("manifest", path)


def test_manifest_and_audio_behind_urls(load, tmp_path):
    """TensorFlow's filesystem in memory stands for object stores."""
    content = f"id,audio,label,speaker\na,sub/a.wav,sad,1\nb,gs://other/b.wav,sad,1\nc,{tmp_path}/c.wav,sad,1\n"
    here = load(content)
    folder = f"ram://bucket/{tmp_path.name}"
    with tf.io.gfile.GFile(f"{folder}/m.csv", "w") as file:
        file.write("\ufeff" + content)
    there = corpora.load("manifest", f"{folder}/m.csv").utterances
    assert [str(utterance.audio) for utterance in here] == [
        *(f"{tmp_path}/sub/a.wav", "gs://other/b.wav", f"{tmp_path}/c.wav")
    ]
    assert [str(utterance.audio) for utterance in there] == [
        *(f"{folder}/sub/a.wav", "gs://other/b.wav", f"{tmp_path}/c.wav")
    ]
    with tf.io.gfile.GFile(f"{folder}/wrong.csv", "w") as file:
        file.write(content.replace("sad", "bored"))
    with pytest.raises(EmotionTFError, match=rf"^{folder}/wrong.csv, line 2: unknown label"):
        corpora.load("manifest", f"{folder}/wrong.csv")
    with pytest.raises(EmotionTFError, match=r"there is no manifest ram://bucket/none.csv"):
        corpora.load("manifest", "ram://bucket/none.csv")


def test_other_corpora_are_not_behind_urls():
    with pytest.raises(
        EmotionTFError, match=r"ravdess is read from a folder; expected .* received gs://bucket/ravdess"
    ):
        corpora.load("ravdess", "gs://bucket/ravdess")


def test_real_manifest(real_data):
    utterances = corpora.load("manifest", real_data / "paired" / "manifest.csv").utterances
    assert len(utterances) == 672
    clips = corpora.load("ravdess", real_data / "ravdess").utterances
    expected = {clip.id: (clip.label, clip.speaker, clip.audio.resolve()) for clip in clips}
    assert {u.id: (u.label, u.speaker, u.audio.resolve()) for u in utterances} == expected
