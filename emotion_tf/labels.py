"""The four emotions, in the order of every probability column, and the names that corpora give them."""

from emotion_tf.errors import EmotionTFError

EMOTIONS = ("angry", "happy", "neutral", "sad")
"""Class names in class order, which is alphabetical: class index 0 is angry."""

MERGES = {
    "anger": "angry",
    "ang": "angry",
    "excited": "happy",
    "exc": "happy",
    "excitement": "happy",
    "happiness": "happy",
    "hap": "happy",
    "joy": "happy",
    "neu": "neutral",
    "sadness": "sad",
}
"""Other names for the four emotions. IEMOCAP's custom of counting excited as happy is among them."""


def canonical(name: str) -> str | None:
    """The emotion that `name` means, or None if it is none of the four.

    Args:
        name: A label as a corpus writes it, in any case.

    Example:

    >>> canonical("Excited"), canonical("fearful")
    ('happy', None)
    """
    name = name.strip().lower()
    name = MERGES.get(name, name)
    # The one text for each emotion, of which a corpus would otherwise hold as many as utterances.
    return EMOTIONS[EMOTIONS.index(name)] if name in EMOTIONS else None


def index(name: str) -> int:
    """The class index of an emotion, 0 to 3.

    Raises:
        EmotionTFError: If `name` is none of `EMOTIONS`.
    """
    if name not in EMOTIONS:
        raise EmotionTFError("unknown emotion", expected=f"one of {', '.join(EMOTIONS)}", received=repr(name))
    return EMOTIONS.index(name)
