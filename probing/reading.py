"""An uploaded CSV to ``Sentences``: which rows can be used, which cannot and why."""

import os
from collections import Counter
from pathlib import Path
from typing import BinaryIO

from probing.beside import beside
from probing.columns import (
    SPLIT_WORDS,
    Columns,
    guess_columns,
    guess_label,
    guess_split,
    guess_text,
    likely_labels,
)
from probing.errors import DataError
from probing.labels import check_labels
from probing.language import say
from probing.parsing.cells import listed, shown
from probing.sentences import Dropped, Sentences, Source
from probing.tables import Limits, Table, read_table, too_large

__all__ = [
    "NONE",
    "Columns",
    "Limits",
    "Table",
    "check_labels",
    "choose_columns",
    "guess_columns",
    "likely_labels",
    "read_csv",
    "read_table",
    "select",
]

NONE = "none"
"""Given as label or split: use none, unless a column has exactly this name."""


def read_csv(
    source: str | os.PathLike[str] | bytes | BinaryIO,
    *,
    text: str | None = None,
    label: str | None = None,
    split: str | None = None,
    name: str | None = None,
    header: bool | None = None,
    limits: Limits | None = None,
) -> Sentences:
    """The sentences in a CSV file, with its encoding, dialect, header and columns found out.

    ``source`` is a path, the file's bytes, or a file opened for reading bytes. ``text``, ``label``
    and ``split`` name columns; None guesses, and ``"none"`` (``NONE``) means no label or split.
    ``name`` is the file's name for messages, ``header`` whether the first record names the
    columns (None finds out). Rows with blank text, too few or too many fields, no label, or a text
    or label beyond ``limits`` are left out and listed in ``source.dropped``; a blank line is
    no row.
    Raises ``DataError`` for a file that cannot be read, a column that is not there and a
    named label that cannot be probed (see ``check_labels``). Takes about 0.1 s per MB.
    """
    limits = limits or Limits()
    data, name = read_bytes(source, name, limits)
    table = read_table(data, name, header=header, limits=limits)
    named = {given for given in (text, label, split) if given not in (None, NONE)}
    if header is None and not table.has_header and named and named <= set(table.records[0]):
        table = read_table(data, name, header=True, limits=limits)
    sentences = select(table, choose_columns(table, text, label, split), limits)
    if label is not None:
        check_labels(sentences, None)
    return sentences


def read_bytes(
    source: str | os.PathLike[str] | bytes | BinaryIO, name: str | None, limits: Limits
) -> tuple[bytes, str]:
    """Bytes of ``source`` and its name without folders; nothing is read beyond the limit."""
    if isinstance(source, bytes):
        return source, name or "the file"
    if isinstance(source, str | os.PathLike):
        path = Path(source)
        name, there = name or path.name or str(path), shown(str(path), 200)
        try:
            with path.open("rb") as file:
                return _bounded(file, shown(name, 100), limits), name
        except FileNotFoundError:
            refusal = DataError("there is no file {path}. Check the path.", path=there)
        except IsADirectoryError:
            refusal = DataError("{path} is a folder. Name the CSV file in it.", path=there)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            refusal = DataError(
                "cannot open {path}: {reason}. Check the path.", path=there, reason=reason
            )
        raise refusal
    own = getattr(source, "name", None)
    name = name or (Path(own).name if isinstance(own, str) and own else "the file")
    return _bounded(source, shown(name, 100), limits), name


def _bounded(file: BinaryIO, name: str, limits: Limits) -> bytes:
    data = file.read(limits.max_bytes + 1)
    if not isinstance(data, bytes):
        raise DataError('{name} was opened as text. Open it as bytes: open(path, "rb").', name=name)
    if len(data) > limits.max_bytes:
        raise too_large(name, limits)
    return data


def choose_columns(
    table: Table, text: str | None = None, label: str | None = None, split: str | None = None
) -> Columns:
    """Named columns checked, unnamed ones guessed. Raises ``DataError`` for one that is absent
    or named twice."""
    given = {
        "text": _column(table, text, "text") if text is not None else None,
        "label": _optional(table, label, "label"),
        "split": _optional(table, split, "split"),
    }
    used = [column for column in given.values() if column is not None]
    for column in used:
        if used.count(column) > 1:
            roles = " and ".join(role for role, each in given.items() if each == column)
            raise DataError(
                "column '{column}' was named as {roles!s}. Name a column of its own for each.",
                column=shown(column),
                roles=roles,
            )
    taken = set(used)
    chosen_split = given["split"] if split is not None else guess_split(table, taken)
    chosen_text = given["text"] or guess_text(table, {*taken, chosen_split})
    guessed = guess_label(table, {*taken, chosen_split, chosen_text})
    return Columns(chosen_text, given["label"] if label is not None else guessed, chosen_split)


def _optional(table: Table, column: str | None, role: str) -> str | None:
    if column is None or (column == NONE and NONE not in table.columns):
        return None
    return _column(table, column, role)


def _column(table: Table, column: str, role: str) -> str:
    for name in (column, column.strip()):
        if name in table.columns:
            return name
    raise DataError(
        "column '{column}' is not in {name}; it has: {columns!s}. Name one with --{role}.",
        column=shown(column),
        name=table.name,
        columns=listed(table.columns, 20),
        role=role,
    )


def select(table: Table, columns: Columns, limits: Limits | None = None) -> Sentences:
    """The usable rows of ``table``, in its order, with the numbers they have in the file.

    Left out and listed, for the first reason that holds: ragged, blank text, text longer than
    ``limits.max_text_chars``, missing label, label longer than ``limits.max_label_chars``, missing
    split. Raises ``DataError`` where no row is left, or the split column holds other words than
    the usual ones for train, dev and test. The other columns come along (see ``probing.beside``).
    """
    limits = limits or Limits()
    text = _cells(table, columns.text)
    label = None if columns.label is None else _cells(table, columns.label)
    split = None if columns.split is None else _splits(table, columns.split)
    kept: list[int] = []
    reasons: dict[str, list[int]] = {}
    for i, cell in enumerate(text):
        reason = _unusable(
            cell,
            limits,
            label=None if label is None else label[i],
            split=None if split is None else split[i],
        )
        (kept if reason is None else reasons.setdefault(reason, [])).append(i)
    dropped = (
        *table.dropped,
        *(
            Dropped(reason, tuple(table.rows[i] for i in at), tuple(table.lines[i] for i in at))
            for reason, at in reasons.items()
        ),
    )
    if not kept:
        counts = ", ".join(
            say("{n:,} {reason!s}", n=len(each.rows), reason=each.reason) for each in dropped
        )
        raise DataError(
            "no row of {name} can be used with column '{text}' as text: {counts!s}. Name another "
            "with --text.",
            name=table.name,
            text=shown(columns.text),
            counts=counts,
        )
    others, notices = beside(table, columns, kept)
    return Sentences(
        texts=tuple(text[i] for i in kept),
        labels=None if label is None else tuple(label[i] for i in kept),
        splits=None if split is None else tuple(split[i] for i in kept),
        rows=tuple(table.rows[i] for i in kept),
        source=_source(table, columns, dropped, notices),
        beside=others,
    )


def _unusable(text: str, limits: Limits, label: str | None, split: str | None) -> str | None:
    """Why a row cannot be used, or None; ``label`` and ``split`` are None where not asked for."""
    if not text.strip():
        return say("blank text")
    if len(text) > limits.max_text_chars:
        return say("text longer than {most:,} characters", most=limits.max_text_chars)
    if label is not None and not label.strip():
        return say("missing label")
    if label is not None and len(label) > limits.max_label_chars:
        return say("label longer than {most:,} characters", most=limits.max_label_chars)
    return say("missing split") if split == "" else None


def _cells(table: Table, column: str) -> tuple[str, ...]:
    if column not in table.columns:
        raise DataError(
            "column '{column}' is not in {name}; it has: {columns!s}.",
            column=shown(column),
            name=table.name,
            columns=listed(table.columns, 20),
        )
    at = table.columns.index(column)
    return tuple(record[at] for record in table.records)


def _splits(table: Table, column: str) -> tuple[str, ...]:
    """``train``, ``dev``, ``test`` or, where the cell is blank, the empty string, per record."""
    words = [cell.strip().casefold() for cell in _cells(table, column)]
    unknown = Counter(word for word in words if word and word not in SPLIT_WORDS)
    if unknown:
        raise DataError(
            "column '{column}' of {name} is no split: it holds {words!s}; a split says train, "
            "dev (or val, validation) or test. Name another with --split, or none.",
            column=shown(column),
            name=table.name,
            words=listed((word for word, _ in unknown.most_common()), 8),
        )
    return tuple(SPLIT_WORDS.get(word, "") for word in words)


def _source(
    table: Table, columns: Columns, dropped: tuple[Dropped, ...], notices: tuple[str, ...]
) -> Source:
    return Source(
        name=table.name,
        encoding=table.encoding,
        delimiter=table.delimiter,
        columns=table.columns,
        has_header=table.has_header,
        text_column=columns.text,
        label_column=columns.label,
        split_column=columns.split,
        rows_read=table.rows_read,
        dropped=dropped,
        notices=(*table.notices, *notices),
    )
