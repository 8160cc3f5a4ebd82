"""What a message of the package looks like, whatever it quotes."""

import pytest

from emotion_tf.errors import MAX_CHARACTERS, EmotionTFError


@pytest.mark.parametrize("part", ["problem", "expected", "received", "fix"])
def test_message_is_one_line_that_commands_no_terminal(part):
    parts = {"problem": "a", "expected": "b", "received": "c", "fix": "d"}
    error = EmotionTFError(**{**parts, part: "x\ny\x1b[2J\u202ez\udc80é"})
    assert str(error).isprintable()
    assert r"x\ny\x1b[2J\u202ez\udc80é" in str(error)


def test_message_of_something_long_is_short():
    error = EmotionTFError("p" * 10**6, expected="e" * 1000, received="r" * 10**6)
    assert str(error).count("p") < MAX_CHARACTERS + 10
    assert str(error).count("r") < MAX_CHARACTERS + 10
    assert "e" * 1000 in str(error)
