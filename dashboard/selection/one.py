"""The cell and the sentence that a person looks at."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from dashboard.selection.links import asked_for, went_back, write


@dataclass(frozen=True)
class OwnSentence:
    """A sentence that is to be found on maps."""

    text: str
    places: Mapping[str, Sequence[float]] = field(default_factory=dict)
    """Where it lies, by the map's name, as far as that was asked."""


def own_sentence(run: str) -> OwnSentence | None:
    """The sentence that was typed, or chosen, for a run in **Inside**; None before that."""
    kept: dict[str, OwnSentence] = st.session_state.get("own_sentences", {})
    return kept.get(run)


def keep_own_sentence(run: str, text: str, places: Mapping[str, Sequence[float]]) -> OwnSentence:
    """Remember it: other views show where it lies. What was known of the same one stays known."""
    before = own_sentence(run)
    known = before.places if before is not None and before.text == text else {}
    own = OwnSentence(text, {**known, **places})
    st.session_state.setdefault("own_sentences", {})[run] = own
    return own


def take_own_sentence(run: str, widget: str) -> None:
    """Remember the sentence typed for a run, though the visitor leaves the page at once."""
    keep_own_sentence(run, str(st.session_state.get(widget) or "").strip(), {})


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


def follow(row: int | None) -> None:
    """Follow a sentence from now on, by its row in the file; the link says so. None: no more."""
    write("row", None if row is None else str(row))


def followed() -> int | None:
    """The row of the sentence that is followed, as the link says; None where none is."""
    asked = asked_for("row") or ""
    row = int(asked) if asked.isdecimal() and len(asked) < 10 else None
    follow(row)
    return row


def take_ticked(table: str, rows: Sequence[int]) -> None:
    """Follow the sentence that was ticked in a table with these rows of the file; none: no more."""
    ticked = st.session_state[table]["selection"]["rows"]
    follow(rows[ticked[0]] if ticked and ticked[0] < len(rows) else None)


def linked_text(
    run: str, text: str | None, default: str, texts: Sequence[str], rows: Sequence[int]
) -> dict[str, Any]:
    """Arguments of the widget that chooses one of a run's texts, which lie in ``rows``, or another.

    It begins with ``text``, else with the one that was typed before. The link has the row of the
    one that is chosen, and never a text.
    """
    state: Any = st.session_state
    widget, own = f"sentence:{run}", own_sentence(run)
    if widget not in state or went_back():
        typed = own.text if own is not None and not went_back() else ""
        state[widget] = text or typed or default
    return {"key": widget, "on_change": _take_text, "args": (run, widget, texts, rows)}


def _take_text(run: str, widget: str, texts: Sequence[str], rows: Sequence[int]) -> None:
    text = st.session_state[widget]
    follow(rows[texts.index(text)] if text in texts else None)
    take_own_sentence(run, widget)
