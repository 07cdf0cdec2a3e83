"""What the person chose. The only reader and writer of session_state and query_params."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.uploaded_file_manager import DeletedFile

from dashboard import visitors
from dashboard.samples import SAMPLES
from probing.language import LANGUAGES
from probing.settings import Target

UPLOAD, RUN = "upload", "run"
"""Sources of sentences beside the samples: an uploaded file, and the run that is shown."""

_RUN_ID = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True)
class Selection:
    """What a view needs to know."""

    run: str | None
    """Id of the run shown; None for the bundled sample's."""
    dark: bool
    """Whether the page is dark."""


@dataclass(frozen=True)
class Upload:
    """A file that the person gave."""

    name: str
    data: bytes
    digest: str
    """SHA-256 of ``data``, 64 hex digits."""


def current() -> Selection:
    """The selection as URL and session have it.

    Streamlit clears the URL's parameters when the page changes, so the run is put back there.
    """
    state: Any = st.session_state
    asked = st.query_params.get("run")
    if asked is not None:
        state["shown_run"] = asked if _RUN_ID.fullmatch(asked) else "unknown"
    elif state.get("shown_run"):
        st.query_params["run"] = state["shown_run"]
    return Selection(run=state.get("shown_run"), dark=st.context.theme.type == "dark")


def open_run(run: str | None) -> None:
    """Show a run from now on; None goes back to the bundled sample."""
    st.session_state["shown_run"] = run
    if run is None:
        st.query_params.pop("run", None)
    else:
        st.query_params["run"] = run


def close_run(run: str) -> None:
    """Show the bundled sample again, where that run was shown."""
    if st.session_state.get("shown_run") == run:
        open_run(None)


def managed_run() -> str | None:
    """The run whose settings are open in the list of runs."""
    chosen: str | None = st.session_state.get("managed_run")
    return chosen


def manage_run(run: str | None) -> None:
    """Open the settings of a run in the list of runs; None closes them."""
    st.session_state["managed_run"] = run


def link_of(run: str) -> str:
    """The address under which a run opens."""
    base = str(st.context.url or "").partition("?")[0].rstrip("/")
    return f"{base.removesuffix('/runs')}/layers?run={run}"


def take_cell(chart: str = "accuracy") -> None:
    """Choose the cell of the point that was clicked in a chart by layer."""
    for point in st.session_state[chart].selection.points:
        found = point.get("customdata")
        if found is not None and len(found) == 3:
            st.session_state["layer"] = int(found[1])
            st.session_state["pooling"] = str(found[2])


def take_cell_of_class() -> None:
    """The same of the chart of classes by layer."""
    take_cell("classes_by_layer")


def take_linked(key: str, names: Mapping[str, str], default: str) -> None:
    """Choose among ``names`` as the URL says, where it says something new; else leave the choice.

    ``names`` are the options with their English names, which older links hold instead.
    """
    state: Any = st.session_state
    asked, seen = st.query_params.get(key), f"linked:{key}"
    if asked == state.get(seen) and state.get(key) in names:
        return
    state[seen] = asked
    named = {name: option for option, name in names.items()}
    state[key] = asked if asked in names else named.get(asked or "", default)


def keep_linked(key: str, option: str, default: str) -> None:
    """Have the URL say what is chosen, unless it is the default."""
    wanted = None if option == default else option
    if st.query_params.get(key) != wanted:
        if wanted is None:
            st.query_params.pop(key, None)
        else:
            st.query_params[key] = wanted
    st.session_state[f"linked:{key}"] = wanted


def follow(sentence: int) -> int:
    """Follow a sentence from now on, by its position in the run; the URL says so."""
    st.query_params["sentence"] = str(sentence)
    return sentence


def followed(n: int) -> int | None:
    """The position of the sentence that is followed, in a run of ``n``; None where none is."""
    asked = st.query_params.get("sentence", "")
    return int(asked) if asked.isdecimal() and int(asked) < n else None


def language() -> str:
    """The language of the page: as chosen or linked, else the browser's, else English.

    English also where there is no page, as in a thread of the server's own.
    """
    if get_script_run_ctx(suppress_warning=True) is None:
        return "en"
    state: Any = st.session_state
    chosen = state.get("language") or st.query_params.get("language")
    if chosen in LANGUAGES:
        return str(chosen)
    preferred = str(st.context.locale or "").partition("-")[0]
    return preferred if preferred in LANGUAGES else "en"


def visitor() -> str:
    """Who is here: the id in the browser's cookie, else one of this session."""
    try:
        found = visitors.of_cookies(st.context.cookies)
    except (RuntimeError, TypeError):  # no server around, as in a test of the page
        found = None
    if found is None:
        found = st.session_state.setdefault("visitor", visitors.new_id())
    return str(found)


def source() -> str:
    """Where the next run's sentences come from: a key of ``SAMPLES``, ``UPLOAD`` or ``RUN``."""
    chosen = st.session_state.get("source")
    if chosen is None:
        return RUN if st.session_state.get("shown_run") else next(iter(SAMPLES))
    return str(chosen)


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
    kept = Upload(name, data, sha256(data).hexdigest())
    st.session_state["kept_upload"] = kept
    return kept


def column(role: str, digest: str) -> Any:
    """The column chosen for ``text``, ``label`` or ``split`` of a file; KeyError before that."""
    return st.session_state[column_key(role, digest)]


def column_key(role: str, digest: str) -> str:
    """The widget key of a column's choice: each file has its own."""
    return f"{role}:{digest[:16]}"
