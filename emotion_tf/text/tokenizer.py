"""From a transcript to tokens."""

import re

RULES = (
    # One apostrophe instead of four, and letters without the marks that were typed after them.
    ("[‘’ʼ`]", "'"),
    ("[\u0300-\u036f]", ""),
    # Kept are Latin letters from ß on but for ÷, digits, apostrophes, and the two marks that tell of emotion.
    ("[^a-z\u00df-\u00f6\u00f8-\u024f0-9'?!]", " "),
    ("([?!])", r" \1 "),
    # "n't" is written out: every file of word vectors knows "not", and not each of them "n't", "ca" and "wo".
    (r"\bcan't\b", "can not"),
    (r"\bwon't\b", "will not"),
    (r"n't\b", " not"),
    # Other contractions are split as for GloVe. Their apostrophe is curly, hence safe, until the next rule has passed,
    # which takes all others away that do not stand within a word.
    (r"'(s|m|re|ve|ll|d)\b", r" ’\1"),
    (r"\B'|'\B", " "),
    ("’", "'"),
)
"""The tokeniser: patterns and what replaces them, one after the other, in lower-case text. Blanks then part the tokens.

The patterns mean the same to Python's `re` and to RE2, where the boundaries know the letters a to z only.
"""

_COMPILED_RULES = tuple((re.compile(pattern, re.ASCII), replacement) for pattern, replacement in RULES)


def tokenize(text: str) -> list[str]:
    """Splits an English transcript into words, contractions, question marks and exclamation marks.

    Args:
        text: The transcript, of any length.

    Returns:
        The tokens in lower case.

    Example:

    >>> tokenize("I can’t BELIEVE it's Zoë's café!!")
    ['i', 'can', 'not', 'believe', 'it', "'s", 'zoë', "'s", 'café', '!', '!']
    """
    text = text.lower()
    for pattern, replacement in _COMPILED_RULES:
        text = pattern.sub(replacement, text)
    return text.split()
