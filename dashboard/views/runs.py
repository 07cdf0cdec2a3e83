"""Runs: the visitor's own stored runs, and the way in for exported ones."""

import secrets
from datetime import UTC, datetime

import streamlit as st

from dashboard import cached, selection, views
from dashboard.index import Entry
from dashboard.jobs import jobs
from dashboard.library import Library, library
from dashboard.limits import refused
from dashboard.panels import share
from dashboard.selection import Selection
from dashboard.words import plain, said
from probing import archive
from probing.errors import ProbingError, RunFolderError
from probing.language import tr, tr_n

_PAGE = 20  # runs shown at once


def show(chosen: Selection) -> None:
    """List the visitor's runs, newest first."""
    runs = library()
    st.title(tr("Your runs"), anchor=False)
    if runs.limits.public:
        st.caption(
            tr(
                "Those that this browser made. It is known by a cookie: whoever deletes it, or "
                "uses another browser, finds no run here; a shared run's link still opens it."
            )
        )
    found = _stored(runs)
    if not found:
        st.info(tr("No run yet: choose sentences under **Data** and press **Run probes**."))
    for entry in _page(found):
        _card(entry, runs, open_now=chosen.run == entry.id)
    _import(runs)


def _stored(runs: Library) -> list[Entry]:
    """The visitor's runs that are stored or on their way."""
    mine = runs.of(selection.visitor())
    return [e for e in mine if runs.folder(e.id).is_dir() or _busy(e.id)]


def _busy(run: str) -> bool:
    status = jobs().status(run)
    return status is not None and not status.over


def _page(found: list[Entry]) -> list[Entry]:
    pages = (len(found) - 1) // _PAGE + 1
    if pages <= 1:
        return found
    label = tr("Page of {pages}").format(pages=f"{pages:,}")
    page = int(
        st.number_input(
            label, 1, pages, width=160, **selection.linked("runs_page", 1, range(1, pages + 1))
        )
    )
    return found[(page - 1) * _PAGE : page * _PAGE]


def _card(entry: Entry, runs: Library, *, open_now: bool) -> None:
    with st.container(border=True):
        title, facts = _described(entry, runs)
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown("**" + plain(title) + "**" + (" · " + tr("shown now") if open_now else ""))
            opened = st.button(tr("Open"), key=f"open:{entry.id}", icon=":material/open_in_new:")
            managed = selection.managed_run() == entry.id
            st.button(
                tr("Close") if managed else tr("Rename, share, export, delete"),
                key=f"manage:{entry.id}",
                on_click=selection.manage_run,
                args=(None if managed else entry.id,),
            )
        st.caption(facts)
        if managed:
            share.show(entry)
    if opened:
        selection.open_run(entry.id)
        st.switch_page(views.pages()["layers"], query_params={"run": entry.id})


def _described(entry: Entry, runs: Library) -> tuple[str, str]:
    """Title, and what else tells runs apart."""
    made = datetime.fromtimestamp(entry.created, UTC).strftime("%Y-%m-%d %H:%M UTC")
    facts, name = [made], tr("Run")
    folder = runs.folder(entry.id)
    if folder.is_dir():
        try:
            record = cached.record(folder)
            name = str(record["data"]["name"])
            n = int(record["data"]["rows_used"])
            of = tr_n("{n} sentence of {name}", "{n} sentences of {name}", n)
            facts.append(of.format(n=f"{n:,}", name=plain(name)))
            facts.append(plain(str(record["encoder"]["id"])))
        except (ProbingError, OSError, KeyError, TypeError, ValueError):
            facts.append(tr("its files are damaged"))
    else:
        facts.append(tr("being computed"))
    if entry.expires is not None:
        facts.append(tr("kept until {day}").format(day=share.day(entry.expires)))
    if entry.shared or not runs.limits.public:
        hidden = entry.without_texts
        facts.append(tr("without sentences for others") if hidden else tr("opens by its link"))
    else:
        facts.append(tr("yours alone"))
    return entry.title or name, " · ".join(facts)


def _import(runs: Library) -> None:
    with st.expander(tr("Import a run"), icon=":material/upload:"):
        file = st.file_uploader(
            tr("Zip file of an exported run"),
            type=["zip"],
            key="archive",
            max_upload_size=runs.limits.upload_mb,
            help=tr("As “Export” writes it; up to {mb} MB.").format(
                mb=f"{runs.limits.upload_mb:,}"
            ),
        )
        lost = selection.lost_upload("archive")
        if lost is not None:
            st.error(refused.why(lost), icon=":material/error:")
        if file is None or not st.button(tr("Import"), key="import"):
            return
        run = secrets.token_hex(16)
        try:
            with st.spinner(tr("Reading it")):
                archive.import_archive(file, runs.folder(run), runs.limits)
                runs.claim(run, selection.visitor())
        except RunFolderError as error:
            st.error(said(error), icon=":material/error:")
            return
    selection.open_run(run)
    st.switch_page(views.pages()["layers"], query_params={"run": run})
