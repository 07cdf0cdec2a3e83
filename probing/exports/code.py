"""A run as code: a script or a notebook that makes it again from the CSV beside it."""

import json
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from probing.errors import SettingsError
from probing.hiding import is_hidden
from probing.quality import used
from probing.sentences import COLUMN
from probing.settings import Settings
from probing.spreadsheets import write_csv

if TYPE_CHECKING:
    from probing.record import Run

SENTENCES = "sentences.csv"
"""The file that the code reads; ``write_sentences`` makes it."""

_IMPORTS = """\
import csv
from pathlib import Path

import pandas as pd

import probing
from probing.spreadsheets import restored"""
_READ = """\
HERE = {here}
csv.field_size_limit(2**31 - 1)
with (HERE / "{file}").open(encoding="utf-8-sig", newline="") as file:
    # a cell that a spreadsheet would compute has an apostrophe in front: take it off
    rows = [{{k: restored(cell) for k, cell in row.items()}} for row in csv.DictReader(file)]"""
_BESIDE = f"""\
    beside={{
        name.removeprefix("{COLUMN}"): tuple(row[name] for row in rows)
        for name in rows[0]
        if name.startswith("{COLUMN}")
    }},"""
_COMPARE = """\
# where the run's own probes.csv lies here too: are the scores the same?
if (HERE / "probes.csv").exists():
    before = pd.read_csv(HERE / "probes.csv")
    largest = (run.table["{score}"] - before["{score}"]).abs().max()
    print("largest difference of a score:", largest)"""


def script(run: "Run") -> str:
    """A Python program that makes the run again and prints its table.

    It reads ``sentences.csv`` beside it and needs this package and the encoder; on the same
    machine the scores are the same. Raises SettingsError for a run without its sentences.
    """
    _refuse_hidden(run)
    here = "Path(__file__).resolve().parent"
    blocks = [
        '"""Makes a run of CLS Probe again: python reproduce.py"""',
        _IMPORTS,
        f"{_about(run)}\n{_READ.format(here=here, file=SENTENCES)}\n{_sentences(run)}",
        f"{_run(run)}\nprint(run.table.to_string())",
        *_compare(run),
    ]
    return "\n\n".join(blocks) + "\n"


def notebook(run: "Run") -> str:
    """The same as a Jupyter notebook (format 4.5, as JSON), with a chart."""
    _refuse_hidden(run)
    chart = '"accuracy"' if run.kind != "none" else '"geometry"'
    title = "# A run of CLS Probe, made again\n\nNeeds CLS Probe, and `sentences.csv` beside it."
    blocks = [
        _IMPORTS,
        f"{_about(run)}\n{_READ.format(here='Path()', file=SENTENCES)}\n{_sentences(run)}",
        f"{_run(run)}\nrun",
        "run.table",
        f"run.figure({chart})",
        *_compare(run),
    ]
    return as_notebook([("markdown", title), *(("code", block) for block in blocks)])


def command(run: "Run") -> str:
    """The command that makes the run again from the file that it was made of.

    Only options that differ from the command's own are named. Raises SettingsError for a run
    without its sentences.
    """
    _refuse_hidden(run)
    data, usual = run.record["data"], asdict(Settings())
    words = ["python", "-m", "probing", "run", str(data["name"])]
    columns = {name: data["columns"][name] for name in ("text", "label", "split")}
    for name, value in {**columns, **_chosen(run)}.items():
        if name in columns and value is None:
            value = "none"  # else it would be guessed
        if name in columns or value != usual[name]:
            said = ",".join(value) if isinstance(value, tuple) else str(value)
            words += [f"--{name}", said]
    return shlex.join(words)


def cite(run: "Run") -> str:
    """What a paper says of the run, in plain text: data, encoder, scoring, versions."""
    data, encoder, record = run.record["data"], run.record["encoder"], run.record
    kept = record["settings"]
    versions = ", ".join(f"{name} {found}" for name, found in record["versions"].items())
    facts = (
        f"CLS Probe {record['versions']['cls-probe']}, run {run.id}, {record['created'][:10]}.",
        f"Data: {data['name']}, {data['rows_used']:,} sentences.",
        f"Encoder: {encoder['id']}, revision {encoder['revision'] or 'unknown'}, "
        f"{encoder['layers']} layers.",
        f"{record['scoring'] or 'No probes'}; poolings {', '.join(kept['poolings_used'])}; "
        f"seed {kept['seed']}.",
        f"Computed with {versions}.",
    )
    return "\n".join(_line(fact) for fact in facts)


def as_notebook(cells: list[tuple[str, str]]) -> str:
    """(``markdown`` or ``code``, source) cells as a notebook without outputs.

    Source: https://nbformat.readthedocs.io/en/latest/format_description.html
    """
    made: list[dict[str, Any]] = []
    for number, (kind, source) in enumerate(cells):
        cell: dict[str, Any] = {"cell_type": kind, "id": f"cell-{number}", "metadata": {}}
        if kind == "code":
            cell |= {"execution_count": None, "outputs": []}
        made.append({**cell, "source": source.splitlines(keepends=True)})
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    content = {"cells": made, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


def write_sentences(run: "Run", path: Path) -> None:
    """The run's sentences as a CSV: the table that ``quality.used`` gives.


    Safe to open in a spreadsheet; ``probing.spreadsheets.restored`` gives each cell back.
    """
    _refuse_hidden(run)
    write_csv(used(run.sentences), path)


def _refuse_hidden(run: "Run") -> None:
    """Code that makes another run than this one is worse than none."""
    if is_hidden(run):
        raise SettingsError(
            "this run is shown without its sentences, so nothing here can make it again. Ask "
            "whoever made it."
        )


def _about(run: "Run") -> str:
    """What the run was, as comments: a file's name may hold anything."""
    data, encoder = run.record["data"], run.record["encoder"]
    versions = ", ".join(f"{name} {found}" for name, found in run.record["versions"].items())
    facts = (
        f"data: {data['name']}, {data['rows_used']:,} of {data['rows_read']:,} rows",
        f"encoder: {encoder['id']}, revision {encoder['revision']}",
        f"made {run.record['created']} with {versions}",
    )
    return "\n".join(f"# {_line(fact)}" for fact in (*facts, *_changes(data)))


def _changes(data: Mapping[str, Any]) -> Iterator[str]:
    """What was done to the labels of the file; those in ``sentences.csv`` are the run's own."""
    if data.get("relabelled"):
        pairs = (f"{old!r} became {new!r}" for old, new in data["relabelled"].items())
        yield f"labels renamed: {', '.join(pairs)}"
    if data.get("left_out_labels"):
        yield f"labels left out: {', '.join(map(repr, data['left_out_labels']))}"


def _line(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _sentences(run: "Run") -> str:
    named = {"text": "texts", "label": "labels", "split": "splits"}
    lines = [
        f'    {field}=tuple(row["{column}"] for row in rows),'
        for column, field in named.items()
        if getattr(run.sentences, field) is not None
    ]
    lines.append('    rows=tuple(int(row["row"]) for row in rows),')
    if run.sentences.beside:
        lines.append(_BESIDE)
    return "\n".join(["sentences = probing.Sentences(", *lines, ")"])


def _run(run: "Run") -> str:
    """The call with the run's settings, what was left open then being what came of it."""
    lines = [f"    {name}={value!r}," for name, value in _chosen(run).items()]
    return "\n".join(["run = probing.run(", "    sentences,", *lines, ")"])


def _chosen(run: "Run") -> dict[str, Any]:
    """The run's settings by name."""
    kept = run.record["settings"]
    chosen = {f.name: kept[f.name] for f in fields(Settings) if f.name in kept}
    chosen["poolings"] = tuple(chosen["poolings"])
    if run.kind != "none":
        chosen["target"] = run.kind
    if run.record["encoder"]["source"] == "hub":
        chosen["revision"] = run.record["encoder"]["revision"]
    return chosen


def _compare(run: "Run") -> list[str]:
    score = {"classes": "accuracy", "numbers": "r2"}.get(run.kind)
    return [] if score is None else [_COMPARE.format(score=score)]
