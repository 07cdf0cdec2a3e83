"""Bytes of an uploaded file to a table of text, or a refusal that says what is wrong with it.

Cells stay exactly the text that was written: ``NA``, ``007`` and ``True`` are text, spaces stay.
"""

import csv
import re
from dataclasses import dataclass, replace
from itertools import islice

from probing.errors import DataError
from probing.language import say
from probing.parsing.cells import shown
from probing.parsing.decoding import decode
from probing.parsing.dialects import SAMPLE_CHARS, detect
from probing.parsing.records import Dialect, Record, Unterminated, records
from probing.parsing.sheets import Sheet, arrange

_EXCEL_HINT = re.compile(r'"?sep=([\t|;,])"?[ \t]*(?:\r\n|\r|\n)')


@dataclass(frozen=True)
class Limits:
    """How much a file may hold. More is refused; rows of longer texts or labels are left out."""

    max_bytes: int = 50 * 2**20
    max_rows: int = 100_000
    max_columns: int = 200
    max_text_chars: int = 100_000
    max_label_chars: int = 1_000


@dataclass(frozen=True, eq=False, kw_only=True)
class Table(Sheet):
    """n records of w cells, in the order of the file they came from."""

    name: str
    """File name without folders."""
    encoding: str
    """Python codec name, e.g. ``"utf-8-sig"``."""
    delimiter: str
    """One of ``,`` ``;`` tab ``|``; empty where the file has a single column."""


def read_table(
    data: bytes, name: str, *, header: bool | None = None, limits: Limits | None = None
) -> Table:
    """The table in ``data``; its encoding, dialect and header are found out.

    ``header`` says whether the first record names the columns; None finds out. Raises
    ``DataError`` for what is empty, not a text table, without rows, or beyond ``limits``. Takes
    time linear in the size: about 0.1 s per MB.
    """
    limits = limits or Limits()
    name = shown(name, 100) or "the file"
    if len(data) > limits.max_bytes:
        raise too_large(name, limits)
    text, encoding, notices = decode(data, name)
    if not text.strip():
        raise DataError(
            "{name} is empty. Give a CSV with a header line and a row per sentence.", name=name
        )
    try:
        dialect, found, blank = _parse(text, name, limits)
    except Unterminated as error:
        raise DataError(
            '{name}: a quote (") opened in the record that begins on line {line} is never closed. '
            "Close it there, or double it where it is part of the text.",
            name=name,
            line=error.line,
        ) from None
    except csv.Error as error:
        raise DataError(
            '{name}: the quotes (") in the record that begins on {place!s} do not come in pairs '
            "around fields. Double those that are part of the text.",
            name=name,
            place=error,
        ) from None
    sheet = arrange(found, name, header)
    if sheet.rows_read > limits.max_rows:
        raise _too_many_rows(name, limits)
    if blank:
        notices = (*notices, say("Blank lines, which count as no rows: {n:,}.", n=blank))
    if dialect != Dialect(dialect.delimiter):
        notices = (*notices, _quoting_notice(dialect))
    whole = replace(sheet, notices=(*notices, *sheet.notices))
    return Table(name=name, encoding=encoding, delimiter=dialect.delimiter, **vars(whole))


def too_large(name: str, limits: Limits) -> DataError:
    """The refusal of a file that has more bytes than allowed."""
    return DataError(
        "{name} is larger than {most:,.0f} MB, the most that is read. Give a part of its rows.",
        name=name,
        most=limits.max_bytes / 2**20,
    )


def _parse(text: str, name: str, limits: Limits) -> tuple[Dialect, list[Record], int]:
    """The dialect, all records that are not blank lines, and the number of blank lines.

    The dialect found on the beginning is tried on the whole; where that breaks its rules or leaves
    ragged records, the whole is looked at.
    """
    hint = _EXCEL_HINT.match(text)
    dialect = detect(text, hint.group(1)) if hint else detect(text)
    _refuse_wide(text, dialect, name, limits)
    try:
        found, blank = _all_records(text, dialect, name, limits)
        even = len({len(fields) for _, fields in found}) <= 1
    except (csv.Error, Unterminated):
        even = False
    if not even and len(text) > SAMPLE_CHARS:
        dialect = detect(text, dialect.delimiter)
        found, blank = _all_records(text, dialect, name, limits)
    return dialect, found[1:] if hint else found, blank


def _refuse_wide(text: str, dialect: Dialect, name: str, limits: Limits) -> None:
    """Refuse by the first records, before all of a file with a million columns is read."""
    try:
        for _, fields in islice(records(text[:SAMPLE_CHARS], dialect), 20):
            if len(fields) > limits.max_columns:
                raise DataError(
                    "{name} has more than {most} columns, the most that is read. Keep "
                    "those of text, label and split.",
                    name=name,
                    most=limits.max_columns,
                )
    except (csv.Error, Unterminated):
        pass  # the sample is cut anywhere; the whole is judged later


def _all_records(
    text: str, dialect: Dialect, name: str, limits: Limits
) -> tuple[list[Record], int]:
    """Records and the number of blank lines; refuses too many records."""
    found, blank = list[Record](), 0
    end = len(text.rstrip("\r\n")) + 100
    if end < len(text):  # millions of blank lines at the end need no reader
        blank = text.count("\n", end) or text.count("\r", end)
        text = text[:end]
    for line, fields in records(text, dialect):
        if not fields or (len(fields) == 1 and dialect.delimiter and not fields[0].strip()):
            blank += 1
            if blank > 10 * limits.max_rows + 100:
                raise DataError(
                    "{name} has more than {most:,} blank lines: it is damaged, or no table. Give "
                    "a file with a row per sentence.",
                    name=name,
                    most=10 * limits.max_rows,
                )
            continue
        found.append((line, fields[: limits.max_columns + 1]))
        if len(found) > limits.max_rows + 22:  # a header and titles above it are no rows
            raise _too_many_rows(name, limits)
    return found, blank


def _too_many_rows(name: str, limits: Limits) -> DataError:
    return DataError(
        "{name} has more than {most:,} rows, the most that is read. Give a random part of them.",
        name=name,
        most=limits.max_rows,
    )


def _quoting_notice(dialect: Dialect) -> str:
    if not dialect.quote:
        return say("Quotes were kept as part of the text: they do not come in pairs around fields.")
    if dialect.stray:
        return say("Some quotes inside quoted fields are not doubled; they were kept as text.")
    parts = []
    if dialect.quote == "'":
        parts.append(say("fields are quoted with single quotes"))
    if dialect.escape:
        parts.append(say("a backslash before a quote, delimiter or newline escapes it"))
    if dialect.spaces:
        parts.append(say("spaces after a delimiter are no part of the field"))
    if dialect.returns:
        parts.append(say("a carriage return alone does not end a row"))
    return say("How the file is written was found out: {parts!s}.", parts=", ".join(parts))
