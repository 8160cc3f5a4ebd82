"""Which classes are learned."""

from dataclasses import dataclass


@dataclass(frozen=True)
class LabelConfig:
    """Which classes are learned, and what else of the labels.

    Args:
        set: A named choice among the emotions of the corpus, such as `four`, or `all`. None takes the corpus's own: the
            four of the paper where the corpus has them, and every class of a manifest.
        classes: The classes in the order of all outputs; utterances of others are left out. None takes those that are
            there, in alphabetical order.
        map: Renames labels before anything else, so that several count as one: {"Freude": "happy", "exc": "happy"}.
        drop: Labels that are left out.
        votes: Learns from the shares of the raters' votes, where an utterance has any, instead of the label alone.
    """

    set: str | None = None
    classes: tuple[str, ...] | None = None
    map: dict[str, str] | None = None
    drop: tuple[str, ...] | None = None
    votes: bool = False
