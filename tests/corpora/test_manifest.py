"""Manifests: what is read, and what is said about each fault."""

import json
import math

import pytest
import tensorflow as tf

from emotion_tf import corpora
from emotion_tf.corpora import manifest
from emotion_tf.errors import EmotionTFError
from emotion_tf.labels import FOUR

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
    assert (first.id, first.audio, first.text, first.label) == (
        "z",
        tmp_path / "sub" / "a.wav",
        "Well, well.",
        "Excited",
    )
    assert (first.speaker, first.session, first.start, first.end) == ("01", "s1", 1.5, 2.0)
    assert (second.id, second.audio, second.label) == ("a", None, "neu")
    assert (second.session, second.start, second.end) == ("", 0.0, None)


def test_jsonl(load, tmp_path):
    rows = [
        {"id": 7, "audio": str(tmp_path / "sub" / "a.wav"), "label": "anger", "speaker": 3, "end": 2.5},
        {"id": "b", "text": "line\u2028separator", "label": "sad", "speaker": "x", "end": None},
    ]
    content = "\n\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    first, second = load(content, "m.jsonl")
    assert (first.id, first.audio, first.text, first.label) == ("7", tmp_path / "sub" / "a.wav", "", "anger")
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
    with pytest.raises(EmotionTFError, match=r"m\.csv, line 4: the label is empty"):
        load('id,text,label,speaker\na,"two\nlines",sad,1\nb,x,,1\n')


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", r"line 1: missing column label, speaker, audio or text; .* received an empty file"),
        (
            "id,text,label\na,x,sad\n",
            r"line 1: missing column speaker; .* received the columns id, text, label, divided by commas\. "
            r"To fix: name the columns with --columns, such as speaker=NAME",
        ),
        ("id;text;label\na;x;sad\n", r"missing column speaker; .* the columns id, text, label, divided by semicolons"),
        ("id,label,speaker\na,sad,1\n", r"line 1: missing column audio or text"),
        ("id,text,text,label,speaker\n", r"line 1: repeated column text"),
        ("id,text,label,speaker\n", r"lists no utterance"),
        (HEADER + "a,,x,sad,1,,,\nb,,x,,1,,,\n", r"line 3: the label is empty"),
        (HEADER + "a,,x,sad,1,,,\nb,,x,sad,1,,,\na,,x,sad,2,,,\n", r"line 4: the id 'a' is taken; .* that of line 2"),
        (HEADER + "a,,x,sad,,,,\n", r"line 2: the speaker is empty"),
        (HEADER + "a,,x,sad,1,,soon,\n", r"line 2: wrong start; expected seconds, zero or more, received 'soon'"),
        (HEADER + "a,,x,sad,1,,-1,\n", r"line 2: wrong start; .* received '-1'"),
        (HEADER + "a,,x,sad,1,,,nan\n", r"line 2: wrong end; .* received 'nan'"),
        (HEADER + "a,,x,sad,1,,,inf\n", r"line 2: wrong end; .* received 'inf'"),
        (HEADER + "a,,x,sad,1,,2,1.5\n", r"line 2: the end is not after the start; expected more than 2, received 1.5"),
        (HEADER + "a,,x,sad,1,,0,0\n", r"line 2: the end is not after the start"),
        (
            HEADER + "a,,oh, no,sad,1,,,\n",
            r"line 2: the row does not fit the header; expected 8 cells divided by commas, received 9",
        ),
        (HEADER + 'a,,"x,sad,1,,,\n', r"line 2 is not valid text of comma-separated cells"),
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
        (GOOD + '{"id": "b", "text": "x", "label": "sad"}', r"line 2: the speaker is empty"),
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
    with pytest.raises(
        EmotionTFError, match=r"m\.xlsx is no manifest; expected a \.csv, \.tsv, \.txt or \.jsonl .* suffix '\.xlsx'"
    ):
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
        file.write(content.replace("sad", ""))
    with pytest.raises(EmotionTFError, match=rf"^{folder}/wrong.csv, line 2: the label is empty"):
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
    clips = [u for u in corpora.load("ravdess", real_data / "ravdess").utterances if u.label in FOUR]
    expected = {clip.id: (clip.label, clip.speaker, clip.audio.resolve()) for clip in clips}
    assert {u.id: (u.label, u.speaker, u.audio.resolve()) for u in utterances} == expected


TABLE = [["id", "audio", "text", "label", "speaker"], ["1", "v.wav", "So; angry,\tvery", "wütend", "a"]]


def text_of(rows, delimiter, end="\n"):
    cells = [[f'"{cell}"' if any(mark in cell for mark in ";,\t") else cell for cell in row] for row in rows]
    return "".join(delimiter.join(row) + end for row in cells)


@pytest.mark.parametrize(
    ("delimiter", "name"), [(",", "m.csv"), (";", "m.csv"), ("\t", "m.tsv"), ("\t", "m.csv"), (";", "m.txt")]
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_delimiter_and_encoding_are_found(load, delimiter, name, encoding, end):
    (utterance,) = load(text_of(TABLE, delimiter, end).encode(encoding), name)
    assert (utterance.id, utterance.text, utterance.label) == ("1", "So; angry,\tvery", "wütend")


QUOTES = "id\ttext\tlabel\tspeaker\n"


@pytest.mark.parametrize(
    ("rows", "texts"),
    [
        # By the standard, the first is an error, the next two are one cell, and the last hides a tab.
        (['"Ooo," what?', "So"], ['"Ooo," what?', "So"]),
        (['"I said', 'No."', "So"], ['"I said', 'No."', "So"]),
        (['He said "no"', '5" tape'], ['He said "no"', '5" tape']),
        # What is quoted by the standard.
        (['"""Ooo,"" what?"', '"a\ttab"'], ['"Ooo," what?', "a\ttab"]),
        (['"two\nlines"', "one"], ["two\nlines", "one"]),
        (['"quoted for nothing"', "one"], ["quoted for nothing", "one"]),
    ],
)
def test_quotes_between_tabs(load, rows, texts):
    content = QUOTES + "".join(f"{number}\t{text}\tsad\ta\n" for number, text in enumerate(rows))
    assert [utterance.text for utterance in load(content, "m.tsv")] == texts


def test_quote_that_hides_a_tab(load):
    content = 'label\tspeaker\ttext\tid\nsad\ta\t"Oh\tb"\nsad\ta\tno\tc\n'
    assert [(u.text, u.id) for u in load(content, "m.tsv")] == [('"Oh', 'b"'), ("no", "c")]


def test_quotes_that_count_as_characters_are_told_of(load, caplog):
    with caplog.at_level("INFO"):
        load(QUOTES + '1\t"Ooo," what?\tsad\ta\n', "plain.tsv")
        load(QUOTES + '1\t"""Ooo,"" what?"\tsad\ta\n', "standard.tsv")
    (line,) = [record.getMessage() for record in caplog.records if "double quotes" in record.getMessage()]
    assert "plain.tsv: double quotes count as characters" in line


def test_table_that_fits_neither_way(load):
    with pytest.raises(EmotionTFError, match=r"m\.tsv, line 2 is not valid text of tab-separated cells"):
        load(QUOTES + '1\t"Ooo," what?\tsad\ta\n2\ttoo\tshort\n', "m.tsv")


def test_meld_as_people_have_it(real_data):
    path = real_data / "meld_text.tsv"
    if not path.is_file():
        pytest.skip(f"SKIPPED FOR WANT OF DATA: no {path}")
    utterances = corpora.load("manifest", path, {"session": "split"}).utterances
    lines = path.read_bytes().splitlines()
    assert len(utterances) == len(lines) - 1 == 13_708
    assert utterances[326].text == lines[327].decode().split("\t")[5] == '"Ooo," what?'


def test_delimiter_line_of_excel(load):
    """Line numbers count it."""
    (utterance,) = load("sep=;\n" + text_of(TABLE, ";"))
    assert utterance.label == "wütend"
    with pytest.raises(EmotionTFError, match="line 3: the label is empty"):
        load("sep=;\nid;text;label;speaker\n1;x;;a\n")


def test_columns_by_other_names(load, tmp_path):
    content = "file,emotion,spk,gender\nv.wav,fear,a,f\nw.wav,calm,b,m\n"
    (tmp_path / "m.csv").write_text(content)
    columns = {"audio": "file", "label": "emotion", "speaker": "spk"}
    first, second = corpora.load("manifest", tmp_path / "m.csv", columns).utterances
    assert (first.id, first.audio, first.label, first.speaker) == ("v", tmp_path / "v.wav", "fear", "a")
    assert (second.id, second.label, second.speaker) == ("w", "calm", "b")
    with pytest.raises(
        EmotionTFError, match="no column emotions; received the columns file, emotion, spk, gender, div"
    ):
        corpora.load("manifest", tmp_path / "m.csv", {**columns, "label": "emotions"})
    with pytest.raises(EmotionTFError, match="columns are named for a manifest"):
        corpora.load("ravdess", tmp_path, columns)


def test_a_column_that_is_named_takes_the_place_of_one_that_has_the_name(load, tmp_path):
    (tmp_path / "m.csv").write_text("text,label,true,speaker\nx,wrong,right,a\n")
    (utterance,) = corpora.load("manifest", tmp_path / "m.csv", {"label": "true"}).utterances
    assert utterance.label == "right"


def test_unknown_columns_are_passed_over_with_one_line(load, caplog):
    load("text,label,speaker,Room,take\nx,sad,a,f,7\ny,sad,a,f,7\n")
    (line,) = caplog.messages
    assert line.endswith("m.csv: passed over the columns Room, take")


def test_headings_in_capitals(load):
    (utterance,) = load("ID,Text,Label,Speaker\n1,x,sad,a\n")
    assert utterance.id == "1"


def test_ids_from_file_names(load):
    rows = ["a/x.wav", "b/x.wav", "c/y.flac", "c/y.flac"]
    content = "audio,label,speaker,start,end\n" + "".join(f"{file},sad,a,," + "\n" for file in rows)
    content += "z.wav,sad,a,1.5,2\nz.wav,sad,a,2,\n"
    ids = [utterance.id for utterance in load(content)]
    assert [id.rpartition("/")[2] for id in ids] == ["x", "x", "y", "y_2", "z_1.5_2", "z_2_"]
    assert ids[0].endswith("a/x") and ids[1].endswith("b/x")
    assert [utterance.id for utterance in load("text,label,speaker\nx,sad,a\ny,sad,a\n")] == ["row-1", "row-2"]


def test_manifest_to_be_answered(tmp_path):
    (tmp_path / "m.tsv").write_text("Datei\nv.wav\n")
    (utterance,) = manifest.read(tmp_path / "m.tsv", labelled=False, columns={"audio": "Datei"})
    assert (utterance.id, utterance.label, utterance.speaker) == ("v", "", "")


def test_votes(load):
    first, second, third = load(
        'text;votes;speaker\nx;"{""angry"": 3, ""sad"": 1}";a\ny;;a\nz;"{""a"": 1, ""b"": 1}";b\n'
    )
    assert (first.label, first.votes) == ("angry", (("angry", 3.0), ("sad", 1.0)))
    assert (second.label, second.votes) == ("", ())
    assert (third.label, third.votes) == ("", (("a", 1.0), ("b", 1.0)))
    (first,) = load("text,votes:angry,votes:sad,speaker\nx,0.75,.25,a\n")
    assert (first.label, first.votes) == ("angry", (("angry", 0.75), ("sad", 0.25)))
    (first,) = load('{"text": "x", "speaker": "a", "label": "sad", "votes": {"angry": 2}}', "m.jsonl")
    assert (first.label, first.votes) == ("sad", (("angry", 2.0),))


@pytest.mark.parametrize(
    "cell", ['"[1]"', "three", '"{""angry"": -1}"', '"{""angry"": ""many""}"', '"{""angry"": true}"']
)
def test_votes_that_are_none(load, cell):
    with pytest.raises(EmotionTFError, match="m.csv, line 2: wrong votes"):
        load(f"text,label,speaker,votes\nx,sad,a,{cell}\n")


def test_ratings(load, tmp_path):
    (tmp_path / "m.csv").write_text("text;speaker;Valence;arousal;warmth\nx;a;1,5;4;7\ny;b;-2;;9\n")
    corpus = corpora.load("manifest", tmp_path / "m.csv", dimensions=["warmth"])
    assert corpus.dimensions == {"arousal": None, "valence": None, "warmth": None}
    assert corpus.utterances[0].ratings == (4, 1.5, 7)
    assert math.isnan(corpus.utterances[1].ratings[0]) and corpus.utterances[1].ratings[1:] == (-2, 9)
    with pytest.raises(
        EmotionTFError, match="line 2: wrong arousal; expected a number, or an empty cell, received 'high'"
    ):
        load("text,speaker,arousal\nx,a,high\n")
