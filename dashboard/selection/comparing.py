"""Which runs the shown one is compared with."""

import re
from collections.abc import Sequence
from typing import Any

import streamlit as st

from dashboard.selection.links import asked_for, write
from dashboard.selection.visit import RUN_ID

SAMPLE = "sample"
"""What stands for the bundled sample's run where runs are listed by id."""
_IN_LINK = re.compile(r"(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])")


def compared(most: int) -> tuple[str, ...] | None:
    """The runs that the shown one is compared with, at most so many; None before any choice."""
    asked = asked_for("with")
    if asked is None:
        return None
    named = [part for part in asked.split(",") if part == SAMPLE or RUN_ID.fullmatch(part)]
    found = tuple(dict.fromkeys(named))[:most]
    compare_with(found)
    return found


def compare_with(runs: Sequence[str]) -> None:
    """Compare the shown run with these from now on; the URL says so."""
    write("with", ",".join(runs))


def show_compared(runs: Sequence[str], widget: str) -> None:
    """Let a widget that chooses runs show these."""
    st.session_state[widget] = list(runs)


def take_compared(widget: str) -> None:
    """Compare with the runs that a widget has."""
    compare_with(st.session_state[widget])


def take_link(widget: str, beside: str, most: int) -> None:
    """Compare with the run whose link or id was typed as well, and empty the field.

    ``beside``: the widget that has those chosen so far.
    """
    state: Any = st.session_state
    found = _IN_LINK.findall(state[widget])
    state["link_refused"] = bool(state[widget].strip()) and not found
    state[widget] = ""
    if found:
        kept = [run for run in state.get(beside) or () if run != found[0]]
        compare_with([*kept[: most - 1], found[0]])


def link_refused() -> bool:
    """Whether what was typed last is no link of a run."""
    return bool(st.session_state.get("link_refused"))
