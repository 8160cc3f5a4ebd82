"""Arrays of rows that differ in length."""

from collections.abc import Sequence

import numpy as np


def pad_rows(rows: Sequence[np.ndarray]) -> np.ndarray:
    """Puts rows of different lengths into one array, with zeros behind the shorter ones.

    Args:
        rows: One or more arrays (N,) of one type.

    Returns:
        (B, N) with the length N of the longest, and of at least one.

    Example:

    >>> pad_rows([np.array([1, 2, 3]), np.array([4])])
    array([[1, 2, 3],
           [4, 0, 0]])
    """
    batch = np.zeros((len(rows), max(1, *map(len, rows))), rows[0].dtype)
    for values, row in zip(batch, rows, strict=True):
        values[: len(row)] = row
    return batch
