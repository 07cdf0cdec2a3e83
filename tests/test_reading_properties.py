"""Any table, written in any dialect, is read back cell by cell."""

import codecs

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from probing.tables import read_table

PROFILE = settings(
    max_examples=250,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)

# NUL marks damage and is refused; lone surrogates are no text.
CHARACTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
AWKWARD = st.sampled_from(
    [
        *("", " ", "NA", "null", "None", "True", "007", "1e5", "-0", "inf", "#", "# a", '"', '""'),
        *("it's", 'say "hi"', "a,b", "a;b", "a\tb", "a|b", "one\ntwo", "one\r\ntwo", "one\rtwo"),
        *(
            " led",
            "trailed ",
            "\\",
            "\\n",
            'a\\"b',
            "C:\\x\\",
            "\ufeff",
            "\u2028",
            "é",
            "日本",
            "🎁",
        ),
        *('", "', '"\n"', "''", "\n", "日本", "🎁", "sep=;", "<html>", '{"a": 1}', "=1+1"),
    ]
)
CELLS = st.text(CHARACTERS, max_size=12) | AWKWARD | st.text("\",;\t|\r\n'\\ a", max_size=8)
NAMES = st.lists(st.from_regex(r"[a-z]{2,8}", fullmatch=True), min_size=2, max_size=5, unique=True)
DELIMITERS = st.sampled_from([",", ";", "\t", "|"])
NEWLINES = st.sampled_from(["\n", "\r\n", "\r"])
ENCODINGS = st.sampled_from(
    ["utf-8", "utf-8-sig", "utf-16", "utf-32", "utf-16-be+mark", "utf-32-be+mark"]
)
MARKS = {"utf-16-be": codecs.BOM_UTF16_BE, "utf-32-be": codecs.BOM_UTF32_BE}


def encoded(text: str, encoding: str) -> bytes:
    codec = encoding.removesuffix("+mark")
    return (MARKS[codec] if "+mark" in encoding else b"") + text.encode(codec)


def written(
    rows: list[list[str]], delimiter: str, newline: str, always: bool, ended: bool = True
) -> str:
    """The rows as RFC 4180 has it, written without the csv module, which is what reads them."""
    lines = []
    for row in rows:
        cells = [
            '"' + cell.replace('"', '""') + '"'
            if always or any(c in cell for c in f'{delimiter}"\r\n')
            else cell
            for cell in row
        ]
        lines.append(delimiter.join(cells))
    return newline.join(lines) + (newline if ended else "")


@st.composite
def tables(draw: st.DrawFn, cells: st.SearchStrategy[str] = CELLS) -> list[list[str]]:
    """A header of words and one to six records."""
    names = draw(NAMES)
    row = st.lists(cells, min_size=len(names), max_size=len(names))
    return [names, *draw(st.lists(row, min_size=1, max_size=6))]


def ambiguous(table: list[list[str]]) -> bool:
    """What nobody could tell from the file alone: whether a first record that comes again below
    is a header, and whether cells in single quotes are quoted."""
    body = [cell for row in table[1:] for cell in row]
    single = any(len(cell) > 1 and cell[0] == cell[-1] == "'" for cell in body)
    return single or bool(set(table[0]) & set(body))


@PROFILE
@given(tables(), ENCODINGS, DELIMITERS, NEWLINES, st.booleans(), st.booleans())
def test_a_table_with_a_header_comes_back(
    table: list[list[str]], encoding: str, delimiter: str, newline: str, always: bool, ended: bool
) -> None:
    assume(not ambiguous(table))
    text = written(table, delimiter, newline, always, ended)
    read = read_table(encoded(text, encoding), "any.csv")
    assert [list(record) for record in read.records] == table[1:]
    assert list(read.columns) == table[0]
    assert (read.delimiter, read.has_header) == (delimiter, True)
    assert (read.rows, read.dropped) == (tuple(range(len(table) - 1)), ())
    for line, before in zip(read.lines, range(1, len(table)), strict=True):
        # Lines counted the slow way: all that is written before the record, split at newlines.
        ahead = written(table[:before], delimiter, newline, always)
        assert line == len(ahead.replace("\r\n", "\n").replace("\r", "\n").split("\n"))


@PROFILE
@given(tables(), DELIMITERS, NEWLINES, ENCODINGS)
def test_a_table_said_to_have_no_header_comes_back(
    table: list[list[str]], delimiter: str, newline: str, encoding: str
) -> None:
    # Without a header's words a delimiter in a bare cell counts like any other: all are quoted.
    read = read_table(
        encoded(written(table, delimiter, newline, always=True), encoding), "a", header=False
    )
    assert [list(record) for record in read.records] == table
    assert read.columns == tuple(f"column {i + 1}" for i in range(len(table[0])))


@PROFILE
@given(
    st.lists(st.tuples(st.text(CHARACTERS, max_size=20), st.sampled_from("ab")), max_size=8),
    DELIMITERS,
)
def test_a_missing_header_is_seen_where_labels_repeat(
    rows: list[tuple[str, str]], delimiter: str
) -> None:
    # The first label comes again below, as it does in any set of labelled sentences.
    table = [["first of all", "a"], *map(list, rows), ["last of all", "a"]]
    read = read_table(written(table, delimiter, "\n", always=True).encode(), "any.csv")
    assert not read.has_header
    assert [list(record) for record in read.records] == table


@PROFILE
@given(st.lists(CELLS, min_size=1, max_size=6), NEWLINES, ENCODINGS)
def test_a_single_column_comes_back(cells: list[str], newline: str, encoding: str) -> None:
    # A blank line is no record, so that a blank cell needs its quotes, as every csv writer knows.
    assume(not ambiguous([["text"], cells]))
    text = written([["text"], *([cell] for cell in cells)], ",", newline, always=True)
    read = read_table(encoded(text, encoding), "any.csv")
    assert (read.delimiter, read.columns) == ("", ("text",))
    assert [record[0] for record in read.records] == cells


@PROFILE
@given(tables(), DELIMITERS, NEWLINES)
def test_a_table_in_single_quotes_comes_back(
    table: list[list[str]], delimiter: str, newline: str
) -> None:
    # A cell with a double quote next to a delimiter or newline looks quoted the other way.
    assume(not (ambiguous(table) or any('"' in cell for row in table for cell in row)))
    lines = (delimiter.join("'" + c.replace("'", "''") + "'" for c in row) for row in table)
    read = read_table((newline.join(lines) + newline).encode(), "any.csv")
    assert [list(record) for record in read.records] == table[1:]
    assert list(read.columns) == table[0]


@PROFILE
@given(tables(), DELIMITERS, NEWLINES)
def test_a_table_with_backslash_escapes_comes_back(
    table: list[list[str]], delimiter: str, newline: str
) -> None:
    # One escaped quote with text after it shows the dialect; \\ alone could be two backslashes.
    assume(not ambiguous(table))
    table = [table[0], ['say "yes" now', *["x"] * (len(table[0]) - 1)], *table[1:]]
    lines = (
        delimiter.join('"' + c.replace("\\", "\\\\").replace('"', '\\"') + '"' for c in row)
        for row in table
    )
    read = read_table((newline.join(lines) + newline).encode(), "any.csv")
    assert [list(record) for record in read.records] == table[1:]
