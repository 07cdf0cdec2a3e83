"""Which runs the shown one is compared with."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import streamlit as st

from dashboard import cached, selection, views
from dashboard.index import Entry
from dashboard.library import library
from dashboard.samples import FINISHED
from dashboard.selection import SAMPLE, Selection
from dashboard.shown import find_run
from dashboard.words import listed
from probing import figures
from probing.errors import ProbingError
from probing.language import tr
from probing.record import Run

MOST = figures.RUNS - 1
_LISTED = 50  # of the visitor's own runs, the newest


def choose(run: Run, chosen: Selection) -> list[Run]:
    """The runs to compare ``run`` with, as the visitor may see them; what to do where none is."""
    shown = chosen.run or SAMPLE
    titles = {other: title for other, title in _own().items() if other != shown}
    wanted = selection.compared(MOST)
    if wanted is None:
        wanted = _alike(run, list(titles))
    opened = {other: _open(other, chosen) for other in wanted if other != shown}
    found = {other: there for other, there in opened.items() if there is not None}
    for other, there in found.items():
        titles.setdefault(other, _title(there.record, ""))
    _widgets(titles, list(found))
    if len(found) < len(opened):
        st.warning(
            tr(
                "A run of this comparison does not open here: it is still being computed, was "
                "deleted, or is not shared."
            ),
            icon=":material/link_off:",
        )
    if not found:
        _nothing(titles)
    return list(found.values())


def _widgets(titles: dict[str, str], found: Sequence[str]) -> None:
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
        selection.show_compared(found, "compare_runs")
        st.multiselect(
            tr("Compare with"),
            list(titles),
            format_func=titles.__getitem__,
            key="compare_runs",
            max_selections=MOST,
            placeholder=tr("choose one run or more"),
            on_change=selection.take_compared,
            args=("compare_runs",),
            width=560,
            wrap=True,
        )
        st.text_input(
            tr("or add a run by its link"),
            key="compare_link",
            placeholder="https://…/layers?run=…",
            on_change=selection.take_link,
            args=("compare_link", "compare_runs", MOST),
            width=320,
        )
    if selection.link_refused():
        st.warning(
            tr("That is no link of a run: it ends with run= and 32 letters and figures."),
            icon=":material/link_off:",
        )


def _nothing(titles: dict[str, str]) -> None:
    """What to do where there is nothing to compare with."""
    if titles:
        st.info(
            tr(
                "Choose a run above. Runs of the same sentences are compared sentence by sentence; "
                "of others the scores are drawn beside each other."
            ),
            icon=":material/compare_arrows:",
        )
        return
    st.info(
        tr(
            "There is one run here. Make a second one of the same sentences with another encoder, "
            "before and after fine-tuning, or with other data: choose them under Data and press "
            "Run probes."
        ),
        icon=":material/compare_arrows:",
    )
    if st.button(tr("Make another run"), type="primary", icon=":material/add:"):
        st.switch_page(views.pages()["data"])


# ---- which there are


def _own() -> dict[str, str]:
    """Id → title of the visitor's stored runs, the newest first, and of the bundled sample's."""
    runs = library()
    found = {}
    for entry in runs.of(selection.visitor())[:_LISTED]:
        folder = runs.folder(entry.id)
        if not folder.is_dir():
            continue
        try:
            found[entry.id] = entry.title or _title(cached.record(folder), _made(entry))
        except (ProbingError, OSError, KeyError, TypeError, ValueError):
            continue  # damaged: the list of runs says so
    return found | {SAMPLE: listed((tr("The sample run"), _title(cached.record(FINISHED), "")))}


def _title(record: Mapping[str, Any], made: str) -> str:
    """``reviews.csv, category · all-MiniLM-L6-v2 · 2026-11-23 06:49``."""
    data, encoder = record["data"], record["encoder"]
    label = data["columns"]["label"]
    name = f"{data['name']}, {label}" if label else str(data["name"])
    return " · ".join(filter(None, [name, str(encoder["id"]), made]))


def _made(entry: Entry) -> str:
    return datetime.fromtimestamp(entry.created, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _open(run: str, chosen: Selection) -> Run | None:
    """The run as the visitor may see it; None where it does not open."""
    return find_run(Selection(run=None if run == SAMPLE else run, dark=chosen.dark))


def _alike(run: Run, others: Sequence[str]) -> tuple[str, ...]:
    """The newest other run with the very same sentences and labels, before anything is chosen."""
    runs = library()
    wanted = run.record["data"]["fingerprint"]
    if not wanted:  # hidden: whether it has the same sentences as another is not told
        return ()
    for other in others:
        folder = FINISHED if other == SAMPLE else runs.folder(other)
        if cached.record(folder)["data"]["fingerprint"] == wanted:
            return (other,)
    return ()
