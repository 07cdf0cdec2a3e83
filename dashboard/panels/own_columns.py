"""The columns of a person's file beside text, label and split, in tables."""

from typing import Any

import streamlit as st

from dashboard.panels.map_colours import titles
from dashboard.selection import linked
from dashboard.words import listed, plain
from probing.figures.texts import short
from probing.language import tr, tr_n
from probing.record import Run
from probing.sentences import COLUMN, Sentences

_NAMED = 12  # columns that a line of text names


def own_columns(sentences: Sentences) -> dict[str, Any]:
    """How tables call the columns: by their names alone, which Streamlit shows as they are."""
    named = titles([COLUMN + name for name in sentences.beside])
    return {key: st.column_config.TextColumn(title) for key, title in named.items()}


def say_kept(sentences: Sentences) -> None:
    """Which columns will be kept with a run."""
    names = [f"**{plain(short(name, 40))}**" for name in sentences.beside]
    if not names:
        return
    said = tr_n(
        "Another column is kept, for the map's colours and the tables: {names}",
        "{n} other columns are kept, for the map's colours and the tables: {names}",
        len(names),
    ).format(n=len(names), names=listed(names[:_NAMED]))
    st.caption(":material/view_column: " + said + (" …" if len(names) > _NAMED else ""))


def choose_columns(run: Run) -> list[str]:
    """Those that a table is to show; none at first."""
    named = titles([COLUMN + name for name in run.sentences.beside])
    if not named:
        return []
    keys = list(named)
    chosen: list[int] = st.multiselect(
        tr("Other columns"),
        range(len(keys)),
        format_func=lambda place: named[keys[place]],
        placeholder=tr("none"),
        width=320,
        **linked("columns", [], range(len(keys))),  # by place: names may be hidden
    )
    return [keys[place].removeprefix(COLUMN) for place in chosen]
