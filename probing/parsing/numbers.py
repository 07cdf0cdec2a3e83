"""A column's cells as numbers."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from probing.parsing.cells import is_number

LARGEST = 1e100
"""Numbers beyond it are refused: their squares would not be finite."""

_MARKS = ((".", ","), (",", "."))  # (decimal mark, what separates thousands), the usual one first


@dataclass(frozen=True)
class Numbers:
    """The cells of a column as numbers, all read with the same decimal mark."""

    values: tuple[float | None, ...]
    """Finite numbers; None for a cell that is none."""
    decimal: str
    """``.`` or ``,``"""

    @property
    def complete(self) -> bool:
        """Whether every cell is a number."""
        return None not in self.values


def read_numbers(cells: Sequence[str]) -> Numbers:
    """Each cell as a number, or None.

    Numbers are what ``is_number`` says, with thousands in groups of three and a single decimal
    mark: the point, or the comma where more of the column can be read so (``3,5`` and ``1.234,5``;
    ``1,234`` alone is a thousand). A per cent sign divides by 100.
    """
    read = [Numbers(tuple(_number(cell, *marks) for cell in cells), marks[0]) for marks in _MARKS]
    return min(read, key=lambda numbers: numbers.values.count(None))


def _number(cell: str, decimal: str, thousands: str) -> float | None:
    found = _PATTERNS[decimal].fullmatch(cell) if is_number(cell) else None
    if found is None:
        return None
    plain = found[1].replace(thousands, "").replace(decimal, ".")
    value = float(plain) / (100 if found[2] else 1)
    return value if math.isfinite(value) and abs(value) <= LARGEST else None


def _pattern(decimal: str, thousands: str) -> re.Pattern[str]:
    whole = rf"(?:[1-9]\d{{0,2}}(?:[{thousands}]\d{{3}})+|\d+)?"
    return re.compile(rf"\s*([-+]?{whole}(?:[{decimal}]\d*)?(?:[eE][-+]?\d+)?)\s*(%?)\s*")


_PATTERNS = {decimal: _pattern(decimal, thousands) for decimal, thousands in _MARKS}
