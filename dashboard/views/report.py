"""Report: a run to take away, as a page, as files, as code, as words for a paper."""

from dataclasses import replace

import streamlit as st

from dashboard import cached
from dashboard.panels import report_code, report_files, report_page
from dashboard.selection import Selection, linked
from dashboard.shown import folder_of, rights_of, run_or_reason
from probing.hiding import hide_run, is_hidden
from probing.language import tr
from probing.record import Run


def show(selection: Selection) -> None:
    """Choose what goes in, and download it."""
    run = run_or_reason(selection)
    rights = rights_of(selection)
    if run is None or rights is None:
        return
    # what was measured since the run was stored belongs to it
    run = replace(run, inside=cached.inside(folder_of(selection), texts=rights.texts))
    taken = _without_sentences(run)
    left, right = st.columns(2, gap="large")
    with left:
        sections = report_page.show(taken, selection.run)
        report_code.cite(run, selection)
    with right:
        report_files.show(taken, sections, folder_of(selection), compute=rights.compute)
        report_code.again(run)


def _without_sentences(run: Run) -> Run:
    """The run as its files are to hold it."""
    st.caption(tr("Files are made when you press their button. They are in English."))
    if is_hidden(run):
        st.info(
            tr("This run is shared without its sentences, so its files hold none either."),
            icon=":material/visibility_off:",
        )
        return run
    bare = st.toggle(
        tr("Without the sentences"),
        help=tr("Sentences are named by their row, on the maps too. Labels stay; vectors go."),
        **linked("bare", False),
    )
    return hide_run(run) if bare else run
