"""What the person chose. The only reader and writer of session_state and query_params."""

import re
from collections.abc import Iterable
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

_LONGEST_SELECTION = 1_500  # characters: links of up to 2,000 pass everywhere
_LONGEST_SEARCH = 100
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


ATLAS = "atlas"
"""The key of the map component."""


def map_view(layers: int) -> tuple[int, str, int | None]:
    """(layer, selection) that the map shows: as the link says, else the layer chosen last.

    The selection is "" for none, or as ``take_map_view`` put it there: a text from outside. The
    third is the number of what was last done on the map itself, if anything was.
    """
    state: Any = st.session_state
    asked = st.query_params.get("layer")
    if asked is None and ATLAS not in state:  # come from another view, not back from a layer
        asked = str(state.get("layer", ""))
    layer = int(asked) if asked and asked.isdecimal() and len(asked) < 4 else layers - 1
    done = ((state.get(ATLAS) or {}).get("view") or {}).get("turn")
    select = st.query_params.get("select", "")[:_LONGEST_SELECTION]
    return min(layer, layers - 1), select, done if isinstance(done, int) else None


def take_map_view() -> None:
    """Put into the link what was done on the map."""
    state: Any = st.session_state
    view = state[ATLAS].get("view") or {}
    layer, select = view.get("layer"), view.get("select")
    if isinstance(layer, int) and 0 <= layer < 1000:
        state["layer"] = layer
        st.query_params["layer"] = str(layer)
    select_on_map(select if isinstance(select, str) else "")


def linked(name: str, default: Any, options: Iterable[Any] | None = None) -> dict[str, Any]:
    """Arguments of a widget of the map whose value lies in the link: its key, what it calls.

    ``options`` are what may be chosen, several where ``default`` is a list; None for any text. The
    link holds the options themselves: Streamlit's own binding writes what is shown, which a page in
    another language could not read.
    """
    state: Any = st.session_state
    asked = st.query_params.get(name)
    if asked is None and ATLAS not in state and f"kept:{name}" in state:  # from another view
        asked = st.query_params[name] = state[f"kept:{name}"]
    known = None if options is None else {str(option): option for option in options}
    if known is None:
        value: Any = (asked or default)[:_LONGEST_SEARCH]
    elif isinstance(default, list):
        value = [known[part] for part in (asked or "").split(",") if part in known] or default
    else:
        value = known.get(asked or "", default)
    state[name] = value
    return {"key": name, "on_change": _put_into_link, "args": (name, default)}


def _put_into_link(name: str, default: Any) -> None:
    state: Any = st.session_state
    value = state[name]
    if value and value != default:
        text = ",".join(map(str, value)) if isinstance(value, list) else str(value)
        st.query_params[name] = state[f"kept:{name}"] = text
    else:
        st.query_params.pop(name, None)
        state.pop(f"kept:{name}", None)


def select_on_map(select: str) -> None:
    """Select on the map what ``select`` says; "" for nothing."""
    if select:
        st.query_params["select"] = select[:_LONGEST_SELECTION]
    else:
        st.query_params.pop("select", None)


def keep_playing(run: str, asked: bool) -> bool:
    """Whether all layers of a run were asked for, now or before, to be played."""
    state: Any = st.session_state
    if asked:
        state["playing"] = run
    return bool(state.get("playing") == run)


def stop_playing() -> None:
    """The layers that are not there are not asked for any more."""
    st.session_state.pop("playing", None)


def own_sentence(run: str) -> str:
    """The sentence that was typed, or chosen, for a run in **Inside**; "" before that."""
    kept: dict[str, str] = st.session_state.get("own_sentences", {})
    return kept.get(run, "")


def keep_own_sentence(run: str, text: str) -> None:
    """Remember it: other views show where it lies."""
    st.session_state.setdefault("own_sentences", {})[run] = text


def take_cell_of_class() -> None:
    """The same of the chart of classes by layer."""
    take_cell("classes_by_layer")


def follow(sentence: int) -> int:
    """Follow a sentence from now on, by its position in the run; the URL says so."""
    st.query_params["sentence"] = str(sentence)
    return sentence


def followed(n: int) -> int | None:
    """The position of the sentence that is followed, in a run of ``n``; None where none is."""
    asked = st.query_params.get("sentence", "")
    return int(asked) if asked.isdecimal() and int(asked) < n else None


def language() -> str:
    """The language of the page: as chosen or linked, else the browser's, else English."""
    if get_script_run_ctx(suppress_warning=True) is None:  # no page is being drawn
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
