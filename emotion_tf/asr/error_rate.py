"""The word error rate of a recogniser."""

import re
from collections.abc import Sequence
from typing import Any

from emotion_tf.errors import EmotionTFError


def normalize(text: str) -> str:
    """Brings a transcript to the form in which words are compared.

    Letters become lower case and curly apostrophes straight; apostrophes within words stay, and every other sign that
    is neither letter nor digit parts words as a blank does. Numbers are left as they are written.

    Args:
        text: The transcript.

    Returns:
        The words with single blanks between them.

    Example:

    >>> normalize("“Don’t shout” -  I'm not deaf!")
    "don't shout i'm not deaf"
    """
    text = re.sub("[‘’]", "'", text.lower())
    return " ".join(re.sub(r"\B'|'\B|[^\w']|_", " ", text).split())


def word_error_rate(references: Sequence[str], hypotheses: Sequence[str]) -> dict[str, Any]:
    """Compares what was understood with what was said, after `normalize`.

    Args:
        references: What was said. Where one is empty, all that was understood is inserted.
        hypotheses: What was understood, one for each reference.

    Returns:
        `wer`, the errors of all pairs over the words of all references; `substitutions`, `deletions` and `insertions`,
        the errors; `words`, those of the references.

    Raises:
        EmotionTFError: If jiwer is not installed, there are more texts on one side, or no reference holds a word.

    Example:

    >>> word_error_rate(["It's over.", "Go now!"], ["its over", "go"])
    {'wer': 0.5, 'substitutions': 1, 'deletions': 1, 'insertions': 0, 'words': 4}

    Reference:
        Morris, Maier, Green, "From WER and RIL to MER and WIL: improved evaluation measures for connected speech
        recognition", Interspeech 2004.
    """
    try:
        import jiwer
    except ImportError:
        raise EmotionTFError(
            "the word error rate needs jiwer, which is not installed", fix="pip install 'emotion-tf[asr]'"
        ) from None
    if len(references) != len(hypotheses):
        raise EmotionTFError(
            "the word error rate compares pairs",
            expected=f"{len(references)} hypotheses, as many as references",
            received=f"{len(hypotheses)}",
        )
    output = jiwer.process_words([normalize(text) for text in references], [normalize(text) for text in hypotheses])
    words = output.hits + output.substitutions + output.deletions
    if not words:
        raise EmotionTFError("there is no word error rate without words", expected="a word in at least one reference")
    return {
        "wer": output.wer,
        "substitutions": output.substitutions,
        "deletions": output.deletions,
        "insertions": output.insertions,
        "words": words,
    }
