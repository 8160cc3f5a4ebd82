"""Names of emotions: customary spellings, and the sets of classes that papers use."""

from collections.abc import Mapping

FOUR = ("angry", "happy", "neutral", "sad")
"""The four classes of the paper, and of most papers on IEMOCAP."""

CUSTOMARY_NAMES: Mapping[str, str] = {
    "ang": "angry",
    "anger": "angry",
    "bor": "bored",
    "boredom": "bored",
    "dis": "disgust",
    "disgusted": "disgust",
    "exc": "excited",
    "excitement": "excited",
    "fea": "fearful",
    "fear": "fearful",
    "fru": "frustrated",
    "frustration": "frustrated",
    "hap": "happy",
    "happiness": "happy",
    "joy": "happy",
    "neu": "neutral",
    "oth": "other",
    "sadness": "sad",
    "sur": "surprised",
    "surprise": "surprised",
}
"""Other spellings of emotions that corpora use, each with the name that the readers of this package give."""


def customary(name: str) -> str:
    """The customary name of an emotion; names that are not known stay as they are.

    Args:
        name: A label as a corpus writes it, in any case.

    Example:

    >>> customary("Anger"), customary("exc"), customary(" Freude ")
    ('angry', 'excited', 'Freude')
    """
    name = name.strip()
    lower = name.casefold()
    return CUSTOMARY_NAMES.get(lower, lower if lower in CUSTOMARY_NAMES.values() else name)


def label_set(*classes: str, **merged: str) -> dict[str, str]:
    """A named set of classes: emotion to class. What is not in it is left out.

    Args:
        *classes: The classes, each of which is an emotion too.
        **merged: Further emotions, each with the class that it counts as.

    Example:

    >>> label_set("happy", "sad", excited="happy")
    {'happy': 'happy', 'sad': 'sad', 'excited': 'happy'}
    """
    return {**{name: name for name in classes}, **merged}


FOUR_SET = label_set(*FOUR, excited="happy")
"""The set `four`. That excited counts as happy is the custom of papers on IEMOCAP."""
