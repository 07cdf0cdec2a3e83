"""Raw records of a file to an even table: header, names, index column, and what does not fit."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from probing.errors import DataError
from probing.language import say
from probing.parsing.cells import is_index, listed, shown
from probing.parsing.dialects import usual_width
from probing.parsing.headers import find_header
from probing.parsing.records import Record
from probing.sentences import Dropped

_EXAMINED = 1_000
"""Records by which header and width are judged."""
_LONGEST_NAME = 200
"""Characters of a column's name that are kept: it is shown wherever the column is."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Sheet:
    """n even records of w cells."""

    has_header: bool
    """False where the first record is data and the names are ``column 1``, ``column 2``, …"""
    columns: tuple[str, ...]
    """w distinct names, none blank."""
    records: tuple[tuple[str, ...], ...]
    """n records of w cells each."""
    rows: tuple[int, ...]
    """n 0-based numbers among all records of the file (header and blank lines are none)."""
    lines: tuple[int, ...]
    """n 1-based physical lines on which each record begins."""
    rows_read: int
    """Records in the file, ragged ones included."""
    dropped: tuple[Dropped, ...] = ()
    """Records with more or fewer fields than the header."""
    notices: tuple[str, ...] = ()
    """What the person should know about how the file was read, a sentence each."""


@dataclass(frozen=True, eq=False)
class _Body:
    """Records below the header that have its width."""

    records: list[list[str]]
    rows: list[int]
    lines: list[int]
    dropped: tuple[Dropped, ...]


def arrange(found: Sequence[Record], name: str, header: bool | None) -> Sheet:
    """The even table in ``found`` (records that are not blank lines, at least one).

    ``header`` says whether the first record names the columns; None finds out. Raises
    ``DataError`` where nothing is below the header or no record has its width.
    """
    if header is False:
        skipped, has_header = 0, False
    else:
        skipped, guessed = find_header([fields for _, fields in found[:_EXAMINED]])
        has_header = guessed if header is None else True
    notices = [_skipped_notice(found[:skipped])] if skipped else []
    body = found[skipped + has_header :]
    if not body:
        raise DataError(
            "{name} has no row below its header ({names!s}). Give a row per sentence below it.",
            name=name,
            names=listed(found[skipped][1]),
        )
    widths = usual_width([fields for _, fields in body[:_EXAMINED]])
    names = found[skipped][1] if has_header else [""] * widths
    if has_header and _has_row_names(names, body):
        names = ["", *names]
    names = _without_trailing_blanks(names, body) if has_header else names
    even = _even(body, names if has_header else ["x"] * widths)
    if not even.records:
        raise _all_ragged(name, len(names), body)
    if not has_header:
        notices.append(say("The file has no header; its columns are numbered."))
    columns, keep, more = _columns(names, even.records, has_header)
    return Sheet(
        has_header=has_header,
        columns=columns,
        records=tuple(tuple(record[i] for i in keep) for record in even.records),
        rows=tuple(even.rows),
        lines=tuple(even.lines),
        rows_read=len(body),
        dropped=even.dropped,
        notices=(*notices, *more),
    )


def _skipped_notice(skipped: Sequence[Record]) -> str:
    text = "; ".join(shown(" ".join(filter(None, fields)), 40) or "blank" for _, fields in skipped)
    return say("Skipped above the header: {text}.", text=shown(text, 200))


def _has_row_names(names: Sequence[str], body: Sequence[Record]) -> bool:
    """Whether every record has one field more, which counts them: as R writes a table."""
    return (
        all(len(fields) == len(names) + 1 for _, fields in body)
        and is_index([fields[0] for _, fields in body])
        and any(fields[-1].strip() for _, fields in body)
        and (len(body) > 1 or body[0][1][0] in ("0", "1"))
    )


def _without_trailing_blanks(names: Sequence[str], body: Sequence[Record]) -> list[str]:
    """Header without the fields that a delimiter at the end of every line makes."""
    width = len(names)
    filled = max((i + 1 for _, f in body if len(f) <= width for i in _last_filled(f)), default=0)
    while width > max(1, filled) and not names[width - 1].strip():
        width -= 1
    return list(names[:width])


def _last_filled(fields: Sequence[str]) -> range:
    last = len(fields)
    while last and not fields[last - 1].strip():
        last -= 1
    return range(max(0, last - 1), last)


def _even(body: Sequence[Record], names: Sequence[str]) -> _Body:
    """Records brought to the width of ``names`` where only blanks are in the way."""
    width = len(names)
    least = max((i + 1 for i, name in enumerate(names) if name.strip()), default=1)
    kept = _Body([], [], [], ())
    ragged: dict[str, list[tuple[int, int]]] = {}
    for row, (line, fields) in enumerate(body):
        excess = [field for field in fields[width:] if field.strip()]
        if excess or len(fields) < least:
            few, many = say("ragged: too few fields"), say("ragged: too many fields")
            reason = many if excess else few
            ragged.setdefault(reason, []).append((row, line))
            continue
        kept.records.append([*fields[:width], *[""] * (width - len(fields))])
        kept.rows.append(row)
        kept.lines.append(line)
    dropped = tuple(
        Dropped(reason, tuple(row for row, _ in where), tuple(line for _, line in where))
        for reason, where in sorted(ragged.items())
    )
    return _Body(kept.records, kept.rows, kept.lines, dropped)


def _all_ragged(name: str, width: int, body: Sequence[Record]) -> DataError:
    *others, (last, _) = Counter(len(fields) for _, fields in body).most_common(3)
    widths = str(last)
    for usual, _ in reversed(others):
        widths = say("{n:d} or {more!s}", n=usual, more=widths)
    return DataError(
        "No row of {name} has the {width} fields of its header; {n:,} have {widths!s}. Give every "
        "column a name in the header, and put texts that hold a delimiter in double quotes.",
        name=name,
        width=width,
        n=len(body),
        widths=widths,
    )


def _columns(
    names: Sequence[str], records: Sequence[Sequence[str]], has_header: bool
) -> tuple[tuple[str, ...], list[int], list[str]]:
    """Distinct display names, the positions they stand at, and notices on what was changed."""
    notices, keep = [], list(range(len(names)))
    first = names[0].strip()
    unnamed = has_header and len(names) > 1 and first in ("", "Unnamed: 0")
    if unnamed and is_index([record[0] for record in records]):
        keep = keep[1:]
        notices.append(say("The first column only numbers the rows; it was left out."))
    empty = [i for i in keep if not names[i].strip() and not any(r[i].strip() for r in records)]
    if empty and len(empty) < len(keep):
        keep = [i for i in keep if i not in empty]
        notices.append(say("Left out columns without name or content: {n}.", n=len(empty)))
    columns = _distinct(names)
    changed = [columns[i] for i in keep if columns[i] != _cut(" ".join(names[i].split()))]
    if changed and has_header:
        notices.append(
            say("Columns whose names were blank or repeated: {names!s}.", names=listed(changed))
        )
    for i in keep:
        filled = sum(bool(record[i].strip()) for record in records)
        if has_header and not names[i].strip() and filled < len(records) / 2:
            notices.append(
                say(
                    "{column} has no name and is filled in {filled:,} of {n:,} rows: perhaps "
                    "parts of texts whose delimiters are not quoted.",
                    column=columns[i],
                    filled=filled,
                    n=len(records),
                )
            )
    return tuple(columns[i] for i in keep), keep, notices


def _cut(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 1] + "…"


def _distinct(names: Sequence[str]) -> list[str]:
    """Names on one line each, the longest cut; the blank ones numbered by position, repeated ones
    counted."""
    given = [_cut(re.sub(r"\s+", " ", name).strip()) for name in names]
    taken, distinct = set(filter(None, given)), list[str]()
    for i, name in enumerate(given):
        base, number = name or f"column {i + 1}", 1
        candidate = base
        while candidate in distinct or (candidate in taken and candidate != name):
            number += 1
            candidate = f"{base} ({number})"
        distinct.append(candidate)
    return distinct
