"""A run as code, as a link, and as words for a paper."""

from collections.abc import Callable
from functools import partial

import streamlit as st

from dashboard import selection
from dashboard.library import library
from dashboard.panels.downloads import made
from dashboard.selection import Selection
from probing.exports import code
from probing.hiding import is_hidden
from probing.language import tr
from probing.record import Run


def cite(run: Run, chosen: Selection) -> None:
    """What a paper says of the run, and where it is."""
    with st.container(border=True):
        st.header(tr("Cite"), anchor=False)
        st.code(code.cite(run), language=None, wrap_lines=True)
        if chosen.run is not None:
            st.caption(tr("A link to this run"), help=_who_may())
            st.code(selection.link_of(chosen.run), language=None, wrap_lines=True)


def again(run: Run) -> None:
    """How to make the run again."""
    with st.container(border=True):
        st.header(tr("Make it again"), anchor=False)
        if is_hidden(run):
            st.caption(tr("Only with the sentences: ask whoever made the run."))
        else:
            _ways(run)


def _ways(run: Run) -> None:
    st.caption(tr("With the file that it was made of:"))
    st.code(code.command(run), language="bash", wrap_lines=True)
    st.caption(
        tr("Or with its sentences as they were used, from the zip file (**sentences.csv**):")
    )
    with st.container(horizontal=True):
        for title, name, make in (
            (tr("Notebook"), "reproduce.ipynb", code.notebook),
            (tr("Script"), "reproduce.py", code.script),
        ):
            st.download_button(
                title,
                partial(_made, make, run),
                file_name=name,
                mime="text/plain",
                icon=":material/code:",
                key=f"report:{name}",
                on_click="ignore",
            )
    st.caption(
        tr(
            "An encoder cut off at a layer, for sentence-transformers, is written by the command "
            "line, as it needs PyTorch; RUN is the run's folder:"
        )
    )
    best = run.evidence.best
    cell = "" if best is None else f"--layer {best.layer} --pooling {best.pooling} "
    st.code(
        f"python -m probing vectors RUN {cell}--to sentence-transformers --out encoder",
        language="bash",
        wrap_lines=True,
    )


def _made(make: Callable[[Run], str], run: Run) -> bytes:
    return made(lambda: make(run).encode())


def _who_may() -> str:
    if library().limits.public:
        return tr("It opens for others once you share the run under **Runs**.")
    return tr("It opens for everybody who reaches this server.")
