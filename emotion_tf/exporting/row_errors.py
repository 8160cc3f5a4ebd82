"""Errors of single rows, so that what one client of a server sends cannot fail the answer of another."""

import tensorflow as tf

Check = tuple[tf.Tensor, str | tf.Tensor]
"""Where a check holds (B,) bool, and its message: a text, or (B,) strings. Scalars serve as well."""


def first_failure(*checks: Check) -> tf.Tensor:
    """The message of the first check that fails, row by row.

    Args:
        *checks: The checks, at least one.

    Returns:
        (B,) strings, "" where all checks hold.

    Example:

    >>> numbers = tf.constant([1.0, -2.0, float("nan")])
    >>> first_failure((tf.math.is_finite(numbers), "not finite"), (numbers > 0, "not positive")).numpy().tolist()
    [b'', b'not positive', b'not finite']
    """
    errors = tf.zeros_like(checks[0][0], tf.string)
    for holds, message in reversed(checks):
        errors = tf.where(holds, errors, message)
    return errors
