"""Large files, parsed in another process: the same table, the same refusals, and bounds."""

from dataclasses import fields

import pytest

from dashboard import apart
from probing.errors import DataError
from probing.tables import Limits, read_table


@pytest.fixture(autouse=True)
def every(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every file counts as large."""
    monkeypatch.setattr(apart, "SMALL", 0)
    monkeypatch.setattr(apart, "_RECORDS", 2)


def test_a_table_is_the_same_wherever_it_is_parsed() -> None:
    data = 'text,label\r\n"a ""b"", c",x\r\n\r\nNA,007\r\n1,2,3\r\nümlaut\x1b\u2028,y\r\n'.encode()
    here, there = read_table(data, "sätze.csv"), apart.read(data, "sätze.csv", Limits())
    assert len(there.records) == 3
    assert there.dropped, "one row is ragged"
    for field in fields(here):
        assert getattr(there, field.name) == getattr(here, field.name), field.name


@pytest.mark.parametrize(
    ("data", "limits", "said"),
    [
        (b"", Limits(), r"x\.csv is empty"),
        (b"PK\x03\x04", Limits(), "is a zip archive, not CSV"),
        (b"text\n" + b"a\n" * 100, Limits(max_rows=10), "has more than 10 rows"),
    ],
)
def test_what_is_refused_is_refused_in_the_same_words(
    data: bytes, limits: Limits, said: str
) -> None:
    with pytest.raises(DataError, match=said) as here:
        read_table(data, "x.csv", limits=limits)
    with pytest.raises(DataError) as there:
        apart.read(data, "x.csv", limits)
    assert str(there.value) == str(here.value)


@pytest.mark.parametrize(
    "code",
    [
        "import sys; sys.stdin.close()",  # ends before it has read
        'import sys; sys.stdin.read(); print(\'{"rows": [1], "dropped": []}\')',  # half an answer
        "import sys; sys.stdin.read(); print('no json')",
        "import time; time.sleep(60)",
    ],
)
def test_a_process_that_fails_costs_its_file_only(
    code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apart, "_COMMAND", ("-c", code))
    monkeypatch.setattr(apart, "PATIENCE", 2.0)
    with pytest.raises(DataError, match=r"x\.csv takes more time or memory .* Give a part of its"):
        apart.read(b"text\n" + b"a\n" * 10**6, "x.csv", Limits())


@pytest.mark.parametrize("bound", ["2**24, 30", "2**33, 1"])
def test_memory_and_time_are_bounded(bound: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two million fields need more than 16 MB, and more than a second."""
    pytest.importorskip("resource")
    code = f"from dashboard import apart as a; b = a._bounded; a._bounded = lambda *_: b({bound})"
    monkeypatch.setattr(apart, "_COMMAND", ("-c", f"{code}; a.main()"))
    data = b"a" + b",b" * 99 + b"\n" + (b'"a"b,' * 99 + b"x\n") * 20_000
    with pytest.raises(DataError, match="takes more time or memory"):
        apart.read(data, "x.csv", Limits())
