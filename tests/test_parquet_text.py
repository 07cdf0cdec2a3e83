"""Parquet as CSV: read back by the reader of uploads, it says what pyarrow wrote."""

import json
from pathlib import Path
from typing import Any

import pytest

from probing.errors import DataError
from probing.parquet_text import class_names, parquet_to_csv
from probing.reading import Limits, read_csv, read_table

TEXTS = ['a "quoted" word, and more', "two\nlines", "", "007", "ends with a comma,", "中文"]


def parquet(path: Path, columns: dict[str, Any], features: Any = None, **options: Any) -> Path:
    import pyarrow as pa
    from pyarrow import parquet as pq

    table = pa.table(columns)
    if features is not None:
        said = features if isinstance(features, bytes) else json.dumps(features).encode()
        table = table.replace_schema_metadata({b"huggingface": said})
    pq.write_table(table, path, **options)
    return path


def labelled(names: list[str]) -> dict[str, Any]:
    return {"info": {"features": {"label": {"names": names, "_type": "ClassLabel"}}}}


def test_cells_come_through_the_reader_as_they_were(tmp_path: Path) -> None:
    columns = {"sentence": TEXTS, "label": [0, 1, 1, 0, None, 1], "score": [0.5] * 6}
    path = parquet(tmp_path / "a.parquet", columns)
    data, left = parquet_to_csv(path, "a.parquet", Limits())
    table = read_table(data, "a.parquet")
    assert table.columns == ("sentence", "label", "score")
    assert [record[0] for record in table.records] == TEXTS
    assert [record[1] for record in table.records] == ["0", "1", "1", "0", "", "1"]
    assert left == ()


def test_numbers_of_classes_become_their_names(tmp_path: Path) -> None:
    columns = {"text": ["good film", "bad film", "so so"], "label": [1, 0, -1]}
    path = parquet(tmp_path / "a.parquet", columns, labelled(["neg", "pos"]))
    found = read_csv(parquet_to_csv(path, "a.parquet", Limits())[0], name="a.parquet")
    assert found.texts == ("good film", "bad film")
    assert found.labels == ("pos", "neg")
    assert [dropped.rows for dropped in found.source.dropped] == [(2,)], "-1 is no label"


@pytest.mark.parametrize(
    "said",
    [b"{", b"[]", b'{"info": {"features": {"label": 3}}}', b'{"info": {"features": []}}', b"\xff"],
)
def test_damaged_names_of_classes_are_none(said: bytes, tmp_path: Path) -> None:
    assert class_names({b"huggingface": said}) == {}
    path = parquet(tmp_path / "a.parquet", {"text": ["a"], "label": [1]}, said)
    assert b'"a","1"' in parquet_to_csv(path, "a.parquet", Limits())[0]


def test_lists_structures_and_bytes_are_left_out_and_named(tmp_path: Path) -> None:
    columns = {
        "tokens": [["a"]],
        "text": ["a sentence"],
        "image": [{"bytes": b"x"}],
        "raw": [b"x"],
        "kind": ["one"],
    }
    path = parquet(tmp_path / "a.parquet", columns, use_dictionary=["kind"])
    data, left = parquet_to_csv(path, "a.parquet", Limits())
    assert left == ("tokens", "image", "raw")
    assert read_table(data, "a").columns == ("text", "kind")


def test_names_that_are_numbers_stay_names(tmp_path: Path) -> None:
    path = parquet(tmp_path / "a.parquet", {"0": ["a sentence", "another one"], "1": [1, 2]})
    table = read_table(parquet_to_csv(path, "a.parquet", Limits())[0], "a")
    assert table.columns == ("column 0", "column 1")
    assert len(table.records) == 2


def test_what_is_beyond_the_limits_is_refused(tmp_path: Path) -> None:
    path = parquet(tmp_path / "a.parquet", {"text": ["a sentence"] * 5_000, "label": [1] * 5_000})
    with pytest.raises(DataError, match="has 5,000 rows, and 4,999 are read"):
        parquet_to_csv(path, "a.parquet", Limits(max_rows=4_999))
    with pytest.raises(DataError, match="has 2 columns, and 1 are read"):
        parquet_to_csv(path, "a.parquet", Limits(max_columns=1))
    assert path.stat().st_size < 10_000 < 15 * 5_000, "small as a file, large as a table"
    with pytest.raises(DataError, match="is larger than 0 MB"):
        parquet_to_csv(path, "a.parquet", Limits(max_bytes=10_000))


def test_without_text_and_damaged(tmp_path: Path) -> None:
    path = parquet(tmp_path / "a.parquet", {"ids": [[1]], "label": [1]})
    with pytest.raises(DataError, match="no column of text; it has: ids, label"):
        parquet_to_csv(path, "a.parquet", Limits())
    whole = parquet(tmp_path / "b.parquet", {"text": ["a sentence"] * 100}).read_bytes()
    for damaged in (b"", b"text,label\n", whole[:-9], whole[:10] + b"\x00" * 30 + whole[40:]):
        path.write_bytes(damaged)
        with pytest.raises(DataError, match="damaged, or no Parquet file"):
            parquet_to_csv(path, "a.parquet", Limits())
