"""A run's charts as SVG and PNG: drawn by the worker when asked for, and kept beside the run."""

from functools import partial
from pathlib import Path

import streamlit as st

from dashboard import cached
from dashboard.jobs import jobs
from dashboard.samples import FINISHED
from dashboard.selection import visitor
from dashboard.shown import POLL, ask_for, ended, share, turn, words
from probing.exports import pictures
from probing.language import tr


def place(folder: Path, *, texts: bool) -> Path:
    """Where the pictures of the run in ``folder`` lie, or will, as it is now."""
    home = jobs().home / "pictures" if folder == FINISHED else folder / "pictures"
    kind = "open" if texts else "hidden"
    return home / f"{kind}-{cached.stamp(folder):x}-{cached.inside_stamp(folder):x}"


def offered(out: Path, *, compute: bool) -> bool:
    """Whether they are there, or can be drawn for this visitor on this machine."""
    return out.is_dir() or (compute and not pictures.lacking())


def ready(folder: Path, out: Path, *, texts: bool) -> bool:
    """Have them drawn; False until they are, and the page says how far that is."""
    if out.is_dir():
        return True
    start = partial(jobs().start_pictures, folder, out, visitor(), texts=texts)
    job = ask_for(start, "pictures")
    status = jobs().status(job) if job else None
    if job is None or status is None:
        return False
    if status.state == "done":  # of the run as it was
        jobs().forget(job)
        st.rerun()
    if status.over:
        ended(status)
        st.button(tr("Draw them again"), on_click=jobs().forget, args=(job,))
    else:
        _follow(job)
    return False


@st.fragment(run_every=POLL)
def _follow(job: str) -> None:
    """How far it is; the whole page anew when it is over."""
    status = jobs().status(job)
    if status is None or status.over:
        st.rerun()
    if status.state == "running":
        st.progress(share(status), text=words(status))
    else:
        st.progress(0.0, text=turn(status))
    if st.button(tr("Cancel"), key=f"cancel:{job}", icon=":material/close:"):
        jobs().cancel(job)
