"""Names of emotions."""

import pytest

from emotion_tf import labels


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("angry", "angry"),
        ("ANG", "angry"),
        (" Happy\n", "happy"),
        ("exc", "excited"),
        ("joy", "happy"),
        ("neu", "neutral"),
        ("fear", "fearful"),
        ("Freude", "Freude"),
        ("生气", "生气"),
        ("", ""),
    ],
)
def test_customary(written, meant):
    assert labels.customary(written) == meant


def test_the_four_of_the_paper():
    assert tuple(sorted(labels.FOUR)) == labels.FOUR
    assert set(labels.FOUR_SET.values()) == set(labels.FOUR)
    assert labels.FOUR_SET["excited"] == "happy"
