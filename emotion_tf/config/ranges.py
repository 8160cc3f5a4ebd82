"""Ranges of numbers, which the annotation of a setting names."""

from dataclasses import dataclass
from typing import Annotated

LARGEST = 1e12
"""No setting is larger: what is computed from several of them has to be a number too."""


@dataclass(frozen=True)
class Range:
    """A range of numbers, all of them finite.

    Args:
        least: The least of them.
        below: A bound that is not one of them; None for `LARGEST`, which is.
        above: A lower bound that is not one of them, in place of `least`.

    Example:

    >>> str(Range(least=0, below=1)), 1.0 in Range(least=0, below=1)
    ('from 0 to less than 1', False)
    """

    least: float | None = None
    below: float | None = None
    above: float | None = None

    def __contains__(self, number: float) -> bool:
        # A comparison with what is not a number never holds.
        low = number > self.above if self.above is not None else self.least is None or number >= self.least
        return low and (number <= LARGEST if self.below is None else number < self.below)

    def __str__(self) -> str:
        least = None if self.least is None else f"{self.least:g}"
        if self.below is not None:
            return f"from {least} to less than {self.below:.10g}"
        if self.above is not None:
            return "more than zero" if self.above == 0 else f"more than {self.above:g}"
        return "zero or more" if self.least == 0 else f"at least {least}"


POSITIVE = Range(above=0)
"""The range of a number whose annotation names none."""

Share = Annotated[float, Range(least=0, below=1)]
NotNegative = Annotated[float, Range(least=0)]
Count = Annotated[int, Range(least=0)]
Seed = Annotated[int, Range(least=0, below=2**32)]
