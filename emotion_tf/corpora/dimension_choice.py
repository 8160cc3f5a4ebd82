"""Which of the ratings of a corpus are learned, by the setting `labels.dimensions`."""

import dataclasses
import logging
import math
from collections.abc import Mapping, Sequence

from emotion_tf.config import LabelConfig
from emotion_tf.corpora.corpus import Corpus
from emotion_tf.corpora.utterance import Utterance
from emotion_tf.errors import EmotionTFError, did_you_mean

_LOG = logging.getLogger(__name__)


def choose_dimensions(
    corpus: Corpus, settings: LabelConfig, utterances: Sequence[Utterance]
) -> tuple[Mapping[str, tuple[float, float] | None], list[Utterance]]:
    """Keeps the ratings of the dimensions that are learned, in their order; without any, all is left as it is.

    Ratings that are missing are counted and logged.

    Args:
        corpus: The corpus.
        settings: The settings `labels`.
        utterances: Those of its utterances that are left.

    Returns:
        The dimensions with their ranges, None where neither the settings nor the corpus say one; and the utterances.

    Raises:
        EmotionTFError: If the corpus has no such ratings, or some are outside their range.
    """
    if not settings.dimensions:
        return corpus.dimensions, list(utterances)
    places = [_place(corpus, name) for name in settings.dimensions]
    found = [
        dataclasses.replace(utterance, ratings=tuple(utterance.ratings[place] for place in places))
        for utterance in utterances
    ]
    said = {name: settings.scales.get(name, corpus.dimensions[name]) for name in settings.dimensions}
    for place, (name, ends) in enumerate(said.items()):
        _check(corpus, name, ends, [(utterance.id, utterance.ratings[place]) for utterance in found])
    return said, found


def _place(corpus: Corpus, name: str) -> int:
    """Where the ratings of a dimension are among those of an utterance."""
    there = list(corpus.dimensions)
    if name not in there:
        raise EmotionTFError(
            f"labels.dimensions names {name!r}, which the corpus {corpus.name} does not rate",
            expected=f"one of {', '.join(there)}" if there else "a corpus with ratings",
            fix=did_you_mean(name, there)
            or ("name the column in load(dimensions=...), or with --columns" if corpus.name == "manifest" else ""),
        )
    return there.index(name)


def _check(corpus: Corpus, name: str, ends: tuple[float, float] | None, ratings: Sequence[tuple[str, float]]) -> None:
    """Refuses ratings outside their range, and a dimension without ratings; says how many are missing."""
    rated = [(id_, rating) for id_, rating in ratings if not math.isnan(rating)]
    if not rated:
        raise EmotionTFError(f"none of the {len(ratings)} utterances of {corpus.name} has a rating of {name}")
    if ends is None:
        range_ = "its range is that of the training part"
    else:
        outside = [(id_, rating) for id_, rating in rated if not ends[0] <= rating <= ends[1]]
        if outside:
            raise EmotionTFError(
                f"{len(outside)} of {len(ratings)} ratings of {name} are outside their range",
                expected=f"{ends[0]:g} to {ends[1]:g}",
                received=f"{outside[0][1]:g} for {outside[0][0]}",
                fix="correct the rows, or set labels.ranges",
            )
        range_ = f"its range is {ends[0]:g} to {ends[1]:g}"
    _LOG.info("dimension %s: %d of %d utterances are rated; %s", name, len(rated), len(ratings), range_)
    if len(rated) < len(ratings):
        _LOG.warning("%d of %d utterances have no rating of %s", len(ratings) - len(rated), len(ratings), name)
