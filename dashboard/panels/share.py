"""A run's own settings, for whoever made it: name, sharing, time, export, deletion."""

from datetime import UTC, datetime
from functools import partial

import streamlit as st

from dashboard import cached, orders, selection
from dashboard.index import Entry
from dashboard.jobs import jobs
from dashboard.library import DESCRIPTION, TITLE, Library, library
from probing import archive
from probing.language import tr


def show(entry: Entry) -> None:
    """Draw the settings of one of the visitor's runs. Each change holds at once."""
    runs = library()
    _names(entry)
    _sharing(entry, public=runs.limits.public)
    if entry.expires is not None:
        _time(entry, runs)
    if runs.folder(entry.id).is_dir():
        _export(entry, runs)
    _deletion(entry)


def day(seconds: float) -> str:
    """A date, as 2026-11-23."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d")


def _names(entry: Entry) -> None:
    with st.form(f"names:{entry.id}", border=False):
        title = st.text_input(
            tr("Title"),
            entry.title,
            max_chars=TITLE,
            key=f"title:{entry.id}",
            placeholder=tr("No title"),
        )
        description = st.text_area(
            tr("Description"),
            entry.description,
            max_chars=DESCRIPTION,
            key=f"description:{entry.id}",
            placeholder=tr("What others should know of it"),
        )
        if st.form_submit_button(tr("Save")):
            runs, visitor = library(), selection.visitor()
            runs.change(entry.id, visitor, title=title or "", description=description or "")
            st.rerun()


def _sharing(entry: Entry, *, public: bool) -> None:
    run = entry.id
    if public:
        st.toggle(
            tr("Share: whoever has the link can look"),
            entry.shared,
            key=f"shared:{run}",
            on_change=_switch,
            args=(run, "shared"),
            help=tr(
                "Nobody can list or find your runs. Until you share one, only this browser opens "
                "it."
            ),
        )
    st.toggle(
        tr("Without the sentences"),
        entry.without_texts,
        key=f"without_texts:{run}",
        on_change=_switch,
        args=(run, "without_texts"),
        help=tr(
            "Others see figures only: the sentences stay on the server. Labels, row numbers and "
            "the file's name are shown."
        ),
    )
    if entry.shared or not public:
        st.code(selection.link_of(run), language=None)


def _switch(run: str, name: str) -> None:
    """Turn ``shared`` or ``without_texts`` over: what is stored decides, not the widget."""
    runs, visitor = library(), selection.visitor()
    entry = runs.entry(run)
    if entry is not None:
        runs.change(run, visitor, **{name: not getattr(entry, name)})


def _time(entry: Entry, runs: Library) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(tr("Kept until **{day}**").format(day=day(entry.expires or 0)))
        days = runs.limits.retention_days
        if days is None:
            return
        keep = tr("Keep for {days} days from today").format(days=days)
        if st.button(keep, key=f"k:{entry.id}"):
            runs.extend(entry.id, selection.visitor())
            st.rerun()


def _export(entry: Entry, runs: Library) -> None:
    folder = runs.folder(entry.id)

    def packed(texts: bool) -> bytes:
        with archive.export(folder, texts=texts) as file:
            return file.read()

    with st.container(horizontal=True):
        for title, name, texts in (
            (tr("Export"), "run", True),
            (tr("Export without the sentences"), "figures", False),
        ):
            st.download_button(
                title,
                partial(packed, texts),  # made when it is asked for
                file_name=f"cls-probe-{name}-{entry.id[:8]}.zip",
                mime="application/zip",
                icon=":material/download:",
                key=f"{name}:{entry.id}",
                on_click="ignore",
                help=tr("A zip file that can be imported into another installation."),
            )


def _deletion(entry: Entry) -> None:
    with st.popover(tr("Delete"), icon=":material/delete:"):
        st.markdown(tr("The run and all its files are deleted at once. There is no way back."))
        if st.button(tr("Delete now"), type="primary", key=f"delete:{entry.id}"):
            runs = library()
            runs.delete(entry.id, selection.visitor())
            drawn = (orders.pictures_id(entry.id, texts=texts) for texts in (True, False))
            for job in (entry.id, f"{entry.id}/inside", *drawn):  # once it is known to be theirs
                jobs().cancel(job)
            cached.forget_runs()
            selection.manage_run(None)
            selection.close_run(entry.id)
            st.rerun()
