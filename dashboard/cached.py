"""The only cache decorators. Keys are fingerprints; data goes in as ``_underscore`` arguments."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import streamlit as st

from dashboard import apart
from dashboard.limits import reading_limits
from dashboard.panels import map_colours
from probing import between, figures, keywords, paths, reading, sentence_table, store
from probing.figures.colouring import Colouring
from probing.hiding import hide_inside, hide_run
from probing.language import language
from probing.mechanism import shelf
from probing.mechanism.values import Inside, Look
from probing.progress import CellScore
from probing.quality import Quality, examine
from probing.record import Run
from probing.relabelling import Relabelling, relabel
from probing.sentences import Sentences


@st.cache_resource(max_entries=8, show_spinner=False)
def table(digest: str, _data: bytes, name: str, whose: str = "") -> reading.Table:
    """The table in a file's bytes, by their SHA-256.

    ``whose`` file it is: what is there at once would tell that somebody else gave the same.
    """
    return apart.read(_data, name, reading_limits())


@st.cache_resource(max_entries=16, show_spinner=False)
def sentences(
    digest: str, columns: reading.Columns, _table: reading.Table, whose: str = ""
) -> Sentences:
    """The sentences of a table, by the file's SHA-256 and the columns."""
    return reading.select(_table, columns, reading_limits())


@st.cache_resource(max_entries=16, show_spinner=False)
def likely_labels(
    digest: str, columns: reading.Columns, _table: reading.Table, whose: str = ""
) -> tuple[str, ...]:
    """The columns of a table that could be the label, beside the text and the split chosen."""
    return reading.likely_labels(_table, (columns.text, columns.split))


@st.cache_resource(max_entries=16, show_spinner=False)
def relabelled(key: str, change: Relabelling, _sentences: Sentences) -> Sentences:
    """Sentences after a change of their labels; ``key`` names them and whose they are."""
    return relabel(_sentences, change)


@st.cache_resource(max_entries=16, show_spinner=False)
def quality(key: str, change: Relabelling, numbers: bool, _sentences: Sentences) -> Quality:
    """What is to mend in sentences after a change of their labels."""
    return examine(_sentences, numbers=numbers)


@st.cache_resource(max_entries=64, show_spinner=False)
def _of_sentences(
    key: str, change: Relabelling, name: str, dark: bool, spoken: str, _draw: Callable[[], Any]
) -> Any:
    return _draw()


def of_sentences(
    key: str, change: Relabelling, draw: Callable[..., Any], sentences: Sentences, *, dark: bool
) -> Any:
    """A figure of sentences after a change of their labels, drawn once; read only."""
    made = partial(draw, sentences, dark=dark)
    return _of_sentences(key, change, draw.__name__, dark, language(), made)


@st.cache_resource(max_entries=16, show_spinner=False)
def _run(folder: str, stamp: int, texts: bool) -> Run:
    found = store.load_run(folder)
    return found if texts else hide_run(found)


def run(folder: Path, *, texts: bool = True) -> Run:
    """A stored run, or what others see of it; read anew when its ``run.json`` has changed."""
    return _run(str(folder), (folder / store.RUN).stat().st_mtime_ns, texts)


def stamp(folder: Path) -> int:
    """Changes with what ``run`` gives."""
    path = folder / store.RUN
    return path.stat().st_mtime_ns if path.exists() else 0


@st.cache_resource(max_entries=256, show_spinner=False)
def _record(folder: str, stamp: int) -> Mapping[str, Any]:
    record = store.read_record(Path(folder))
    return {name: record[name] for name in ("created", "data", "encoder")}


def record(folder: Path) -> Mapping[str, Any]:
    """What a list of runs says of one."""
    return _record(str(folder), (folder / store.RUN).stat().st_mtime_ns)


def forget_runs() -> None:
    """Let go of runs that were deleted: memory maps would keep their files on the disk."""
    for cache in (
        *(_run, _record, _inside, _figure, _of_value, _colouring, _comparison),
        *(relabelled, quality, _of_sentences),
    ):
        cache.clear()


@st.cache_resource(max_entries=16, show_spinner=False)
def _inside(folder: str, stamp: int) -> Inside | None:
    return shelf.load(Path(folder))


def inside(folder: Path, *, texts: bool = True) -> Inside | None:
    """What was measured inside the encoder of a stored run so far; None before that.

    Without ``texts``: what others see of it.
    """
    found = _inside(str(folder), inside_stamp(folder))
    return found if texts or found is None else hide_inside(found)


def inside_stamp(folder: Path) -> int:
    """Changes with what ``inside`` gives."""
    path = folder / shelf.FOLDER / shelf.INSIDE
    return path.stat().st_mtime_ns if path.exists() else 0


@st.cache_resource(max_entries=64, show_spinner=False)
def look(job: str, _result: Mapping[str, Any]) -> Look:
    """The look at a sentence that a job found."""
    return shelf.look_from_json(_result)


@st.cache_resource(max_entries=64, show_spinner=False)
def _first_scores(
    job: str, count: int, dark: bool, spoken: str, _cells: tuple[CellScore, ...]
) -> Any:
    return figures.first_scores(_cells, dark=dark)


def first_scores(job: str, count: int, dark: bool, cells: tuple[CellScore, ...]) -> Any:
    """The scores of the first ``count`` cells of a job; drawn once, though looked at often."""
    return _first_scores(job, count, dark, language(), cells)


@st.cache_resource(max_entries=256, show_spinner=False)
def _figure(
    run_id: str,
    texts: str,
    name: str,
    dark: bool,
    spoken: str,
    options: tuple[Any, ...],
    _run: Run,
) -> Any:
    return _run.figure(name, dark=dark, **dict(options))


@st.cache_resource(max_entries=256, show_spinner=False)
def _of_value(key: str, _draw: Callable[[], Any]) -> Any:
    return _draw()


def of_value(run: Run, draw: Callable[..., Any], value: Any, **options: Any) -> Any:
    """The figure ``draw`` of a small frozen value of a run, drawn once; read only."""
    key = f"{run.id} {draw.__name__} {value!r} {sorted(options.items())} {language()}"
    return _of_value(key, partial(draw, value, **options))


@st.cache_resource(max_entries=64, show_spinner=False)
def _colouring(
    run_id: str,
    texts: str,
    colour: str,
    layer: int,
    pooling: str,
    dark: bool,
    language: str,
    _run: Run,
) -> Colouring:
    return map_colours.colouring(_run, colour, layer, pooling, dark=dark)


def colouring(run: Run, colour: str, layer: int, pooling: str, *, dark: bool) -> Colouring:
    """How the points of a run's maps look; read only."""
    texts = run.sentences.fingerprint
    return _colouring(run.id, texts, colour, layer, pooling, dark, language(), run)


@st.cache_resource(max_entries=4, show_spinner=False)
def _folded(texts: str, _run: Run) -> tuple[str, ...]:
    return tuple(text.casefold() for text in _run.sentences.texts)


def folded(run: Run) -> tuple[str, ...]:
    """The run's texts, as a search in any case needs them."""
    return _folded(run.sentences.fingerprint, run)


@st.cache_resource(max_entries=4, show_spinner=False)
def _texts(fingerprint: str, _run: Run) -> frozenset[str]:
    return frozenset(_run.sentences.texts)


def texts(run: Run) -> frozenset[str]:
    """The distinct texts of a run."""
    return _texts(run.sentences.fingerprint, run)


@st.cache_resource(max_entries=4, show_spinner=False)
def _vocabulary(texts: str, _run: Run) -> keywords.Vocabulary:
    return keywords.Vocabulary.of(_run.sentences.texts)


def vocabulary(run: Run) -> keywords.Vocabulary:
    """The words of a run's texts."""
    return _vocabulary(run.sentences.fingerprint, run)


def figure(run: Run, name: str, *, dark: bool, **options: Any) -> Any:
    """A figure of a run, drawn once; read only. Not for maps of strangers' runs: they are large."""
    texts = run.sentences.fingerprint  # others may see the run without its sentences
    return _figure(run.id, texts, name, dark, language(), tuple(sorted(options.items())), run)


@st.cache_resource(max_entries=64, show_spinner=False)
def _sentence_table(
    run_id: str, texts: str, layer: int, pooling: str, wanted: sentence_table.Filter, _run: Run
) -> Any:
    return sentence_table.table(_run, layer, pooling, wanted)


def sentence_table_of(run: Run, layer: int, pooling: str, wanted: sentence_table.Filter) -> Any:
    """The wanted sentences of a run with what a cell predicts; read only."""
    return _sentence_table(run.id, run.sentences.fingerprint, layer, pooling, wanted, run)


@st.cache_resource(max_entries=64, show_spinner=False)
def _comparison(
    runs: tuple[str, str],
    texts: tuple[str, str],
    names: tuple[str, str],
    among: int,
    _a: Run,
    _b: Run,
) -> between.Comparison:
    return between.compare(_a, _b, names=names, among=among)


def comparison(a: Run, b: Run, names: tuple[str, str], among: int) -> between.Comparison:
    """How two runs compare, ``among`` so many; read only."""
    texts = (a.sentences.fingerprint, b.sentences.fingerprint)
    return _comparison((a.id, b.id), texts, names, among, a, b)


@st.cache_resource(max_entries=64, show_spinner=False)
def _nearest(
    run_id: str, texts: str, index: int, layer: int, pooling: str, z: bool, _run: Run
) -> Any:
    return paths.nearest_to(_run, index, layer, pooling, z=z)


def nearest(run: Run, index: int, layer: int, pooling: str, z: bool) -> Any:
    """The sentences near one in a cell; read only."""
    return _nearest(run.id, run.sentences.fingerprint, index, layer, pooling, z, run)
