"""What the map shows, and what is selected on it."""

from collections.abc import Iterable
from typing import Any

import streamlit as st

from dashboard.selection.links import asked_for, write

ATLAS = "atlas"
"""The key of the map component."""
ROWS = "rows"
"""What a selection on the map begins with that lists rows of the file, each after a ``~``."""
LONGEST = 1_500
"""Characters of a selection: links of up to 2,000 pass everywhere."""


def map_view(layers: int) -> tuple[int, str, int | None]:
    """(layer, selection) that the map shows: as the link says, else the layer chosen last.

    The selection is "" for none, or as ``take_map_view`` put it there: a text from outside. The
    third is the number of what was last done on the map itself, if anything was.
    """
    state: Any = st.session_state
    asked, select = asked_for("layer") or "", (asked_for("select") or "")[:LONGEST]
    chosen = asked.isdecimal() and len(asked) < 4
    layer = min(int(asked), layers - 1) if chosen else layers - 1
    write("layer", str(layer) if chosen else None)
    select_on_map(select)
    done = ((state.get(ATLAS) or {}).get("view") or {}).get("turn")
    return layer, select, done if isinstance(done, int) else None


def take_map_view() -> None:
    """Put into the link what was done on the map."""
    state: Any = st.session_state
    view = state[ATLAS].get("view") or {}
    layer, select = view.get("layer"), view.get("select")
    if isinstance(layer, int) and 0 <= layer < 1000:
        write("layer", str(layer))
    select_on_map(select if isinstance(select, str) else "")


def select_on_map(select: str) -> None:
    """Select on the map what ``select`` says; "" for nothing."""
    write("select", select[:LONGEST] or None)


def rows_on_map(rows: Iterable[int]) -> str:
    """What selects the sentences of these rows on the map: as many as a link can hold."""
    text = ROWS
    for row in rows:
        if len(text) + len(f"~{row}") > LONGEST:
            break
        text += f"~{row}"
    return "" if text == ROWS else text


def to_map(layer: int, pooling: str, colour: str, select: str = "") -> dict[str, str]:
    """Parameters of a link to the map of one cell, with nothing or ``select`` selected on it."""
    shown = {"run": st.session_state.get("shown_run")}
    cell = {"layer": str(layer), "beside": pooling, "colour": colour, "select": select, "find": ""}
    return {name: text for name, text in (shown | cell).items() if text is not None}


def keep_playing(run: str, asked: bool) -> bool:
    """Whether all layers of a run were asked for, now or before, to be played."""
    state: Any = st.session_state
    if asked:
        state["playing"] = run
    return bool(state.get("playing") == run)


def stop_playing() -> None:
    """The layers that are not there are not asked for any more."""
    st.session_state.pop("playing", None)
