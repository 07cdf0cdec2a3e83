"""Labels renamed, merged and left out for the next run; the file stays as it is."""

import streamlit as st

from dashboard import selection
from dashboard.words import listed, plain
from probing.labels import quantities
from probing.language import tr, tr_n
from probing.parsing.cells import visible
from probing.relabelling import Relabelling, merged_alike, of_table, relabelling
from probing.sentences import Sentences

MOST = 1_000
"""More labels than this are no classes that somebody edits one by one."""
_LONGEST = 1_000  # characters of a label


def show(sentences: Sentences, key: str) -> None:
    """Draw the editor of the labels that the file has; what it says holds for the next run.

    Nothing for labels that are numbers: they are no classes.
    """
    counts = sentences.class_counts
    if not 0 < len(counts) <= MOST or _are_numbers(sentences):
        return
    with st.expander(tr("Rename, merge or leave out labels"), icon=":material/sell:"):
        st.caption(
            tr(
                "For the next run only: your file stays as it is. Labels with the same new name "
                "become one."
            )
        )
        _buttons(sentences, key)
        _editor(sentences, key)
    _summary(selection.labels_changed(key))


def _are_numbers(sentences: Sentences) -> bool:
    return selection.target() != "classes" and quantities(sentences, "auto") is not None


def _buttons(sentences: Sentences, key: str) -> None:
    change = selection.labels_changed(key)
    merged = merged_alike(sentences.class_counts)
    with st.container(horizontal=True):
        if merged and not merged.items() <= dict(change.renamed).items():
            st.button(
                tr("Merge labels that differ only in case or blanks"),
                key="merge_labels",
                icon=":material/merge:",
                on_click=selection.begin_labels,
                args=(key, relabelling({**dict(change.renamed), **merged}, change.left_out)),
            )
        if change:
            st.button(
                tr("As in the file"),
                key="reset_labels",
                icon=":material/undo:",
                on_click=selection.begin_labels,
                args=(key, Relabelling()),
            )


def _editor(sentences: Sentences, key: str) -> None:
    import pandas as pd

    widget, base = selection.labels_editor(key)
    counts = sentences.class_counts
    names = sorted(counts, key=lambda name: (-counts[name], name))
    new, gone = dict(base.renamed), set(base.left_out)
    table = pd.DataFrame(
        {
            "use": [name not in gone for name in names],
            "label": [visible(name) for name in names],
            "sentences": [counts[name] for name in names],
            "becomes": [new.get(name, name) for name in names],
        }
    )
    edited = st.data_editor(
        table,
        key=widget,
        hide_index=True,
        disabled=("label", "sentences"),
        height=min(400, 38 + 35 * len(names)),
        column_config={
            "label": st.column_config.TextColumn(tr("Label")),
            "sentences": st.column_config.NumberColumn(
                tr("Sentences"), format="localized", width="small"
            ),
            "becomes": st.column_config.TextColumn(tr("Becomes"), max_chars=_LONGEST),
            "use": st.column_config.CheckboxColumn(tr("Use"), width="small"),
        },
    )
    change = of_table(names, edited["becomes"].tolist(), edited["use"].tolist())
    if change != selection.labels_changed(key):
        selection.change_labels(key, change)
        st.rerun()  # the buttons above were drawn with what was


def _summary(change: Relabelling) -> None:
    """What was changed, in a line that stands when the editor is closed."""
    parts = []
    if change.renamed:
        n = len(change.renamed)
        pairs = listed(f"{plain(visible(a))} → {plain(b)}" for a, b in change.renamed[:5])
        more = " …" if n > 5 else ""
        parts.append(tr_n("{n} label renamed", "{n} labels renamed", n).format(n=n))
        parts[-1] += f" ({pairs}{more})"
    if change.left_out:
        n = len(change.left_out)
        names = listed(plain(visible(name)) for name in change.left_out[:5])
        more = " …" if n > 5 else ""
        parts.append(tr_n("{n} label left out", "{n} labels left out", n).format(n=n))
        parts[-1] += f" ({names}{more})"
    if parts:
        st.caption(":material/sell: " + " · ".join(parts))
