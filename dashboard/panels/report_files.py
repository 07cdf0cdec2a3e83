"""The run's files to choose and download: one zip."""

import tempfile
from functools import partial
from pathlib import Path

import streamlit as st

from dashboard import selection
from dashboard.panels.downloads import made, megabytes
from probing.exports import bundle
from probing.exports.sizes import sizes
from probing.language import later, speaking, tr
from probing.record import Run

MOST = 250_000_000
"""Bytes before packing that one zip may hold: Streamlit keeps a download in memory."""
_PARTS = {
    "record": later("Settings and results, as JSON"),
    "tables": later("Scores and predictions, as CSV and Parquet"),
    "sentences": later("Sentences, as CSV and Parquet"),
    "vectors": later("Vectors of all layers and poolings, as NPY"),
    "maps": later("Points of the maps, as CSV"),
    "charts": later("Charts, an HTML page each"),
    "report": later("The report, as ticked here"),
    "script": later("A Python script that makes the run again"),
    "notebook": later("The same as a Jupyter notebook"),
}
_FIRST = ("record", "tables", "sentences", "maps", "report", "notebook")
"""Ticked at first."""


def show(run: Run, sections: tuple[str, ...]) -> None:
    """Choose the parts; the button makes the zip. ``sections``: of the report."""
    with st.container(border=True):
        st.subheader(tr("Files"), anchor=False)
        st.caption(tr("One zip file. The CSV files are safe to open in a spreadsheet."))
        found = sizes(run)
        wanted = [name for name in bundle.PARTS if name in found and _ticked(name, found[name])]
        _missing(run)
        total = sum(found[name] for name in wanted)
        st.download_button(
            tr("Download the zip file"),
            partial(_made, run, tuple(wanted), sections),
            file_name=f"cls-probe-files-{run.id[:8]}.zip",
            mime="application/zip",
            icon=":material/folder_zip:",
            key="report:zip",
            on_click="ignore",
            disabled=not wanted or total > MOST,
        )
        if total > MOST:
            st.caption(
                tr(
                    "{size} are more than the {most} that this page hands out at once: leave "
                    "something out. In Python, `probing.exports.bundle` writes a zip of any size."
                ).format(size=megabytes(total), most=megabytes(MOST))
            )
        elif wanted:
            size = megabytes(total)
            st.caption(tr("About {size} before packing.").format(size=size))
        else:
            st.caption(tr("Choose a part."))


def _ticked(name: str, size: int) -> bool:
    return st.checkbox(
        tr(_PARTS[name]) + f" · {megabytes(size)}",
        **selection.linked_tick("parts", name, name in _FIRST, f"report:part:{name}"),
    )


def _missing(run: Run) -> None:
    """Why there are no vectors to choose."""
    if run.representations is None:
        st.caption(
            tr(
                "No vectors: this run was stored or is shared without them. A run of your own on "
                "your own computer has them."
            )
        )


def _made(run: Run, parts: tuple[str, ...], sections: tuple[str, ...]) -> bytes:
    return made(lambda: _zip(run, parts, sections))


def _zip(run: Run, parts: tuple[str, ...], sections: tuple[str, ...]) -> bytes:
    with tempfile.TemporaryDirectory() as folder, speaking("en"):
        path = Path(folder) / "files.zip"  # on the disk while it grows
        bundle.bundle(run, path, parts, sections=sections or None)
        return path.read_bytes()
