"""Sentences: all of a run, with what a cell predicts; one of them through the layers."""

from typing import TYPE_CHECKING, Any

import streamlit as st

from dashboard import cached, selection
from dashboard.panels import one_sentence
from dashboard.panels.cell import choose_layer, choose_pooling
from dashboard.panels.choice import choose
from dashboard.panels.own_columns import choose_columns, own_columns
from dashboard.selection import Selection
from dashboard.shown import run_or_reason
from dashboard.words import together
from probing import sentence_table
from probing.language import later, tr, tr_n
from probing.record import Run
from probing.sentence_table import ALL, RIGHT, WRONG, Filter

if TYPE_CHECKING:
    import pandas as pd

_VERDICTS = {ALL: later("all"), RIGHT: later("right"), WRONG: later("wrong")}


def show(chosen: Selection) -> None:
    """Draw the table of sentences with its filters, and the one that was ticked."""
    run = run_or_reason(chosen)
    if run is None:
        return
    st.fragment(_explore)(run, chosen.dark)


def _explore(run: Run, dark: bool) -> None:
    """The part that is drawn anew at each choice."""
    with st.container(horizontal=True, gap="medium"):
        pooling, layer = choose_pooling(run), choose_layer(run)
        own = choose_columns(run)
    wanted = _filter(run)
    found = cached.sentence_table_of(run, layer, pooling, wanted)
    st.caption(
        together(
            tr_n("{n} of {all} sentence.", "{n} of {all} sentences.", len(run.sentences)).format(
                n=f"{len(found):,}", all=f"{len(run.sentences):,}"
            ),
            tr("Click a column to sort by it; tick a sentence to follow it through the layers."),
        )
    )
    if not len(found):
        st.info(tr("No sentence is left. Search for less, or choose other labels."))
        return
    index = _table(run, sentence_table.with_columns(found, run, own))
    if index is not None:
        one_sentence.show(run, index, layer, pooling, dark)


def _filter(run: Run) -> Filter:
    """What the person wants to see of the sentences."""
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
        search = st.text_input(
            tr("Search"),
            icon=":material/search:",
            placeholder=tr("words, or # and a row number"),
            width=320,
            **selection.linked("search", ""),
        )
        labels: list[str] = []
        right = ALL
        if run.kind == "classes":
            classes = run.sentences.classes
            chosen = st.multiselect(
                tr("Labels"),
                range(len(classes)),
                format_func=classes.__getitem__,
                placeholder=tr("all"),
                width=320,
                **selection.linked("labels", [], range(len(classes))),
            )
            labels = [classes[k] for k in chosen]
            right = choose(tr("Predicted"), _VERDICTS, key="right", default=ALL)
    return Filter(search=search or "", labels=tuple(labels), right=right)


def _table(run: Run, found: "pd.DataFrame") -> int | None:
    """The position of the sentence that is ticked, or linked to."""
    config: dict[str, Any] = {
        "row": st.column_config.NumberColumn(tr("Row"), width="small"),
        "text": st.column_config.TextColumn(tr("Sentence"), width="large"),
        "label": st.column_config.TextColumn(tr("Label")),
        "predicted": st.column_config.Column(tr("Predicted")),
        "error": st.column_config.NumberColumn(tr("Error"), format="%.3g"),
        "probability": st.column_config.NumberColumn(
            tr("P(label)"),
            format="%.2f",
            help=tr("Probability that the probe gave to the sentence's own label."),
        ),
        "confidence": st.column_config.NumberColumn(tr("Confidence"), format="%.2f"),
        "right": st.column_config.CheckboxColumn(tr("Right")),
        "right_from": st.column_config.NumberColumn(
            tr("Right from layer"),
            help=tr(
                "From this layer on the probe is right at every layer up to the last. None: it is "
                "wrong at the last."
            ),
        ),
        **own_columns(run.sentences),
    }
    rows = found["row"].tolist()
    st.dataframe(
        found,
        column_config={name: config.get(name) for name in found.columns},
        hide_index=True,
        placeholder="–",
        height=480,
        key="all_sentences",
        on_select=lambda: selection.take_ticked("all_sentences", rows),
        selection_mode="single-row",
    )
    row = selection.followed()
    return run.sentences.rows.index(row) if row in run.sentences.rows else None
