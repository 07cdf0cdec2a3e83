"""Files that are meant to do harm: read, or refused in words, in bounded time and memory."""

import csv
import gzip
import io
import time
import tracemalloc
import zipfile

import pytest

from probing.errors import DataError
from probing.reading import Columns, read_csv, read_table, select
from tests.attack.mutations import MUTATIONS, generated, mutants
from tests.benchmarks.attack import attack, outcome, unfit

GOOD = b"text,label\n" + b"".join(b"a nice film %d,%d\n" % (i, i % 2) for i in range(4_000))


def test_damaged_files_are_read_or_refused_in_words() -> None:
    tally = attack(400, seed=1, seconds=20)
    assert tally.escaped == []
    assert tally.read > 100
    assert tally.refused.total() > 100


def test_the_same_seed_makes_the_same_files() -> None:
    assert list(mutants(60, 3)) == list(mutants(60, 3))
    assert list(mutants(60, 3)) != list(mutants(60, 4))
    assert len(MUTATIONS) == 21
    assert all(outcome(data, name)[0] == "read" for name, data in generated() if name[0] in ",;|ns")


def test_the_check_can_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(data: bytes, name: str) -> None:
        raise IndexError(name)

    monkeypatch.setattr("tests.benchmarks.attack.read_table", broken)
    assert len(attack(3, seed=0, seconds=20).escaped) == 3
    for message in ("", "x" * 2_000, "a\x1b[31m", 'File "/home/me/x.py"', "a\nb\nc\nd\ne"):
        assert unfit(message), message
    assert unfit("reviews.csv is empty. Give a CSV.") == ""


@pytest.mark.parametrize("unit", [b'"a,', b'"a ,', b'"a\n,', b' ",', b'"' + b" " * 30 + b"x,"])
def test_a_long_line_of_open_quotes_takes_linear_time(unit: bytes) -> None:
    """Each field looked for its closing quote up to the line's end: 100 kB took over 20 s."""

    def seconds(size: int) -> float:
        start = time.process_time()
        with pytest.raises(DataError, match="is never closed"):
            read_table(GOOD + unit * (size // len(unit)) + b"\nend,x\n", "quotes.csv")
        return time.process_time() - start

    assert seconds(300_000) < 8


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\n" * 1_200_000 + b"a,b", "more than 1,000,000 blank lines"),
        (GOOD + b"\n" * 1_200_000 + b"a,b", "more than 1,000,000 blank lines"),
        (b"a" * 8_000_000, "no row below its header"),
        (b"text,label\n" + b"a" * 8_000_000 + b",x\n", "text longer than 100,000 characters"),
        (b"," * 8_000_000, "more than 200 columns"),
        (gzip.compress(bytes(50_000_000)), "a gzip archive"),
        (b"PK\x03\x04" + bytes(1_000_000), "a zip archive"),
    ],
    ids=["blank lines", "blank lines below", "a line", "a word", "commas", "gzip", "zip"],
)
def test_floods_and_bombs(content: bytes, message: str) -> None:
    start = time.process_time()
    with pytest.raises(DataError, match=message):
        select(read_table(content, "flood.csv"), Columns("text"))
    assert time.process_time() - start < 5


def test_a_bomb_of_a_workbook_is_not_unpacked() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "")
        archive.writestr("xl/worksheets/sheet1.xml", bytes(50_000_000))
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match="an Excel workbook"):
            read_table(file.getvalue(), "bomb.xlsx")
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


class Endless(io.RawIOBase):
    """200 MB that are made as they are read."""

    given = 0

    def read(self, size: int = -1) -> bytes:
        assert 0 < size <= 60 * 2**20
        self.given += size
        return bytes(size)


def test_200_mb_are_refused_by_what_exceeds_the_limit() -> None:
    endless = Endless()
    with pytest.raises(DataError, match="larger than 50 MB"):
        read_csv(endless, name="big.csv")  # type: ignore[arg-type]
    assert endless.given == 50 * 2**20 + 1
    with pytest.raises(DataError, match="larger than 50 MB"):
        read_table(bytes(200 * 2**20), "big.csv")


def test_a_giant_label_or_name_goes_no_further() -> None:
    rows = [("one", "a"), ("two", "b" * 1_000_000), ("three", "b"), ("four", "c" * 1_000)]
    content = "text,label\n" + "".join(f"{text},{label}\n" for text, label in rows)
    sentences = select(read_table(content.encode(), "r.csv"), Columns("text", "label"))
    assert sentences.texts == ("one", "three", "four")
    (dropped,) = sentences.source.dropped
    assert (dropped.reason, dropped.rows) == ("label longer than 1,000 characters", (1,))
    name = "n" * 20_000
    table = read_table(f"{name},{name}\none,two\nthree,four\n".encode(), "r.csv", header=True)
    assert table.columns == ("n" * 199 + "…", "n" * 199 + "… (2)")
    assert all(len(notice) < 2_000 for notice in table.notices)


def test_what_breaks_a_dialect_is_refused_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a dialect is judged by its first fields alone, the rest may break its rules."""

    def broken(*given: object) -> None:
        raise csv.Error("line 7")

    monkeypatch.setattr("probing.tables._parse", broken)
    with pytest.raises(DataError, match="record that begins on line 7 do not come in pairs"):
        read_table(GOOD, "r.csv")
