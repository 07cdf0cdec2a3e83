"""The report to choose and download: one HTML page."""

from functools import partial

import streamlit as st

from dashboard import preview, selection
from dashboard.panels.downloads import made, megabytes
from probing import report
from probing.exports.sizes import sizes
from probing.hiding import is_hidden
from probing.language import tr
from probing.record import Run
from probing.report_sections import SECTIONS

HEIGHT = 640  # pixels of the preview


def show(run: Run, stored: str | None) -> tuple[str, ...]:
    """Choose the report's sections; the button makes it. Gives the sections.

    ``stored``: the id that the run is stored under, None for the bundled sample.
    """
    with st.container(border=True):
        st.header(tr("Report"), anchor=False)
        st.caption(
            tr(
                "One page for a browser: it needs no network, its charts answer the mouse, and it "
                "prints on A4. Buttons under each chart save it as SVG or PNG."
            )
        )
        wanted = chosen(run)
        with st.container(horizontal=True):
            st.download_button(
                tr("Download the report"),
                partial(_made, run, wanted),
                file_name=f"cls-probe-report-{run.id[:8]}.html",
                mime="text/html",
                icon=":material/description:",
                type="primary",
                key="report:html",
                on_click="ignore",
                disabled=not wanted,
            )
            asked = st.button(
                tr("Preview"), key="report:preview", icon=":material/preview:", disabled=not wanted
            )
        if asked:
            _preview(preview.address(stored, wanted, texts=not is_hidden(run)))
        if wanted:
            size = megabytes(sizes(run)["report"])
            st.caption(tr("About {size}, most of it what draws the charts.").format(size=size))
        else:
            st.caption(tr("Choose a part."))
    return wanted


def chosen(run: Run) -> tuple[str, ...]:
    """The sections that are ticked, of those that the run has."""
    return tuple(
        name
        for name in report.available(run)
        if st.checkbox(
            tr(SECTIONS[name].title),
            **selection.linked_tick(
                "sections",
                name,
                name in report.DEFAULT or name == "settings",
                f"report:section:{name}",
            ),
        )
    )


def _preview(address: str) -> None:
    """The report over the page, until it is closed."""

    @st.dialog(tr("Preview of the report"), width="large")
    def shown() -> None:
        st.iframe(address, height=HEIGHT, alt=tr("The report as it will be downloaded"))

    shown()


def _made(run: Run, sections: tuple[str, ...]) -> bytes:
    return made(lambda: report.html(run, sections).encode())
