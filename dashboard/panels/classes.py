"""The chosen cell class by class, and each class by layer."""

import streamlit as st

from dashboard import cached, selection
from dashboard.glossary import BY_CLASS
from probing import per_class
from probing.figures import NAMES
from probing.language import tr
from probing.record import Run


def show(run: Run, layer: int, pooling: str, dark: bool) -> None:
    """Draw what the cell takes for what, the figures of each class, and all classes by layer."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.header(tr("Class by class"), anchor=False, width="content")
        with st.popover(tr("What is this?"), icon=":material/help:", type="tertiary"):
            st.markdown(tr(BY_CLASS))
    left, right = st.columns(2, gap="large")
    with left:
        st.plotly_chart(
            cached.figure(run, "confusion", dark=dark, layer=layer, pooling=pooling),
            theme=None,
            key="confusion",
            alt=tr("Which class {pooling} at layer {layer} takes for which").format(
                pooling=NAMES[pooling], layer=layer
            ),
        )
    with right:
        _scores(run, layer, pooling)
    st.plotly_chart(
        cached.figure(run, "classes", dark=dark),
        theme=None,
        key="classes_by_layer",
        on_select=selection.take_cell_of_class,
        selection_mode="points",
        alt=tr("Share of each class that is found, by layer and pooling"),
    )


def _scores(run: Run, layer: int, pooling: str) -> None:
    found = per_class.scores(per_class.confusion(run, layer, pooling))
    found["interval"] = [
        f"{low:.0%} – {high:.0%}"
        for low, high in zip(found.pop("recall_low"), found.pop("recall_high"), strict=True)
    ]
    percent = "percent"
    found = found.round({"recall": 2, "precision": 2, "f1": 2})
    st.dataframe(
        found[["class", "n", "recall", "interval", "precision", "f1", "taken_for"]],
        column_config={
            "class": st.column_config.TextColumn(tr("Class"), width="small"),
            "n": st.column_config.NumberColumn("n", width="small"),
            "recall": st.column_config.NumberColumn(tr("Recall"), format=percent, width="small"),
            "interval": st.column_config.TextColumn("95%", width="small"),
            "precision": st.column_config.NumberColumn(
                tr("Precision"), format=percent, width="small"
            ),
            "f1": st.column_config.NumberColumn("F1", format=percent, width="small"),
            "taken_for": st.column_config.TextColumn(tr("Mostly taken for")),
        },
        hide_index=True,
        height=min(460, 38 + 35 * len(found)),
        key="class_scores",
    )
