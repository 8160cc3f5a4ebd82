"""audformat: filewise and segmented tables that the package itself wrote, and what can be wrong with them."""

import sys

import pandas
import pytest
from corpus_trees import TREES, touch

from emotion_tf import corpora
from emotion_tf.errors import EmotionTFError

audformat = pytest.importorskip("audformat", reason="SKIPPED FOR WANT OF audformat")


def write(folder, tables, **schemes):
    """Writes a database; a table is its index and the values of its columns, which are named after their schemes."""
    database = audformat.Database("mini")
    for name, labels in schemes.items():
        database.schemes[name] = audformat.Scheme(labels=labels) if labels else audformat.Scheme("str")
    for name, (index, columns) in tables.items():
        database[name] = audformat.Table(index)
        for column, values in columns.items():
            database[name][column] = audformat.Column(scheme_id=column)
            database[name][column].set(values)
        touch(folder, *index.get_level_values("file"))
    database.save(folder, storage_format="csv")
    return folder


def load(folder):
    return corpora.load("audformat", folder).utterances


def test_files(tmp_path):
    utterances = load(TREES["audformat"](tmp_path))
    assert [u.label for u in utterances] == ["angry", "happy", "neutral", "sad", "fearful"] * 2
    assert [u.speaker for u in utterances] == ["a"] * 5 + ["b"] * 5
    assert utterances[6].id == "wav/b-1.wav"
    assert utterances[6].audio == tmp_path / "wav" / "b-1.wav"
    assert utterances[6].text == "Some words"


def test_segments_with_speakers_of_files(tmp_path):
    segments = audformat.segmented_index(
        ["a.wav", "a.wav", "b.wav"], ["0s", "1.25s", "0s"], ["1.25s", "2.5s", pandas.NaT]
    )
    tables = {
        "mood": (segments, {"mood": ["W", "F", "W"]}),
        "files": (audformat.filewise_index(["b.wav", "a.wav"]), {"speaker": [7, 3], "text": ["Da", "Ja"]}),
    }
    mood = {"W": "anger", "F": "joy", "L": "boredom"}
    utterances = load(write(tmp_path, tables, mood=mood, speaker=[3, 7], text=None, valence=["neutral", "bad"]))
    found = [(u.id, u.audio.name, u.start, u.end, u.label, u.speaker, u.text) for u in utterances]
    assert found == [
        ("a.wav_0.0_1.25", "a.wav", 0.0, 1.25, "angry", "3", "Ja"),
        ("a.wav_1.25_2.5", "a.wav", 1.25, 2.5, "happy", "3", "Ja"),
        ("b.wav", "b.wav", 0.0, None, "angry", "7", "Da"),
    ]


def test_without_speakers(tmp_path):
    tables = {"all": (audformat.filewise_index(["a.wav", "b.wav", "c.wav"]), {"emotion": ["anger", None, "sadness"]})}
    folder = write(tmp_path, tables, emotion=["anger", "sadness"])
    with pytest.warns(UserWarning, match="names no speakers, so each file counts as one of its own"):
        utterances = load(folder)
    assert [(u.id, u.speaker, u.text) for u in utterances] == [("a.wav", "a.wav", ""), ("c.wav", "c.wav", "")]


def test_a_file_without_its_speaker(tmp_path):
    tables = {
        "emotion": (audformat.filewise_index(["a.wav", "b.wav"]), {"emotion": ["anger", "sadness"]}),
        "speaker": (audformat.filewise_index(["a.wav"]), {"speaker": ["x"]}),
    }
    with pytest.raises(EmotionTFError, match=r"b\.wav has no speaker in .*; expected one for each file"):
        load(write(tmp_path, tables, emotion=["anger", "sadness"], speaker=["x"]))


def test_tables_that_contradict_each_other(tmp_path):
    index = audformat.filewise_index(["a.wav"])
    tables = {"rater1": (index, {"emotion": ["anger"]}), "rater2": (index, {"emotion": ["sadness"]})}
    with pytest.raises(
        EmotionTFError, match=r"Found overlapping data in column 'emotion'.* To fix: keep tables"
    ) as error:
        load(write(tmp_path, tables, emotion=["anger", "sadness"]))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("schemes", "received"),
    [
        ({"valence": ["neutral", "bad"]}, "valence"),
        ({"said": ["anger", "joy"], "meant": ["anger", "joy"]}, "meant, said"),
        ({}, "no schemes"),
    ],
)
def test_emotion_that_cannot_be_told(tmp_path, schemes, received):
    with pytest.raises(EmotionTFError, match=rf"which of its schemes is the emotion; .* received {received}\. "):
        load(write(tmp_path, {}, **schemes))


def test_half_of_a_database(tmp_path):
    folder = TREES["audformat"](tmp_path)
    (folder / "wav" / "a-2.wav").unlink()
    with pytest.raises(EmotionTFError, match=r"wav/a-2\.wav is missing; expected every labelled file"):
        load(folder)
    (folder / "db.files.csv").unlink()
    with pytest.raises(EmotionTFError, match=r"is no database that can be read \(No file found for table"):
        load(folder)
    (folder / "db.yaml").write_text("name: [")
    with pytest.raises(EmotionTFError, match=r"is no database that can be read \(while parsing"):
        load(folder)


def test_nothing_labelled(tmp_path):
    tables = {"all": (audformat.filewise_index(["a.wav"]), {"emotion": [None], "speaker": ["x"]})}
    with pytest.raises(EmotionTFError, match="labels nothing"):
        load(write(tmp_path, tables, emotion=["fear"], speaker=["x"]))


def test_pickles_are_not_loaded(tmp_path):
    folder = touch(TREES["audformat"](tmp_path), "db.emotion.pkl")
    with pytest.raises(EmotionTFError, match=r"db\.emotion\.pkl is a pickle, .* expected tables as \.csv or \.parquet"):
        load(folder)


def test_header_runs_no_code(tmp_path):
    """audformat's own loader of YAML would run it."""
    folder, trap = TREES["audformat"](tmp_path / "mini"), tmp_path / "sprung"
    header = (folder / "db.yaml").read_text() + f"author: !!python/object/apply:os.mkdir [{trap}]\n"
    (folder / "db.yaml").write_text(header)
    with pytest.raises(EmotionTFError, match=r"^[^\n]*mini is no database .*constructor for the tag[^\n]*os\.mkdir"):
        load(folder)
    assert not trap.exists()
    audformat.Database.load(str(folder), load_data=False)
    assert trap.exists(), "the trap does not work"


@pytest.mark.parametrize("name", ["../db.emotion", "x/emotion"])
def test_table_of_another_folder(tmp_path, name):
    """Beside which a pickle could lie that is not looked for."""
    folder = TREES["audformat"](tmp_path)
    header = (folder / "db.yaml").read_text()
    (folder / "db.yaml").write_text(header.replace("  emotion:\n    type", f"  {name}:\n    type"))
    with pytest.raises(EmotionTFError, match=rf"names a table that is not beside it; .*received '{name}'"):
        load(folder)


def test_without_the_package(tmp_path, monkeypatch):
    folder = TREES["audformat"](tmp_path)
    monkeypatch.setitem(sys.modules, "audformat", None)
    with pytest.raises(EmotionTFError, match=r"audformat, which .* pip install 'emotion-tf\[audformat\]'"):
        load(folder)
