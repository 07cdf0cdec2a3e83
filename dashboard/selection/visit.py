"""Who is here, in which language, and which run they look at."""

import re
from dataclasses import dataclass
from typing import Any

import streamlit as st

from dashboard import visitors
from dashboard.selection.links import OF_RUN, context, kept, went_back
from probing.language import LANGUAGES

RUN_ID = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True)
class Selection:
    """What a view needs to know."""

    run: str | None
    """Id of the run shown; None for the bundled sample's."""
    dark: bool
    """Whether the page is dark."""


def current() -> Selection:
    """The selection as URL and session have it.

    Streamlit clears the URL's parameters when the page changes, so the run is put back there.
    """
    state: Any = st.session_state
    asked = st.query_params.get("run")
    if asked is not None:
        state["shown_run"] = asked if RUN_ID.fullmatch(asked) else "unknown"
    elif went_back():
        state["shown_run"] = None
    elif state.get("shown_run"):
        st.query_params["run"] = state["shown_run"]
    if state.get("kept_of") != state.get("shown_run"):
        state["kept_of"] = state.get("shown_run")
        for name in OF_RUN:
            kept().pop(name, None)
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
    page = next((name for name in ("/runs", "/report") if base.endswith(name)), "")
    return f"{base.removesuffix(page)}/layers?run={run}"


def language() -> str:
    """The language of the page: as chosen or linked, else the browser's, else English.

    English also where there is no page, as in a thread of the server's own.
    """
    if context() is None:
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
