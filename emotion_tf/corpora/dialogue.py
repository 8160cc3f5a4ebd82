"""Which turns stand before an utterance in its dialogue."""

import dataclasses
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from emotion_tf.corpora.utterance import Utterance
from emotion_tf.text.dialogue import MOST_TURNS, Turn


def with_dialogues(
    utterances: Sequence[Utterance], dialogues: Sequence[Hashable | None], order: Sequence[Any]
) -> list[Utterance]:
    """The utterances with the turns before them.

    Args:
        utterances: The utterances.
        dialogues: In which dialogue each stands; None for one that stands in none. Nothing is read across dialogues.
        order: What sorts the turns of a dialogue; those that are alike keep their order.

    Returns:
        The utterances in their order. Who has no name is nobody's same speaker.

    Example:

    >>> asked = Utterance("1", None, 0.0, None, "Shall we?", "neutral", "ann")
    >>> said = Utterance("2", None, 0.0, None, "Yes!", "happy", "ben")
    >>> with_dialogues([asked, said], ["a", "a"], [1, 2])[1].context
    (Turn(text='Shall we?', same_speaker=False, id='1'),)
    >>> with_dialogues([asked, said], ["a", "b"], [1, 2])[1].context
    ()
    """
    found = list(utterances)
    places: dict[Hashable, list[int]] = {}
    for place, dialogue in enumerate(dialogues):
        if dialogue is not None:
            places.setdefault(dialogue, []).append(place)
    for turns in places.values():
        turns.sort(key=lambda place: order[place])
        said = [(Turn(u.text, False, u.id), Turn(u.text, True, u.id)) for u in (utterances[place] for place in turns)]
        for number, place in enumerate(turns):
            speaker, first = utterances[place].speaker, max(0, number - MOST_TURNS)
            context = tuple(
                said[before][bool(speaker) and utterances[turns[before]].speaker == speaker]
                for before in range(first, number)
            )
            found[place] = dataclasses.replace(utterances[place], context=context)
    return found


def reworded(utterance: Utterance, texts: Mapping[str, str], keep_others: bool) -> Utterance:
    """An utterance with other transcripts, its own and those of the turns before it.

    Args:
        utterance: The utterance.
        texts: The transcripts, by utterance id.
        keep_others: Whether a turn that has none, such as one whose label was left out, keeps its text; otherwise it is
            left out.
    """
    context = tuple(
        dataclasses.replace(turn, text=texts.get(turn.id, turn.text))
        for turn in utterance.context
        if keep_others or turn.id in texts
    )
    return dataclasses.replace(utterance, text=texts[utterance.id], context=context)
