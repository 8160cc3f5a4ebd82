"""What raters said of an utterance: how many of them, or which share, chose each emotion."""

import json
import math
import sys
from collections.abc import Mapping
from typing import Any

from emotion_tf.errors import EmotionTFError
from emotion_tf.utils.files import parse_json

Votes = tuple[tuple[str, float], ...]


def parse_votes(cell: Any, columns: Mapping[str, str], where: str) -> Votes:
    """The votes of one row of a table.

    Args:
        cell: The cell `votes`: JSON such as {"angry": 3, "sad": 1}, or what it means; "" where there is none.
        columns: The cells of columns such as `votes:angry`, by their emotion.
        where: File and line, for messages.

    Returns:
        Pairs of an emotion and its number, those of zero left out.

    Raises:
        EmotionTFError: If it is no such object, or a number is negative or none.

    Example:

    >>> parse_votes('{"angry": 3, "sad": 0}', {}, "line 2")
    (('angry', 3.0),)
    """
    found = cell
    if isinstance(cell, str):
        try:
            found = parse_json(cell) if cell.strip() else {}
        except json.JSONDecodeError:
            found = None
    if not isinstance(found, dict):
        raise EmotionTFError(f"{where}: wrong votes", expected='such as {"angry": 3, "sad": 1}', received=repr(cell))
    votes = []
    for name, value in [*found.items(), *((name, value.strip() or "0") for name, value in columns.items())]:
        try:
            number = math.nan if isinstance(value, bool) else float(value)
        except (TypeError, ValueError, OverflowError):
            number = math.nan
        if not 0 <= number < math.inf:
            raise EmotionTFError(
                f"{where}: wrong votes of {name}", expected="a number, 0 or more", received=repr(value)
            )
        if number:
            votes.append((sys.intern(name.strip()), number))
    return tuple(votes)


def majority(votes: Votes) -> str:
    """The emotion that most raters chose; "" where there are no votes or two share the first place.

    Example:

    >>> majority((("angry", 3.0), ("sad", 1.0))), majority((("angry", 2.0), ("sad", 2.0)))
    ('angry', '')
    """
    most = max((number for _, number in votes), default=0.0)
    first = [name for name, number in votes if number == most]
    return first[0] if len(first) == 1 else ""
