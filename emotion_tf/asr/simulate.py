"""Transcripts as a recogniser might get them wrong, made by code."""

from collections.abc import Sequence

import numpy as np

from emotion_tf.errors import EmotionTFError


def misheard(text: str, rate: float, generator: np.random.Generator, lexicon: Sequence[str]) -> str:
    """Makes errors in a transcript: a third of them words replaced, a third words left out, a third words added.

    Each word goes wrong with the same chance. With the same state of the generator, whatever is wrong at one rate is
    wrong in the same way at every higher one.

    Args:
        text: The transcript; an empty one stays empty.
        rate: Expected number of errors a word, 0 to 1. The word error rate comes out somewhat lower, since a word left
            out beside one that was added counts as one word replaced.
        generator: Says what goes wrong.
        lexicon: The words that are heard in place of others or added. A word that stands in it more often is drawn more
            often.

    Returns:
        The words with single blanks between them.

    Raises:
        EmotionTFError: If the lexicon is empty.

    Example:

    >>> misheard("the train leaves at nine tonight", 0.5, np.random.default_rng(0), ["rain", "wine"])
    'the leaves rain at wine nine tonight'
    """
    if not lexicon:
        raise EmotionTFError("nothing can be misheard without words", expected="a lexicon of at least one word")
    words = text.split()
    wrong = generator.random(len(words)) < rate
    kinds = generator.integers(3, size=len(words))
    others = generator.integers(len(lexicon), size=len(words))
    heard = []
    for word, is_wrong, kind, other in zip(words, wrong, kinds, others, strict=True):
        replaced, left_out, followed = (is_wrong and kind == number for number in range(3))
        if not replaced and not left_out:
            heard.append(word)
        if replaced or followed:
            heard.append(lexicon[other])
    return " ".join(heard)
