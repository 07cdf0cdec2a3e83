"""The records of a text in a known dialect, with the line on which each begins.

Python's ``csv`` module reads every regular dialect. Only quotes that stand where no dialect has
them (``"He said "no""``, ``"Hi" he said``) are read by the expression in ``_stray_records``.
"""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from probing.language import say

Record = tuple[int, list[str]]
"""1-based physical line on which a record begins, and its fields; no fields for a blank line."""

_NEWLINE = re.compile(r"\r\n|\r|\n")
_LINE = re.compile(r"([^\r\n]*+)(?:\r\n|\r|\n|\Z)")


@dataclass(frozen=True)
class Dialect:
    """One way to write a table as text."""

    delimiter: str
    """One of ``,`` ``;`` tab ``|``; empty where the file has a single column."""
    quote: str = '"'
    """``"`` or ``'``, doubled inside itself; empty where quotes are ordinary characters."""
    escape: bool = False
    """A backslash makes a delimiter, quote, newline or backslash an ordinary character."""
    spaces: bool = False
    """Spaces may stand between a delimiter and the field."""
    stray: bool = False
    """Quotes inside a quoted field may be left undoubled."""
    returns: bool = False
    """A carriage return by itself is an ordinary character; records end with line feeds."""


class Unterminated(Exception):
    """A quoted field never ends; ``line`` is where its record begins."""

    def __init__(self, line: int) -> None:
        super().__init__(line)
        self.line = line


def records(text: str, dialect: Dialect) -> Iterator[Record]:
    """The records of ``text`` in ``dialect``, blank lines included (as no fields).

    Raises ``csv.Error`` with the line where the quoting breaks the dialect's rules and
    ``Unterminated`` where the text ends inside quotes. Takes time linear in the length of ``text``.
    """
    if dialect.returns:
        mark = _unused(text)
        marked = "\r\n".join(part.replace("\r", mark) for part in text.split("\r\n"))
        for line, fields in records(marked, replace(dialect, returns=False)):
            yield line, [field.replace(mark, "\r") for field in fields]
        return
    if dialect.stray:
        yield from _stray_records(text, dialect)
        return
    if dialect.escape:
        text = _only_special_escapes(text, dialect)
    if csv.field_size_limit() <= len(text):  # of the whole process: only ever raised
        csv.field_size_limit(len(text) + 1)
    lines = io.StringIO(text, newline="")  # "" keeps newlines inside quotes as they are
    reader = csv.reader(
        lines,
        delimiter=dialect.delimiter or _unused(text),
        quotechar=dialect.quote or None,
        quoting=csv.QUOTE_MINIMAL if dialect.quote else csv.QUOTE_NONE,
        escapechar="\\" if dialect.escape else None,
        skipinitialspace=dialect.spaces,
        strict=True,
    )
    line = 1
    try:
        for fields in reader:
            yield line, fields
            line = reader.line_num + 1
    except csv.Error as error:
        if lines.read(1) == "":
            raise Unterminated(line) from error
        raise csv.Error(say("line {line}", line=line)) from error


def _only_special_escapes(text: str, dialect: Dialect) -> str:
    r"""Double each backslash that escapes nothing: ``csv`` would make ``\n`` an ``n``."""
    special = re.escape(dialect.delimiter + dialect.quote)
    escapes = re.compile(rf"((?:\\[{special}\\\r\n])++)|\\")
    return escapes.sub(lambda match: match.group(1) or r"\\", text)


def _unused(text: str) -> str:
    """A character that does not occur: the delimiter of a file without one."""
    return next(c for c in map(chr, range(0xF0000, 0x110000)) if c not in text)


def _stray_records(text: str, dialect: Dialect) -> Iterator[Record]:
    """Field by field: quoted as it should be; else quoted on one line up to a quote before a
    delimiter; else not quoted, its quotes kept. Lines without quotes are split at once."""
    divider = re.compile(
        rf"{re.escape(dialect.delimiter)}|\r\n|\r|\n|\Z" if dialect.delimiter else r"\r\n|\r|\n|\Z"
    )
    whole, without_loose = _field(dialect, loose=True), _field(dialect, loose=False)
    at, line, start, fields = 0, 1, 1, list[str]()
    barren = False  # on this line no quote closes: looking again from each field is quadratic
    quote = text.find('"')
    while at < len(text) or fields:
        quote = text.find('"', at) if 0 <= quote < at else quote
        if not fields and (plain := _LINE.match(text, at)) and not 0 <= quote < plain.end():
            words = plain[1].split(dialect.delimiter) if dialect.delimiter else [plain[1]]
            yield line, words if plain[1] else []
            at, line, start = plain.end(), line + 1, line + 1
            continue
        match = (without_loose if barren else whole).match(text, at)
        ending = divider.match(text, match.end()) if match else None
        if match is None or ending is None:  # cannot be: both match the empty string
            raise csv.Error(say("line {line}", line=line))
        proper, loose, literal = match.groups()
        bare = (literal or "").lstrip(" ")
        if bare.startswith('"') and bare.count('"') == 1 and text.find('"', match.end()) < 0:
            raise Unterminated(start)
        fields.append(proper.replace('""', '"') if proper is not None else loose or literal or "")
        newlines = len(_NEWLINE.findall(match.group()))
        tried = (bare if dialect.spaces else literal or "").startswith('"')
        barren = tried or (barren and not newlines)
        line += newlines
        at = ending.end()
        if ending.group() != dialect.delimiter or not dialect.delimiter:
            line += 1
            yield start, [] if fields == [""] and not match.group() else fields
            start, fields, barren = line, [], False


def _field(dialect: Dialect, loose: bool) -> re.Pattern[str]:
    """A field with stray quotes, in one of three groups: as it should be, loosely quoted (or, if
    not ``loose``, never), not quoted."""
    inner = re.escape(dialect.delimiter) + r"\r\n"
    end, blank = rf"(?=[{inner}]|\Z)", " *" if dialect.spaces else ""
    return re.compile(
        rf'{blank}"([^"]*+(?:""[^"]*+)*+)" *+{end}'
        rf'|{"" if loose else "(?!)"}{blank}"([^"\r\n]*+(?:"(?! *+{end})[^"\r\n]*+)*+)" *+{end}'
        rf"|([^{inner}]*+)"
    )
