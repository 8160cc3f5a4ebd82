"""The one exception that a user's mistake raises; the command line prints it as a single line."""


class EmotionTFError(ValueError):
    """Says what is wrong, what was expected, what was received and how to mend it.

    Args:
        problem: What is wrong, with the file and row where there are such.
        expected: What would have been right.
        received: What was there instead.
        fix: What the user can do about it.

    Example:

    >>> print(EmotionTFError("no such emotion", expected="angry or sad", received="'bored'", fix="merge the label"))
    no such emotion; expected angry or sad, received 'bored'. To fix: merge the label
    """

    def __init__(self, problem: str, *, expected: str = "", received: str = "", fix: str = ""):
        details = []
        if expected:
            details.append(f"expected {expected}")
        if received:
            details.append(f"received {received}")
        message = problem + ("; " + ", ".join(details) if details else "")
        if fix:
            message += f". To fix: {fix}"
        super().__init__(message)
