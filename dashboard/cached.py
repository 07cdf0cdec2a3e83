"""The only cache decorators. Keys are fingerprints; data goes in as ``_underscore`` arguments."""

from pathlib import Path
from typing import Any

import streamlit as st

from probing import figures, reading, store
from probing.progress import CellScore
from probing.record import Run
from probing.sentences import Sentences


@st.cache_resource(max_entries=8, show_spinner=False)
def table(digest: str, _data: bytes, name: str) -> reading.Table:
    """The table in a file's bytes, by their SHA-256."""
    return reading.read_table(_data, name)


@st.cache_resource(max_entries=16, show_spinner=False)
def sentences(digest: str, columns: reading.Columns, _table: reading.Table) -> Sentences:
    """The sentences of a table, by the file's SHA-256 and the columns."""
    return reading.select(_table, columns)


@st.cache_resource(max_entries=16, show_spinner=False)
def _run(folder: str, stamp: int) -> Run:
    return store.load_run(folder)


def run(folder: Path) -> Run:
    """A stored run; read anew when its ``run.json`` has changed."""
    return _run(str(folder), (folder / store.RUN).stat().st_mtime_ns)


@st.cache_resource(max_entries=64, show_spinner=False)
def first_scores(job: str, count: int, dark: bool, _cells: tuple[CellScore, ...]) -> Any:
    """The scores of the first ``count`` cells of a job; drawn once, though looked at often."""
    return figures.first_scores(_cells, dark=dark)


@st.cache_resource(max_entries=64, show_spinner=False)
def _figure(run_id: str, name: str, dark: bool, options: tuple[Any, ...], _run: Run) -> Any:
    return _run.figure(name, dark=dark, **dict(options))


def figure(run: Run, name: str, *, dark: bool, **options: Any) -> Any:
    """A figure of a run that no map is in, drawn once; read only."""
    return _figure(run.id, name, dark, tuple(sorted(options.items())), run)
