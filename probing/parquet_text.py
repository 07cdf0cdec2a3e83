"""A Parquet file to the CSV that says the same, so that one reader judges all files alike."""

import csv
import json
from collections.abc import Callable, Mapping
from io import StringIO
from pathlib import Path
from typing import Any

from probing.errors import DataError
from probing.parsing.cells import is_number, listed, shown
from probing.tables import Limits, too_large

_ROWS = 256  # decoded at a time


def parquet_to_csv(path: Path, name: str, limits: Limits) -> tuple[bytes, tuple[str, ...]]:
    """The flat columns of a Parquet file as UTF-8 CSV, and the names of the columns left out.

    Left out are lists, structures and bytes. Numbers of a class label become the names that the
    file has for them; what is missing becomes an empty cell. Raises ``DataError`` for a damaged
    file, one without a column of text, and one beyond ``limits``. The caller bounds the memory: a
    small file may decode to a large one.
    """
    from pyarrow import ArrowException, parquet

    name = shown(name, 100)
    try:
        with parquet.ParquetFile(path) as file:
            kept, left = _columns(file, name, limits)
            return _written(file, kept, name, limits), left
    except MemoryError as error:
        raise DataError(
            "{name} takes more memory to read than one file is given. Choose a smaller file.",
            name=name,
        ) from error
    except (ArrowException, OSError, UnicodeDecodeError) as error:
        raise DataError(
            "{name} is damaged, or no Parquet file. Choose another file of this data set.",
            name=name,
        ) from error


def _columns(file: Any, name: str, limits: Limits) -> tuple[tuple[str, ...], tuple[str, ...]]:
    from pyarrow import types

    schema, rows = file.schema_arrow, file.metadata.num_rows
    if rows > limits.max_rows:
        raise DataError(
            "{name} has {rows:,} rows, and {most:,} are read. Choose a smaller file, such as "
            "that of the test or validation split.",
            name=name,
            rows=rows,
            most=limits.max_rows,
        )
    if len(schema) > limits.max_columns:
        raise DataError(
            "{name} has {n:,} columns, and {most:,} are read. Choose another file.",
            name=name,
            n=len(schema),
            most=limits.max_columns,
        )
    kept, left, texts = list[str](), list[str](), 0
    for field in schema:
        kind = field.type.value_type if types.is_dictionary(field.type) else field.type
        flat = not (types.is_nested(kind) or types.is_binary(kind) or types.is_large_binary(kind))
        flat = flat and not types.is_fixed_size_binary(kind) and not types.is_binary_view(kind)
        (kept if flat else left).append(field.name)
        texts += types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind)
    if not texts:
        raise DataError(
            "{name} has no column of text; it has: {names!s}. Lists and structures are not read. "
            "Choose another file.",
            name=name,
            names=listed(schema.names, 20),
        )
    if len(set(schema.names)) < len(schema):
        raise DataError("{name} has two columns of one name. Choose another file.", name=name)
    return tuple(kept), tuple(left)


def _written(file: Any, kept: tuple[str, ...], name: str, limits: Limits) -> bytes:
    classes = class_names(file.schema_arrow.metadata or {})
    say: list[Callable[[Any], str]] = [_sayer(classes.get(column)) for column in kept]
    page = StringIO(newline="")
    write = csv.writer(page, quoting=csv.QUOTE_ALL)
    # a number would be taken for a first row
    write.writerow([f"column {column}" if is_number(column) else column for column in kept])
    parts, size = list[bytes](), 0
    for batch in file.iter_batches(batch_size=_ROWS, columns=list(kept), use_threads=False):
        cells = (batch.column(column).to_pylist() for column in kept)
        write.writerows(
            [make(cell) for make, cell in zip(say, row, strict=True)]
            for row in zip(*cells, strict=True)
        )
        parts.append(page.getvalue().encode("utf-8", "replace"))
        page.seek(0)
        page.truncate()
        size += len(parts[-1])
        if size > limits.max_bytes:
            raise too_large(name, limits)
    return b"".join(parts)


def _sayer(names: tuple[str, ...] | None) -> Callable[[Any], str]:
    def say(cell: Any) -> str:
        if cell is None:
            return ""
        if names is not None and isinstance(cell, int):
            return names[cell] if 0 <= cell < len(names) else ""  # -1 is a label kept secret
        return str(cell)

    return say


def class_names(metadata: Mapping[bytes, bytes]) -> dict[str, tuple[str, ...]]:
    """The names of classes by column, as the datasets library writes them into a file's schema."""
    try:
        features = json.loads(metadata[b"huggingface"])["info"]["features"]
        return {
            column: tuple(map(str, feature["names"]))
            for column, feature in features.items()
            if isinstance(feature, dict) and feature.get("_type") == "ClassLabel"
        }
    except (KeyError, ValueError, TypeError, AttributeError):
        return {}
