"""The only cache decorators. Keys are fingerprints; data goes in as ``_underscore`` arguments."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import streamlit as st

from dashboard.limits import reading_limits
from probing import figures, reading, store
from probing.mechanism import shelf
from probing.mechanism.values import Inside, Look
from probing.progress import CellScore
from probing.record import Run
from probing.sentences import Sentences


@st.cache_resource(max_entries=8, show_spinner=False)
def table(digest: str, _data: bytes, name: str) -> reading.Table:
    """The table in a file's bytes, by their SHA-256."""
    return reading.read_table(_data, name, limits=reading_limits())


@st.cache_resource(max_entries=16, show_spinner=False)
def sentences(digest: str, columns: reading.Columns, _table: reading.Table) -> Sentences:
    """The sentences of a table, by the file's SHA-256 and the columns."""
    return reading.select(_table, columns, reading_limits())


@st.cache_resource(max_entries=16, show_spinner=False)
def _run(folder: str, stamp: int) -> Run:
    return store.load_run(folder)


def run(folder: Path) -> Run:
    """A stored run; read anew when its ``run.json`` has changed."""
    return _run(str(folder), (folder / store.RUN).stat().st_mtime_ns)


@st.cache_resource(max_entries=16, show_spinner=False)
def _inside(folder: str, stamp: int) -> Inside | None:
    return shelf.load(Path(folder))


def inside(folder: Path) -> Inside | None:
    """What was measured inside the encoder of a stored run so far; None before that."""
    return _inside(str(folder), inside_stamp(folder))


def inside_stamp(folder: Path) -> int:
    """Changes with what ``inside`` gives."""
    path = folder / shelf.FOLDER / shelf.INSIDE
    return path.stat().st_mtime_ns if path.exists() else 0


@st.cache_resource(max_entries=64, show_spinner=False)
def look(job: str, _result: Mapping[str, Any]) -> Look:
    """The look at a sentence that a job found."""
    return shelf.look_from_json(_result)


@st.cache_resource(max_entries=64, show_spinner=False)
def first_scores(job: str, count: int, dark: bool, _cells: tuple[CellScore, ...]) -> Any:
    """The scores of the first ``count`` cells of a job; drawn once, though looked at often."""
    return figures.first_scores(_cells, dark=dark)


@st.cache_resource(max_entries=64, show_spinner=False)
def _figure(run_id: str, name: str, dark: bool, options: tuple[Any, ...], _run: Run) -> Any:
    return _run.figure(name, dark=dark, **dict(options))


@st.cache_resource(max_entries=64, show_spinner=False)
def _of_value(key: str, _draw: Callable[[], Any]) -> Any:
    return _draw()


def of_value(run: Run, draw: Callable[..., Any], value: Any, **options: Any) -> Any:
    """The figure ``draw`` of a small frozen value of a run, drawn once; read only."""
    key = f"{run.id} {draw.__name__} {value!r} {sorted(options.items())}"
    return _of_value(key, partial(draw, value, **options))


def figure(run: Run, name: str, *, dark: bool, **options: Any) -> Any:
    """A figure of a run that no map is in, drawn once; read only."""
    return _figure(run.id, name, dark, tuple(sorted(options.items())), run)
