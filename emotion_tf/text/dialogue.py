"""Turns before the present one, in the transcript that a network reads."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from emotion_tf.text.tokenizer import tokenize

SAME_SPEAKER, OTHER_SPEAKER = MARKS = ("xxsame", "xxother")
"""Words that stand before an earlier turn, and say who speaks it. They are made of letters, so that every tokeniser
that works by `tokenizer.json` carries them, and no language has them."""

MOST_TURNS = 16
"""Earlier turns that an utterance carries at most."""

_MARK = re.compile(rf"\b(?:{'|'.join(MARKS)})\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Turn:
    """An earlier turn of the dialogue in which an utterance stands.

    Args:
        text: What was said.
        same_speaker: Whether who speaks the utterance spoke this turn too.
        id: The id of its own utterance, "" where it has none.
    """

    text: str
    same_speaker: bool = False
    id: str = ""


def with_context(text: str, context: Sequence[Turn], turns: int) -> str:
    """The transcript of an utterance and of the turns before it, as a network reads it.

    The present turn stands first, and behind it the earlier ones, the nearest first, each behind its mark. So where a
    transcript is cut, what was said first is left out first; and a transcript without a mark is one without context.

    Args:
        text: What is said in the present turn. If there is no word in it, no earlier turn is read either.
        context: The earlier turns, in the order in which they were spoken. Those without a word are passed over, and
            marks that stand in a text are taken out.
        turns: How many of them are read at most, the last ones.

    Returns:
        The transcript, with marks if an earlier turn is read.

    Example:

    >>> with_context("Yes!", [Turn("Shall we go?"), Turn("Hm.", same_speaker=True), Turn("So?")], turns=2)
    'Yes! xxother So? xxsame Hm.'
    >>> with_context("Yes!", [], turns=2)
    'Yes!'
    """
    if not turns or not context or not tokenize(text):
        return text
    said = [turn for turn in context if tokenize(turn.text)][-turns:]
    parts = [_MARK.sub(" ", text)]
    for turn in reversed(said):
        parts += [SAME_SPEAKER if turn.same_speaker else OTHER_SPEAKER, _MARK.sub(" ", turn.text)]
    return " ".join(parts)
