import csv

import numpy as np
import pytest

from emotion_tf.errors import EmotionTFError
from emotion_tf.evaluation.predictions import Predictions

HEADER = "id,fold,speaker,label,predicted,angry,happy,neutral,sad"
ROW = "a,0,Ann,sad,sad,0.1,0.1,0.1,0.7"


def assert_same(found: Predictions, expected: Predictions) -> None:
    assert list(found.ids) == list(expected.ids)
    assert list(found.speakers) == list(expected.speakers)
    np.testing.assert_array_equal(found.folds, expected.folds)
    np.testing.assert_array_equal(found.labels, expected.labels)
    np.testing.assert_array_equal(found.probabilities, expected.probabilities)


def test_file_is_the_documented_table(eight, tmp_path):
    eight.write(tmp_path / "predictions.csv")
    with (tmp_path / "predictions.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    assert ",".join(rows[0]) == HEADER
    assert rows[2][:5] == ["utterance 1", "0", "X", "angry", "happy"]
    assert [float(cell) for cell in rows[2][5:]] == pytest.approx([0.1, 0.7, 0.1, 0.1])
    assert len(rows) == 9


def test_reading_gives_back_every_digit(many, tmp_path):
    many.write(tmp_path / "first.csv")
    read = Predictions.read(tmp_path / "first.csv")
    assert_same(read, many)
    read.write(tmp_path / "second.csv")
    assert (tmp_path / "first.csv").read_bytes() == (tmp_path / "second.csv").read_bytes()


def test_float32_probabilities_come_back_exactly(many, tmp_path):
    """A float32 softmax sums to one only roughly."""
    single = many.probabilities.astype(np.float32)
    assert (single.astype(np.float64).sum(axis=1) != 1).any()
    Predictions(many.ids, many.folds, many.speakers, many.labels, single).write(tmp_path / "predictions.csv")
    np.testing.assert_array_equal(Predictions.read(tmp_path / "predictions.csv").probabilities, single)


def test_users_names_survive(tmp_path):
    ids = ['comma, "quotes"', "two\nlines", "Ärger 怒り", " blanks "]
    predictions = Predictions(ids, np.zeros(4), ids[::-1], np.arange(4), np.full((4, 4), 0.25))
    predictions.write(tmp_path / "predictions.csv")
    assert_same(Predictions.read(tmp_path / "predictions.csv"), predictions)


def test_predicted_is_the_first_of_equals():
    probabilities = np.array([[0.2, 0.4, 0.4, 0.0], [0.25, 0.25, 0.25, 0.25]])
    assert Predictions(["a", "b"], [0, 0], ["A", "A"], [0, 0], probabilities).predicted.tolist() == [1, 0]


def test_concatenate_keeps_the_order(eight):
    parts = [
        Predictions(
            eight.ids[part], eight.folds[part], eight.speakers[part], eight.labels[part], eight.probabilities[part]
        )
        for part in (slice(0, 3), slice(3, 4), slice(4, 8))
    ]
    assert_same(Predictions.concatenate(parts), eight)


def test_concatenate_refuses_an_utterance_tested_twice(eight):
    with pytest.raises(EmotionTFError, match="'utterance 0' is predicted twice"):
        Predictions.concatenate([eight, eight])


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], r"has the wrong columns; expected id,fold,.*received none"),
        (["id,label", "a,sad"], r"has the wrong columns; .*received id,label"),
        ([HEADER.replace("angry,happy", "angry,angry"), ROW], "has the wrong columns"),
        (["id,fold,speaker,label,predicted,angry", "a,0,Ann,angry,angry,1"], "has the wrong columns; .*two classes"),
        ([HEADER], "there are no predictions"),
        ([HEADER, ROW, "b,0,Ann,sad"], "line 3 does not fit the header; expected 9 cells, received 4"),
        ([HEADER, ROW.replace("sad,sad", "bored,sad")], "line 2: unknown class; expected .*received 'bored'"),
        ([HEADER, ROW.replace("sad,sad", "sad,bored")], "line 2: unknown class; expected .*received 'bored'"),
        ([HEADER, ROW.replace(",0,", ",first,")], "line 2: .*'first'"),
        ([HEADER, ROW.replace("0.7", "much")], "line 2: .*'much'"),
        ([HEADER, ROW.replace("0.7", "0.6")], r"'a' has no probabilities; .*received 0.1, 0.1, 0.1, 0.6"),
        ([HEADER, ROW.replace("0.7", "nan")], "'a' has no probabilities"),
        ([HEADER, ROW.replace("0.1,0.1,0.1", "-0.1,0.2,0.2")], "'a' has no probabilities"),
        ([HEADER, ROW, ROW], "'a' is predicted twice"),
        ([HEADER, ROW.replace("sad,sad", "sad,angry")], "'a' contradicts itself; .*received angry"),
        ([HEADER, '"a,0'], "is not valid CSV"),
    ],
)
def test_what_is_no_prediction_is_refused(rows, message, tmp_path):
    path = tmp_path / "predictions.csv"
    path.write_text("".join(f"{row}\n" for row in rows))
    with pytest.raises(EmotionTFError, match=message) as raised:
        Predictions.read(path)
    assert str(raised.value).startswith(str(path))


def test_missing_file(tmp_path):
    with pytest.raises(EmotionTFError, match=r"predictions.csv does not exist"):
        Predictions.read(tmp_path / "predictions.csv")


def test_file_in_another_encoding(tmp_path):
    path = tmp_path / "predictions.csv"
    path.write_bytes(f"{HEADER}\n{ROW}\n".replace("Ann", "Änn").encode("latin-1"))
    with pytest.raises(EmotionTFError, match=r"predictions.csv, line 2 is not UTF-8"):
        Predictions.read(path)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"folds": np.zeros(7)}, "differ in length; expected 8 folds.*received 7, 8, 8"),
        ({"speakers": ["X"] * 9}, "differ in length"),
        ({"labels": np.zeros(9)}, "differ in length"),
        ({"probabilities": np.full((8, 5), 0.2)}, "differ in length"),
        ({"labels": np.full(8, 4)}, "'utterance 0' has an unknown label; .*received 4"),
        ({"labels": np.full(8, -1)}, "'utterance 0' has an unknown label; .*received -1"),
    ],
)
def test_parts_that_do_not_fit_are_refused(changed, message, eight):
    with pytest.raises(EmotionTFError, match=message):
        Predictions(**{**vars(eight), **changed})


def test_any_classes(tmp_path):
    classes = ("pleasant surprise", "生气")
    written = Predictions(["a", "b"], [0, 1], ["x", "y"], [1, 0], [[0.25, 0.75], [0.4, 0.6]], classes)
    written.write(tmp_path / "predictions.csv")
    read = Predictions.read(tmp_path / "predictions.csv")
    assert (read.classes, read.labels.tolist(), read.predicted.tolist()) == (classes, [1, 0], [1, 1])
    other = Predictions(["c"], [0], ["x"], [0], [[0.25, 0.75]], ("生气", "pleasant surprise"))
    with pytest.raises(EmotionTFError, match="the predictions have different classes"):
        Predictions.concatenate([written, other])
    with pytest.raises(EmotionTFError, match="unknown label; expected a class index from 0 to 1, received 2"):
        Predictions(["a"], [0], ["x"], [2], [[0.25, 0.75]], classes)
