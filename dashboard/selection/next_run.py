"""Sentences, labels and encoder of the next run."""

from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import streamlit as st
from streamlit.runtime.uploaded_file_manager import DeletedFile

from dashboard.samples import SAMPLES
from probing.relabelling import Relabelling
from probing.settings import Target

UPLOAD, RUN = "upload", "run"
"""Sources of sentences beside the samples: an uploaded file, and the run that is shown."""


@dataclass(frozen=True)
class Upload:
    """A file that the person gave."""

    name: str
    data: bytes
    digest: str
    """SHA-256 of ``data``, 64 hex digits."""


def source() -> str:
    """Where the next run's sentences come from: a key of ``SAMPLES``, ``UPLOAD`` or ``RUN``."""
    chosen = st.session_state.get("source")
    if chosen is None:
        return RUN if st.session_state.get("shown_run") else next(iter(SAMPLES))
    return str(chosen)


def encoder() -> str:
    """The encoder of the next run: ``bundled``, a hub id or a folder's path."""
    return str(st.session_state.get("chosen_encoder", "bundled"))


def choose_encoder(name: str) -> None:
    """Use an encoder for the next run."""
    st.session_state["chosen_encoder"] = name


def choose_source(name: str) -> None:
    """Take the next run's sentences from there, as ``source`` names it."""
    st.session_state["source"] = name


def target() -> Target:
    """What the labels of the next run are said to be."""
    chosen: Target = st.session_state.get("target", "auto")
    return chosen


def upload() -> Upload | None:
    """The file given in this session, if any."""
    kept: Upload | None = st.session_state.get("kept_upload")
    return kept


def lost_upload(widget: str) -> str | None:
    """The id of the file that a widget shows while the server does not have it, if so."""
    file = st.session_state.get(widget)
    return str(file.file_id) if isinstance(file, DeletedFile) else None


def keep_upload(name: str, data: bytes) -> Upload:
    """Remember a file across pages: the widget that took it forgets."""
    kept = upload()
    if kept is not None and _file_id() is not None and st.session_state.get("aside") == _file_id():
        return kept  # the widget still shows the file that another took the place of
    return _keep(name, data)


def keep_fetched(name: str, data: bytes) -> Upload:
    """Take a file from elsewhere in place of the one that the widget shows."""
    st.session_state["aside"] = _file_id()
    return _keep(name, data)


def _file_id() -> str | None:
    """The id of the file in the widget of uploads."""
    return getattr(st.session_state.get("file"), "file_id", None)


def _keep(name: str, data: bytes) -> Upload:
    kept = Upload(name, data, sha256(data).hexdigest())
    st.session_state["kept_upload"] = kept
    return kept


def labels_changed(data: str) -> Relabelling:
    """What becomes of the labels of ``data``, which names sentences and their label column."""
    kept: Relabelling = st.session_state.get(f"labels:{data}", Relabelling())
    return kept


def change_labels(data: str, change: Relabelling) -> None:
    """Keep what becomes of the labels of ``data`` across pages."""
    st.session_state[f"labels:{data}"] = change


def labels_editor(data: str) -> tuple[str, Relabelling]:
    """The widget key of the editor of these labels, and the change that its table begins with.

    The widget holds what was edited in it: the table below must stay, until it is drawn anew.
    """
    state: Any = st.session_state
    key = f"labels_editor:{data}:{state.get(f'labels_begun:{data}', 0)}"
    if key not in state:
        state[f"labels_base:{data}"] = labels_changed(data)
    return key, state[f"labels_base:{data}"]


def begin_labels(data: str, change: Relabelling) -> None:
    """Put another change into the editor in place of what was edited."""
    state: Any = st.session_state
    change_labels(data, change)
    state[f"labels_begun:{data}"] = state.get(f"labels_begun:{data}", 0) + 1


def column(role: str, digest: str) -> Any:
    """The column chosen for ``text``, ``label`` or ``split`` of a file; KeyError before that."""
    return st.session_state[column_key(role, digest)]


def column_key(role: str, digest: str) -> str:
    """The widget key of a column's choice: each file has its own."""
    return f"{role}:{digest[:16]}"
