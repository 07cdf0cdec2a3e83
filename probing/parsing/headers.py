"""Where a table's records begin: titles above the header, and whether there is a header at all."""

from collections.abc import Sequence
from statistics import median

from probing.parsing.cells import KNOWN_NAMES, is_number, looks_like_names, normal
from probing.parsing.dialects import usual_width

_HEAD = 20
"""Records among which a header is looked for."""

Rows = Sequence[Sequence[str]]


def find_header(rows: Rows) -> tuple[int, bool]:
    """Number of records before the table (titles, comments), and whether a header comes next.

    ``rows`` are the first records, blank lines left out; at least one.
    """
    skipped = _titles(rows)
    rest = rows[skipped:]
    return skipped, _is_header(rest[0], rest[1:], skipped > 0)


def _titles(rows: Rows) -> int:
    width = usual_width([list(row) for row in rows])
    names = [len(row) == width and looks_like_names(row) for row in rows[: _HEAD + 1]]
    for i, row in enumerate(rows[:_HEAD]):
        if i + 1 == len(rows) or not _is_title(row, width, names[i], any(names[i + 1 :])):
            return i if i + 1 < len(rows) else 0
    return 0


def _is_title(row: Sequence[str], width: int, names: bool, names_later: bool) -> bool:
    """Whether a record is a title, a comment or filling: nothing a table has above its header."""
    filled = [cell for cell in row if cell.strip()]
    if names or any(normal(cell) in KNOWN_NAMES for cell in filled):
        return False
    if not filled:
        return True
    if filled[0].startswith("#") and row[0] == filled[0] and width > 1:
        return len(row) != width or len(filled) == 1
    if width > 1 and len(filled) == 1:
        return names_later or len(filled[0].split()) > 1
    return len(row) != width and names_later and not looks_like_names(row)


def _is_header(first: Sequence[str], body: Rows, titled: bool) -> bool:
    """Weigh the first record against those below it; a header where nothing speaks against one."""
    if not body:
        return not any(is_number(cell) for cell in first)
    score = 3.0 if titled else 0.5
    columns = [
        (cell, [row[i] for row in body if i < len(row) and row[i].strip()])
        for i, cell in enumerate(first)
        if cell.strip()
    ]
    repeated = sum(cell in values for cell, values in columns)
    if not repeated and any(normal(cell) in KNOWN_NAMES for cell in first):
        return all(len(cell) <= 100 for cell in first)
    return score - 2 * repeated + sum(_name_score(*column) for column in columns) > 0


def _name_score(cell: str, values: Sequence[str]) -> float:
    """How much more ``cell`` looks like a name of ``values`` (positive) than like one of them."""
    if len(cell) > 100:
        return -3
    if not any(c.isalnum() for c in cell):
        return -2
    if not values:
        return 0
    numbers = sum(map(is_number, values)) / len(values)
    if is_number(cell):
        return -1 if numbers > 0.9 else 0
    if numbers > 0.9:
        return 2
    if len(cell.split()) > 3:
        return -1.5
    usual = median(map(len, values))
    return 1 if usual >= 20 and usual > 3 * len(cell) else 0
