"""How a text table is written: its delimiter and quoting, found out by trying."""

import csv
import re
from collections import Counter
from dataclasses import dataclass, replace
from itertools import islice

from probing.parsing.cells import KNOWN_NAMES, is_index, looks_like_names, normal
from probing.parsing.records import Dialect, Unterminated, records

SAMPLE_CHARS = 65_536
"""Characters by which a dialect is first judged."""
_SAMPLE_RECORDS = 1_000
_MOST_FIELDS = 500_000
"""Fields (blank lines included) by which a dialect is judged at most: a dozen dialects are tried,
and of 50 MB of delimiters or line ends each would take half a minute and a gigabyte."""
_HEAD = 20
"""Records among which a header may be preceded by titles and comments."""


def detect(text: str, delimiters: str = "\t|;,") -> Dialect:
    """The dialect that reads ``text`` with the most even records.

    Looks at the first 64,000 characters, or at all of them (up to 500,000 fields) where a single
    delimiter (or ``""``, none) is given, which then is not doubted. Ties go to the
    delimiter that is rarer in prose (tab, pipe, semicolon, comma). A single column is what remains
    where no delimiter fits. Raises ``Unterminated`` where the text ends inside quotes.
    """
    sure = len(delimiters) <= 1
    whole = sure or len(text) <= SAMPLE_CHARS
    sample = text if whole else text[:SAMPLE_CHARS]
    found = [_best(sample, delimiter, whole, sure) for delimiter in delimiters]
    trials = [trial for trial in found if trial is not None]
    best = max(trials, key=lambda trial: (*trial.rank, -trial.oddity), default=None)
    if best is None:
        best = _best(sample, "", whole, sure=True)
    if best is None or best.unterminated:
        raise Unterminated(best.unterminated if best else 1)
    return best.dialect


def _best(sample: str, delimiter: str, whole: bool, sure: bool) -> "_Trial | None":
    """The best reading with ``delimiter``; None where none is possible or, if not ``sure``, none
    is plausible."""
    trials = [_try(sample, dialect, whole) for dialect in _variants(sample, delimiter)]
    fitting = (trial for trial in trials if trial and (sure or _plausible(trial.rows)))
    return max(fitting, key=lambda trial: trial.rank, default=None)


@dataclass(frozen=True)
class _Trial:
    """How a dialect reads a sample."""

    dialect: Dialect
    rows: list[list[str]]
    unterminated: int = 0
    """1-based line of a record that never ends, or 0."""

    @property
    def rank(self) -> tuple[float, bool, bool]:
        """Share of records with the usual number of fields, whether all of them end, and whether
        the quoting keeps the rules."""
        regular = bool(self.dialect.quote) and not self.dialect.stray
        return even(self.rows), not self.unterminated, regular

    @property
    def oddity(self) -> int:
        """How rare such a dialect is: of two delimiters that fit, the plainer is meant."""
        odd = self.dialect
        return odd.escape + odd.returns + 2 * odd.stray + 3 * (not odd.quote)


def _try(sample: str, dialect: Dialect, whole: bool) -> _Trial | None:
    """The records of the sample that are not blank; None where the dialect's rules are broken.

    Where the sample is cut, the last record is left out and may lack its closing quote.
    """
    rows: list[list[str]] = []
    unterminated = seen = 0
    try:
        for _, fields in islice(records(sample, dialect), None if whole else _SAMPLE_RECORDS):
            if len(fields) > 1 or any(field.strip() for field in fields):
                rows.append(fields)
            seen += len(fields) or 1
            if seen > _MOST_FIELDS:
                break
        if not whole and len(rows) > 1:
            rows.pop()
    except csv.Error:
        return None
    except Unterminated as error:
        unterminated = error.line if whole else 0
    if not dialect.quote and (not rows or even(rows) < 1 or _shows_quoting(rows)):
        return None
    return _Trial(dialect, rows, unterminated)


def even(rows: list[list[str]]) -> float:
    """Share of records with the usual number of fields, 0 … 1."""
    width = usual_width(rows)
    return sum(len(row) == width for row in rows) / len(rows) if rows else 0.0


def usual_width(rows: list[list[str]]) -> int:
    """The most frequent number of fields; on a tie the first record's, else the larger."""
    counts = Counter(len(row) for row in rows)
    return max(counts, key=lambda w: (counts[w], w == len(rows[0]), w), default=0)


def _shows_quoting(rows: list[list[str]]) -> bool:
    """Whether a field is in quotes, or the last record opens one: a file that was cut off."""
    quoted = any(len(cell) > 1 and cell[0] == cell[-1] == '"' for row in rows for cell in row)
    return quoted or any(cell.startswith('"') for cell in rows[-1])


def _plausible(rows: list[list[str]]) -> bool:
    """Whether a delimiter divides these records, or merely occurs in a single column of prose."""
    width, share = usual_width(rows), even(rows)
    if width < 2 or share == 1:
        return width > 1
    after = [field for row in rows for field in row[1:]]
    prose = sum(field.startswith(" ") for field in after) > len(after) / 2
    if len(rows[0]) > 1:
        names = looks_like_names(rows[0]) and not any(cell[0] == " " for cell in rows[0])
        return names or not prose or share > 0.9
    # The first record is undivided: a title or comment, or R's header above one column.
    if all(len(row) == 2 for row in rows[1:]) and is_index([row[0] for row in rows[1:]]):
        return True
    first = next(i for i, row in enumerate(rows) if len(row) > 1)
    rest = rows[first:]
    return (
        not prose
        and first < _HEAD
        and normal(rows[0][0]) not in KNOWN_NAMES
        and looks_like_names(rest[0])
        and sum(len(row) == width for row in rest) > 0.9 * len(rest)
    )


def _variants(sample: str, delimiter: str) -> list[Dialect]:
    """The dialects worth trying, the likelier first, by what the sample shows."""
    plain = Dialect(delimiter)
    escaped_delimiter = re.escape(delimiter) if delimiter else "(?!)"
    # In a regular table double quotes only occur around fields: take those away.
    bare = re.sub(r'"[^"]*+(?:""[^"]*+)*+"', '"', sample)
    likely, unlikely = [plain], list[Dialect]()
    if delimiter and "'" in sample:
        certain = _single_quoted(sample, escaped_delimiter)
        (likely if certain else unlikely).insert(0, replace(plain, quote="'"))
    if re.search(rf'\\(?:["\r\n]|{escaped_delimiter})', sample):
        likely += [replace(dialect, escape=True) for dialect in likely]
    if re.search(rf'{escaped_delimiter} +"', bare):
        spaced = [replace(dialect, spaces=True) for dialect in likely]
        likely = [*spaced, replace(plain, spaces=True, stray=True), *likely]
    if '"' in sample:
        likely.append(replace(plain, stray=True))
        if delimiter:
            likely.append(replace(plain, quote=""))
    if delimiter and "\n" in bare and re.search(r"\r(?!\n)", bare):
        unlikely += [replace(dialect, returns=True) for dialect in likely]
    return [*likely, *unlikely]


def _single_quoted(sample: str, delimiter: str) -> bool:
    """Whether single quotes are quotes: around most fields, or doubled inside some."""
    start, end = rf"(?:(?<=[{delimiter}\r\n])|\A)", rf"(?:[{delimiter}\r\n]|\Z)"
    if re.search(rf'{start}"', sample):
        return False
    if re.search(rf"{start}'[^'\r\n]*+(?:''[^'\r\n]*+)++'(?={end})", sample):
        return True
    rest, quoted = re.subn(rf"{start}'[^']*+(?:''[^']*+)*+'(?={end})", "", sample)
    return quoted > len(re.findall(rf"\r\n|[{delimiter}\r\n]|\Z", rest.rstrip())) / 2
