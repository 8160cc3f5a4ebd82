import re

import pytest

from emotion_tf import corpora
from emotion_tf.corpora import check_groups
from emotion_tf.corpora.groups import groups_of
from emotion_tf.errors import EmotionTFError


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "corpus.csv"
    path.write_text("text,label,speaker,gender,age,room\na b,sad,x,f,25,1\nc,angry,y,m,61,1\nd,sad,z,,,1\n")
    return path


def test_manifest_knows_customary_groups_and_takes_others_that_are_asked_for(table):
    corpus = corpora.load("manifest", table)
    assert groups_of(corpus.utterances) == {
        "corpus": ["manifest"] * 3,
        "gender": ["female", "male", ""],
        "age": ["under 30", "50 and above", ""],
    }
    asked = corpora.load("manifest", table, columns={"sex": "gender"}, groups=["room"])
    assert (
        groups_of(asked.utterances)["sex"] == ["female", "male", ""]
        and groups_of(asked.utterances)["room"] == ["1"] * 3
    )


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "room",
            "the group 'room' has one value, and nothing can be compared; expected two values or more",
        ),
        ("gendre", "says nothing of the group 'gendre'; expected one of corpus, gender, age, room. To fix: did you"),
        ("height", "To fix: let a column of a manifest have this name"),
    ],
)
def test_groups_that_show_nothing(table, name, message):
    corpus = corpora.load("manifest", table, groups=["room"])
    check_groups(corpus.utterances, ["gender", "age"])
    with pytest.raises(EmotionTFError, match=re.escape(message)):
        check_groups(corpus.utterances, [name])


@pytest.mark.data
def test_ravdess_tells_sex_by_number(real_data):
    corpus = corpora.load("ravdess", real_data / "ravdess")
    told = {utterance.speaker: dict(utterance.groups)["sex"] for utterance in corpus.utterances}
    assert told["01"] == "male" and told["24"] == "female"
    assert sorted(told.values()) == ["female"] * 12 + ["male"] * 12
