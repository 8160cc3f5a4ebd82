"""The one exception that a user's mistake raises; the command line prints it as a single line."""

import difflib
from collections.abc import Iterable

MAX_CHARACTERS = 500
"""Longest problem and longest received value: what a broken file holds may be of any length."""


class EmotionTFError(ValueError):
    """Says what is wrong, what was expected, what was received and how to mend it.

    Args:
        problem: What is wrong, with the file and row where there are such.
        expected: What would have been right.
        received: What was there instead.
        fix: What the user can do about it.

    Example:

    >>> print(EmotionTFError("no such emotion", expected="angry or sad", received="'bored'", fix="merge the label"))
    no such emotion; expected angry or sad, received 'bored'. To fix: merge the label
    >>> print(EmotionTFError("no such file: a\\nb.wav"))
    no such file: a\\nb.wav
    """

    def __init__(self, problem: str, *, expected: str = "", received: str = "", fix: str = ""):
        details = []
        if expected:
            details.append(f"expected {expected}")
        if received:
            details.append(f"received {_clipped(received)}")
        message = _clipped(problem) + ("; " + ", ".join(details) if details else "")
        if fix:
            message += f". To fix: {fix}"
        super().__init__(_one_line(message))


def did_you_mean(name: str, names: Iterable[str], otherwise: str = "") -> str:
    """What to say to somebody who mistyped a name.

    Args:
        name: What was typed.
        names: The names that there are.
        otherwise: What to say where none of them is like it.

    Example:

    >>> did_you_mean("papr", ["paper", "strong"])
    "did you mean 'paper'?"
    """
    nearest = difflib.get_close_matches(name, names, n=1)
    return f"did you mean {nearest[0]!r}?" if nearest else otherwise


def _clipped(text: str) -> str:
    return text if len(text) <= MAX_CHARACTERS else f"{text[:MAX_CHARACTERS]}…"


def _one_line(text: str) -> str:
    """A text that may quote a file, without line breaks and whatever else would command a terminal."""
    return text if text.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
