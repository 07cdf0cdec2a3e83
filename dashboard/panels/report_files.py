"""The run's files to choose and download: one zip."""

import tempfile
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import streamlit as st

from dashboard import selection
from dashboard.panels import report_pictures
from dashboard.panels.downloads import made, megabytes
from probing.exports import bundle
from probing.exports.sizes import sizes
from probing.hiding import is_hidden
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
    "pictures": later("Charts as SVG and PNG"),
    "report": later("The report, as ticked here"),
    "script": later("A Python script that makes the run again"),
    "notebook": later("The same as a Jupyter notebook"),
}
_FIRST = ("record", "tables", "sentences", "maps", "report", "notebook")
"""Ticked at first."""


def show(run: Run, sections: tuple[str, ...], folder: Path, *, compute: bool) -> None:
    """Choose the parts; the button makes the zip.

    ``sections``: of the report. ``folder``: of the stored run. ``compute``: whether the visitor may
    have more of it computed.
    """
    with st.container(border=True):
        st.header(tr("Files"), anchor=False)
        st.caption(tr("One zip file. The CSV files are safe to open in a spreadsheet."))
        texts = not is_hidden(run)
        pictures = report_pictures.place(folder, texts=texts)
        found = dict(sizes(run))
        if not report_pictures.offered(pictures, compute=compute):
            del found["pictures"]
        wanted = [name for name in bundle.PARTS if name in found and _ticked(name, found[name])]
        _missing(run, found)
        drawn = "pictures" not in wanted or report_pictures.ready(folder, pictures, texts=texts)
        _download(run, wanted, sections, sum(found[name] for name in wanted), pictures, drawn=drawn)


def _download(
    run: Run,
    wanted: list[str],
    sections: tuple[str, ...],
    total: int,
    pictures: Path,
    *,
    drawn: bool,
) -> None:
    st.download_button(
        tr("Download the zip file"),
        partial(_made, run, tuple(wanted), sections, pictures),
        file_name=f"cls-probe-files-{run.id[:8]}.zip",
        mime="application/zip",
        icon=":material/folder_zip:",
        key="report:zip",
        on_click="ignore",
        disabled=not wanted or total > MOST or not drawn,
    )
    if total > MOST:
        st.caption(
            tr(
                "{size} are more than the {most} that this page hands out at once: leave "
                "something out. In Python, `probing.exports.bundle` writes a zip of any size."
            ).format(size=megabytes(total), most=megabytes(MOST))
        )
    elif not drawn:
        st.caption(tr("As soon as the charts are drawn; or leave them out."))
    elif wanted:
        st.caption(tr("About {size} before packing.").format(size=megabytes(total)))
    else:
        st.caption(tr("Choose a part."))


def _ticked(name: str, size: int) -> bool:
    return st.checkbox(
        tr(_PARTS[name]) + f" · {megabytes(size)}",
        **selection.linked_tick("parts", name, name in _FIRST, f"report:part:{name}"),
    )


def _missing(run: Run, found: Mapping[str, int]) -> None:
    """Why there are no vectors or pictures to choose."""
    if run.representations is None:
        st.caption(
            tr(
                "No vectors: this run was stored or is shared without them. A run of your own on "
                "your own computer has them."
            )
        )
    if "pictures" not in found:
        st.caption(
            tr(
                "Charts as SVG and PNG: the buttons under each chart of the report, and of its "
                "HTML page, save it as either. All at once needs Chrome or Chromium where this "
                "server runs."
            )
        )


def _made(run: Run, parts: tuple[str, ...], sections: tuple[str, ...], pictures: Path) -> bytes:
    return made(lambda: _zip(run, parts, sections, pictures))


def _zip(run: Run, parts: tuple[str, ...], sections: tuple[str, ...], pictures: Path) -> bytes:
    with tempfile.TemporaryDirectory() as folder, speaking("en"):
        path = Path(folder) / "files.zip"  # on the disk while it grows
        bundle.bundle(run, path, parts, sections=sections or None, pictures=pictures)
        return path.read_bytes()
