"""From a transcript to tokens, by steps that mean the same in Python, in the graph and in JavaScript."""

import re
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

from emotion_tf.errors import EmotionTFError
from emotion_tf.text.characters import SPACELESS, SPACELESS_MARKS, WORD
from emotion_tf.utils.files import read_json, write_json

Step = tuple[str, ...]
"""`("replace", pattern, replacement)`, `("normalize", "NFKC")` or `("lowercase",)`."""

STEPS: tuple[Step, ...] = (
    # Lower-casing in TensorFlow takes a NUL for the end of the text.
    ("replace", "\0", " "),
    # One apostrophe instead of many. Normalisation would make a blank and a mark of some of them.
    ("replace", "[´`‘’‛′ʹʻʼˈ΄᾽᾿´＇]", "'"),
    # Characters without a width of their own, such as the soft hyphen and what chooses the form of an emoji.
    ("replace", "[\u00ad\u200c\u200d\u2060\ufeff\ufe00-\ufe0f\U000e0100-\U000e01ef]", ""),
    # Capital letters of Unicode 14, all historic or rare: not every library knows their small form yet.
    ("replace", "[\u2c2f\ua7c0\ua7d0\ua7d6\ua7d8\U00010570-\U00010595]", " "),
    # Letters and their marks in one character where there is one, full-width letters as letters, ligatures apart.
    ("normalize", "NFKC"),
    ("lowercase",),
    # Marks for which no letter with a mark exists, such as the stress marks of Russian.
    ("replace", "[\u0300-\u036f]", ""),
    ("replace", "\u061f", "?"),
    # Kept are letters and digits of every script, apostrophes, and the two marks that tell of emotion.
    ("replace", f"[^{WORD}'?!]", " "),
    ("replace", "([?!])", r" \1 "),
    # Where no spaces part words, each character is a token.
    ("replace", f"([{SPACELESS}][{SPACELESS_MARKS}]*)", r" \1 "),
    # "n't" is written out: every file of word vectors knows "not", and not each of them "n't", "ca" and "wo".
    ("replace", r"\bcan't\b", "can not"),
    ("replace", r"\bwon't\b", "will not"),
    ("replace", r"n't\b", " not"),
    # Other contractions are split as for GloVe. Their apostrophe is curly, hence safe, until all others are taken away
    # that do not stand within a word. A letter may stand between two apostrophes, hence the second time.
    ("replace", r"'(s|m|re|ve|ll|d)\b", r" ’\1"),
    ("replace", f"([{WORD}])'([{WORD}])", r"\1’\2"),
    ("replace", f"([{WORD}])'([{WORD}])", r"\1’\2"),
    ("replace", "'", " "),
    ("replace", "’", "'"),
)
"""The tokeniser: what is done to a text, one after the other. Blanks then part the tokens.

The patterns mean the same to Python's `re`, to RE2 and to JavaScript, where the boundary `\\b` knows the letters a to z
only. A group in a replacement is `\\1`.
"""

FILE = "tokenizer.json"


def _function(step: Step) -> Callable[[str], str]:
    """What does a step."""
    if step[0] == "replace":
        pattern = re.compile(step[1], re.ASCII)
        return lambda text: pattern.sub(step[2], text)
    if step[0] == "normalize":
        return lambda text: unicodedata.normalize("NFKC", text)
    return str.lower


_FUNCTIONS = tuple(map(_function, STEPS))


def tokenize(text: str) -> list[str]:
    """Splits a transcript into words, contractions, question marks and exclamation marks.

    Words of languages that are written without spaces, such as Chinese, Japanese and Thai, are split into characters.

    Args:
        text: The transcript, of any length and in any script.

    Returns:
        The tokens in lower case.

    Example:

    >>> tokenize("I can’t BELIEVE it's Zoë's café!!")
    ['i', 'can', 'not', 'believe', 'it', "'s", 'zoë', "'s", 'café', '!', '!']
    >>> tokenize("Я злюсь! 我很生气")
    ['я', 'злюсь', '!', '我', '很', '生', '气']
    """
    for function in _FUNCTIONS:
        text = function(text)
    return text.split()


def tokenizer_rules() -> dict[str, Any]:
    """The tokeniser as other programs read it, the content of `tokenizer.json`.

    Example:

    >>> rules = tokenizer_rules()
    >>> rules["steps"][4:6], rules["then"]
    ([['normalize', 'NFKC'], ['lowercase']], 'split at blanks')
    """
    return {"steps": [list(step) for step in STEPS], "then": "split at blanks"}


def save_tokenizer(folder: str | Path) -> None:
    """Writes `tokenizer.json` into a folder."""
    write_json(Path(folder) / FILE, tokenizer_rules())


def check_tokenizer(folder: str | Path) -> None:
    """Checks the `tokenizer.json` of a folder, if it has one.

    Raises:
        EmotionTFError: If it holds other rules, which would give other words than those that the model knows.
    """
    path = Path(folder) / FILE
    if path.exists():
        check_rules(read_json(path), str(path))


def check_rules(rules: Any, name: str) -> None:
    """Checks the content of a `tokenizer.json`.

    Args:
        rules: The content.
        name: How the error calls it.

    Raises:
        EmotionTFError: If it is not `tokenizer_rules()`, so that it would give other words than those that the model
            knows.
    """
    if rules != tokenizer_rules():
        raise EmotionTFError(
            f"{name} holds other rules than those of this release",
            expected="the tokeniser with which the model was trained",
            fix="use the release that made it, or train and export again",
        )
