"""What several comparisons share."""

from collections.abc import Sequence

import numpy as np


def holm(p_values: Sequence[float]) -> list[float]:
    """P-values corrected for their number by Holm's method, which bounds the chance of any false alarm.

    Args:
        p_values: One of each comparison.

    Returns:
        The corrected ones in the same order, at most 1.

    Example:

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]

    Reference:
        Holm, "A Simple Sequentially Rejective Multiple Test Procedure", Scandinavian Journal of Statistics 6(2), 1979.
    """
    order = np.argsort(p_values, kind="stable")
    factors = len(order) - np.arange(len(order))
    corrected = np.minimum(np.maximum.accumulate(factors * np.asarray(p_values, float)[order]), 1.0)
    found = np.empty(len(order))
    found[order] = corrected
    return [round(float(value), 12) for value in found]
