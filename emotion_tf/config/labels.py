"""Which classes are learned."""

from dataclasses import dataclass
from typing import Annotated

from emotion_tf.config.ranges import Range


@dataclass(frozen=True)
class LabelConfig:
    """Which classes are learned, and what else of the labels.

    Args:
        set: A named choice among the emotions of the corpus, such as `four`, or `all`. None takes the corpus's own: the
            four of the paper where the corpus has them, and every class of a manifest.
        classes: The classes in the order of all outputs; utterances of others are left out. None takes those that are
            there, in alphabetical order. An empty list learns no classes, but the dimensions alone, as does None where
            no utterance has a label.
        map: Renames labels before anything else, so that several count as one: {"Freude": "happy", "exc": "happy"}.
        drop: Labels that are left out.
        votes: Learns from the shares of the raters' votes, where an utterance has any, instead of the label alone.
        dimensions: Ratings that are learned beside the classes, or alone, such as arousal and valence: columns of a
            manifest, or what the corpus has.
        ranges: The lowest and the highest value of a dimension: {"arousal": [1, 7]}. For those that are not named, the
            corpus says it, else they are the lowest and the highest rating of the training part.
    """

    set: str | None = None
    classes: Annotated[tuple[str, ...], Range(least=0)] | None = None
    map: dict[str, str] | None = None
    drop: tuple[str, ...] | None = None
    votes: bool = False
    dimensions: tuple[str, ...] | None = None
    ranges: dict[str, tuple[float, ...]] | None = None

    @property
    def scales(self) -> dict[str, tuple[float, float]]:
        """The range of each dimension that is learned, in their order; those that nobody has said yet are missing.

        >>> LabelConfig(dimensions=("arousal",), ranges={"arousal": (1.0, 7.0)}).scales
        {'arousal': (1.0, 7.0)}
        """
        ranges = self.ranges or {}
        return {name: (ranges[name][0], ranges[name][1]) for name in self.dimensions or () if name in ranges}
