import pytest

from emotion_tf import labels
from emotion_tf.errors import EmotionTFError


def test_class_order_is_alphabetical():
    assert labels.EMOTIONS == ("angry", "happy", "neutral", "sad")
    assert [labels.index(name) for name in ("angry", "happy", "neutral", "sad")] == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("angry", "angry"),
        ("ANG", "angry"),
        ("anger", "angry"),
        (" Happy\n", "happy"),
        ("exc", "happy"),
        ("excited", "happy"),
        ("joy", "happy"),
        ("Neutral", "neutral"),
        ("neu", "neutral"),
        ("sadness", "sad"),
        ("calm", None),
        ("fear", None),
        ("", None),
    ],
)
def test_canonical(written, meant):
    assert labels.canonical(written) == meant


def test_every_merge_leads_to_an_emotion():
    assert set(labels.MERGES.values()) <= set(labels.EMOTIONS)
    assert all(labels.canonical(name) for name in labels.MERGES)


@pytest.mark.parametrize("name", ["bored", "Angry", ""])
def test_index_of_no_emotion(name):
    with pytest.raises(EmotionTFError, match="unknown emotion; expected one of angry, happy, neutral, sad, received"):
        labels.index(name)
