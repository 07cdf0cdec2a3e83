"""Bytes to a table: encodings, dialects, headers, and what is refused."""

import bz2
import csv
import gzip
import io
import zipfile
from collections.abc import Callable

import pytest

from probing.errors import DataError
from probing.tables import Limits, Table, read_table


def read(content: str | bytes, **options: object) -> Table:
    data = content.encode() if isinstance(content, str) else content
    return read_table(data, "reviews.csv", **options)  # type: ignore[arg-type]


def cells(table: Table) -> list[list[str]]:
    return [list(record) for record in table.records]


# Encodings

SENTENCES = {
    "cp1252": "text,label\n" + "Où êtes-vous ? C’est la fête à Noël – déjà !,oui\n" * 3,
    "mac_roman": "text,label\n" + "Schöne Grüße aus dem Café über der Straße,gut\n" * 20,
    "cp850": "text,label\n" + "Schöne Grüße aus dem Café über der Straße,gut\n" * 20,
    "cp1250": "tekst,klasa\n" + "Zażółć gęślą jaźń; źle się czułem i nic nie było,x\n" * 3,
    "cp1251": "text,label\n" + "Мне очень понравился этот фильм и его музыка,да\n" * 3,
    "koi8_r": "text,label\n" + "Мне очень понравился этот фильм и его музыка,да\n" * 3,
    "cp932": "text,label\n" + "この映画はとても面白かったです。またみたい,良\n" * 3,
    "euc_jp": "text,label\n" + "この映画はとても面白かったです。またみたい,良\n" * 3,
    "gb18030": "text,label\n" + "这部电影非常好看，我很喜欢。质量不太差,好\n" * 3,
    "big5": "text,label\n" + "這部電影非常好看，我很喜歡。品質不太差,好\n" * 3,
    "cp949": "text,label\n" + "이 영화는 정말 재미있었어요. 다시 보고 싶어요,좋음\n" * 3,
    "cp874": "text,label\n" + "ภาพยนตร์เรื่องนี้สนุกมากและเพลงก็เพราะ,ดี\n" * 3,
}


@pytest.mark.parametrize("encoding", SENTENCES)
def test_old_encodings_are_found_out_and_said(encoding: str) -> None:
    text = SENTENCES[encoding]
    table = read(text.encode(encoding))
    assert cells(table) == list(csv.reader(io.StringIO(text)))[1:]
    assert table.encoding == encoding
    assert any(f"read as {encoding}, a guess" in notice for notice in table.notices)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_wide_encodings_are_seen_without_a_mark(encoding: str) -> None:
    table = read("text,label\nnice,good – yes\n".encode(encoding))
    assert (table.encoding, cells(table)) == (encoding, [["nice", "good – yes"]])


def test_an_accent_far_down_a_long_file_is_found() -> None:
    content = b"text,label\n" + b"plain words and no more,a\n" * 20_000 + b"caf\xe9 cr\xe8me,b\n"
    table = read(content)
    assert (table.encoding, table.records[-1]) == ("cp1252", ("café crème", "b"))


def test_utf8_with_a_few_broken_bytes_is_refused_not_garbled() -> None:
    good = "text,label\n" + "we met at the café near the station,a\n" * 5
    assert read(good).encoding == "utf-8"
    with pytest.raises(DataError, match=r"not valid UTF-8 on line 7 \(byte 0xe9\).*Save it again"):
        read(good.encode() + b"another caf\xe9 there,b\n")


def test_a_byte_that_no_text_has_is_refused_and_an_accent_is_not() -> None:
    assert cells(read(b"text,label\na caf\xe9 there,a\n")) == [["a café there", "a"]]
    with pytest.raises(DataError, match=r"not valid UTF-8 on line 2 \(byte 0xff\)"):
        read(b"text,label\na caf\xff there,a\n")


def test_a_cut_utf16_file_is_refused() -> None:
    data = "text,label\nnice,good\n".encode("utf-16")
    assert cells(read(data)) == [["nice", "good"]]
    with pytest.raises(DataError, match="begins like UTF-16 but stops being it at byte"):
        read(data[:-1])


# What is not CSV


def zipped(member: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(member, "text,label\nnice,good\n")
    return buffer.getvalue()


BINARY: dict[str, tuple[Callable[[], bytes], str]] = {
    "gzip": (lambda: gzip.compress(b"text,label\n"), "is a gzip archive, not CSV. Unpack it"),
    "bzip2": (lambda: bz2.compress(b"text,label\n"), "is a bzip2 archive, not CSV. Unpack it"),
    "zip": (lambda: zipped("reviews.csv"), "is a zip archive, not CSV. Unpack it"),
    "xlsx": (lambda: zipped("[Content_Types].xml"), "is an Excel workbook, not CSV. Open it"),
    "xls": (lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(99), "an old Excel or Word file"),
    "pdf": (lambda: b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "is a PDF, not CSV"),
    "parquet": (lambda: b"PAR1\x15\x04\x15\x10", "is a Parquet file, not CSV. Convert it"),
    "sqlite": (lambda: b"SQLite format 3\x00" + bytes(50), "is an SQLite database, not CSV"),
    "nul": (lambda: b"text,label\nni\0ce,good\n", "has a NUL character on line 2"),
    "html": (lambda: b"\n<!DOCTYPE html><html><p>a,b", "is a web page .*Download the file itself"),
    "html fragment": (lambda: b"<table><tr><td>a</td>", "is a web page .*Download the file itself"),
    "json": (lambda: b'[\n {"text": "nice", "label": 1}\n]', "is JSON, not CSV. Convert it"),
    "json lines": (lambda: b'{"text": "nice, good"}\n{"text": "b"}', "is JSON, not CSV"),
    "empty": (lambda: b"", "is empty. Give a CSV with a header line"),
    "blank": (lambda: b"\xef\xbb\xbf \r\n\r\n", "is empty. Give a CSV with a header line"),
}


@pytest.mark.parametrize("kind", BINARY)
def test_what_is_not_csv_is_named_and_a_cure_given(kind: str) -> None:
    content, message = BINARY[kind]
    with pytest.raises(DataError, match=rf"^reviews\.csv .*{message}"):
        read(content())


@pytest.mark.parametrize("start", ["PAR1,label", "BZh,label", "<3 this,label", "{x},label"])
def test_text_that_only_begins_like_something_else_is_read(start: str) -> None:
    assert cells(read(f"{start}\nnice words,good\n")) == [["nice words", "good"]]


# Delimiters and quoting


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_the_one_that_divides_evenly(delimiter: str) -> None:
    rows = ["text{}label", "a, b; c{}x", "d | e{}y", "one; two, three; four{}x"]
    rows = [row.replace(" | ", " ") if delimiter == "|" else row for row in rows]
    rows = ['"' + r.replace("{}", '"{}"') + '"' if delimiter in ",;" else r for r in rows]
    table = read("\n".join(rows).replace("{}", delimiter))
    assert (table.delimiter, table.columns) == (delimiter, ("text", "label"))
    assert [record[1] for record in table.records] == ["x", "y", "x"]


def test_commas_in_a_single_column_of_prose_divide_nothing() -> None:
    table = read("text\nWell, it was nice\nNo, no, no\nGood\nYes, it was\n")
    assert (table.delimiter, table.columns) == ("", ("text",))
    assert table.records[0] == ("Well, it was nice",)


def test_texts_with_bare_commas_are_ragged_below_a_header_of_two() -> None:
    table = read("text,label\nWell, it was,good\nNice,good\nNo, no, no,bad\nOh,bad\nUgh, no,bad\n")
    assert table.delimiter == ","
    assert cells(table) == [["Nice", "good"], ["Oh", "bad"]]
    assert [(d.reason, d.rows, d.lines) for d in table.dropped] == [
        ("ragged: too many fields", (0, 2, 4), (2, 4, 6))
    ]


def test_excel_s_hint_is_obeyed_and_no_row() -> None:
    table = read("sep=;\r\ntext;label\r\nnice, isn't it;good\r\n")
    assert (table.delimiter, cells(table)) == (";", [["nice, isn't it", "good"]])
    assert (table.lines, table.rows, table.notices) == ((3,), (0,), ())


def test_stray_quotes_stay_in_the_text() -> None:
    table = read('text\tlabel\n"Hi" he said\ta\nshe: "no"\tb\n"all ""of"" it"\ta\n5" disk\tb\n')
    assert [r[0] for r in table.records] == ['"Hi" he said', 'she: "no"', 'all "of" it', '5" disk']
    assert any("not doubled" in notice for notice in table.notices)


def test_a_lone_quote_is_text_where_all_lines_are_even_and_nothing_is_quoted() -> None:
    table = read('text\tlabel\n"Hi there\ta\ngood\tb\nbad\ta\n')
    assert [record[0] for record in table.records] == ['"Hi there', "good", "bad"]
    assert any("Quotes were kept" in notice for notice in table.notices)


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ('text,label\n"nice",a\n"cut off,', 3),
        ('text,label\nnice,a\nb,"cut off', 3),
        ('text\n"one\ntwo"\n"cut\noff\n', 4),
        ('text,label\n"a",b\n' + "nice,a\n" * 20_000 + '"cut off,b\n' + "nice,a\n" * 9, 20_003),
    ],
)
def test_a_quote_that_never_closes_is_refused(content: str, line: int) -> None:
    with pytest.raises(DataError, match=rf"opened in the record that begins on line {line} is nev"):
        read(content)


def test_backslashes_escape_only_where_the_file_shows_it() -> None:
    escaped = read('text,label\n"a \\"b\\" c, \\n",x\nd\\, e,y\n')
    assert cells(escaped) == [['a "b" c, \\n', "x"], ["d, e", "y"]]
    plain = read("smiles,label\nC/C=C\\C,a\nC\\,b\n")
    assert cells(plain) == [["C/C=C\\C", "a"], ["C\\", "b"]]


def test_an_escape_beyond_the_sample_is_found() -> None:
    rows = "".join(f"a sentence of some words {i},{i % 2}\n" for i in range(5_000))
    table = read(f"text,label\n{rows}one\\, two,1\n")
    assert table.records[-1] == ("one, two", "1")
    assert table.dropped == ()


def test_apostrophes_are_no_quotes_unless_around_fields() -> None:
    quoted = read("'text','label'\n'it''s, ok','a'\n'no','b'\n")
    assert cells(quoted) == [["it's, ok", "a"], ["no", "b"]]
    plain = read("text,label\n'tis the season,a\nso they say',b\n")
    assert cells(plain) == [["'tis the season", "a"], ["so they say'", "b"]]


def test_a_lone_carriage_return_is_text_where_lines_end_in_line_feeds() -> None:
    table = read("text,label\none\rtwo,a\nthree,b\nfour,a\n")
    assert cells(table)[0] == ["one\rtwo", "a"]
    assert cells(read("text,label\rone,a\rtwo,b\r")) == [["one", "a"], ["two", "b"]]


def test_spaces_in_cells_stay_but_not_before_quotes() -> None:
    assert cells(read("text,label\n  nice , a\n")) == [["  nice ", " a"]]
    assert cells(read('text, label\n1, "a, b"\n2, "c"\n')) == [["1", "a, b"], ["2", "c"]]


# Lines and blank rows


def test_lines_are_physical_and_rows_are_records() -> None:
    table = read('text,label\n\n"one\ntwo",a\n\n\nthree,b\n\n')
    assert (table.rows, table.lines, table.rows_read) == ((0, 1), (3, 7), 2)
    assert "Blank lines, which count as no rows: 4." in table.notices


def test_a_line_of_delimiters_is_a_row_and_a_blank_line_is_none() -> None:
    table = read("text,label\n,\n \nnice,a\n")
    assert cells(table) == [["", ""], ["nice", "a"]]
    assert (table.rows_read, table.dropped) == (2, ())


# Headers


def test_a_header_is_told_from_data() -> None:
    assert read("text,label\nnice one,a\nbad one,b\n").has_header
    assert read("foo,bar\nnice one,a\nbad one,b\n").has_header
    assert not read("nice one,a\nbad one,b\nso so,a\n").has_header
    assert read("how old are they now,whom we asked\n31,Ann\n47,Bob\n").has_header
    assert not read("1,nice one\n2,bad one\n").has_header


def test_whether_there_is_a_header_can_be_said() -> None:
    assert read("foo,bar\nnice,a\n", header=False).records[0] == ("foo", "bar")
    assert read("nice one,a\nbad one,b\nso so,a\n", header=True).columns == ("nice one", "a")


def test_blank_and_repeated_names_are_made_distinct_and_said() -> None:
    table = read("name,,name,name (2), a  b \n1,2,3,4,5\n")
    assert table.columns == ("name", "column 2", "name (3)", "name (2)", "a b")
    assert any("blank or repeated: column 2, name (3)." in n for n in table.notices)


@pytest.mark.parametrize(
    "title", ["# made by hand", "Answers of the survey, 2024", "Our survey,,", "\n\nReport of May"]
)
def test_titles_above_the_header_are_skipped_and_said(title: str) -> None:
    table = read(f"{title}\nid,text,label\n1,nice one,a\n2,bad one,b\n")
    assert table.columns == ("id", "text", "label")
    assert table.rows == (0, 1)
    assert any(notice.startswith("Skipped above the header: ") for notice in table.notices)


def test_a_hashtag_in_the_first_row_is_no_comment() -> None:
    table = read("#happy day today,a\n#sad day today,b\nnothing,a\n")
    assert table.records[0] == ("#happy day today", "a")


# Index columns, trailing delimiters


@pytest.mark.parametrize(
    "content",
    [
        ",text,label\n0,nice,a\n1,bad,b\n",
        '"","text","label"\n"1","nice","a"\n"2","bad","b"\n',
        "Unnamed: 0,text,label\n17,nice,a\n4,bad,b\n",
        '"text","label"\n"1","nice","a"\n"2","bad","b"\n',
    ],
)
def test_a_nameless_index_is_left_out_and_said(content: str) -> None:
    table = read(content)
    assert table.columns == ("text", "label")
    assert cells(table) == [["nice", "a"], ["bad", "b"]]
    assert any("only numbers the rows" in notice for notice in table.notices)


def test_a_named_or_worded_first_column_is_no_index() -> None:
    assert read("id,text\n0,nice\n1,bad\n").columns == ("id", "text")
    assert read(",text\nx,nice\ny,bad\n").columns == ("column 1", "text")


def test_a_text_cut_by_its_comma_in_every_row_is_not_taken_for_an_index() -> None:
    with pytest.raises(DataError, match=r"No row of reviews\.csv has the 2 fields of its header"):
        read("text,label\nWell, nice,a\nOh, bad,b\n")


def test_delimiters_at_line_ends_make_no_columns() -> None:
    assert read("text;label;\nnice;a;\nbad;b;\n").columns == ("text", "label")
    assert read("text;label;\nnice;a\nbad;b\n").columns == ("text", "label")
    assert cells(read("text,label\nnice,a,,\nbad,b\n")) == [["nice", "a"], ["bad", "b"]]


# Limits


def test_a_file_at_the_limits_is_read_and_beyond_them_refused() -> None:
    content = "a,b,c\n1,2,x\n3,4,y\n"
    at = Limits(max_bytes=len(content), max_rows=2, max_columns=3)
    assert len(read(content, limits=at).records) == 2
    with pytest.raises(DataError, match=r"is larger than 0 MB, the most that is read\. Give"):
        read(content, limits=Limits(max_bytes=len(content) - 1))
    with pytest.raises(DataError, match=r"has more than 1 rows, the most that is read\. Give"):
        read(content, limits=Limits(max_rows=1))
    with pytest.raises(DataError, match=r"has more than 2 columns, the most that is read\. Keep"):
        read(content, limits=Limits(max_columns=2))


@pytest.mark.parametrize(
    "content",
    [b"," * 5_000_000, b"text,label\n" + b"," * 5_000_000, b"c," * 200_000 + b"d\n" + b"1," * 9],
)
def test_a_file_too_wide_is_refused_by_its_beginning(content: bytes) -> None:
    with pytest.raises(DataError, match="has more than 200 columns"):
        read(content)


@pytest.mark.parametrize(
    "content",
    [
        b"text,label\n" + b"word " * 200_000 + b",a\n",
        b'text,label\n"' + b'""' * 500_000 + b'",a\n',
        b"text,label\n" + b"'" * 1_000_000 + b",a\n",
        b"text,label\n" + b"\\" * 1_000_000 + b",a\n",
        b"text,label\nnice,a\n" + b"\n" * 1_000_000,
    ],
)
def test_giant_cells_and_floods_of_one_character_are_read(content: bytes) -> None:
    assert len(read(content).records) == 1


def test_a_flood_of_open_quotes_ends() -> None:
    with pytest.raises(DataError, match="never closed"):
        read(b"text,label\n" + b'"a' * 500_000)
