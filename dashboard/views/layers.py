"""Layers: how much of the label each layer and pooling holds."""

import streamlit as st

from dashboard.panels import cell, concluded, evidence, scores
from dashboard.panels.choice import opening
from dashboard.selection import Selection
from dashboard.shown import run_or_reason
from dashboard.words import plain
from probing.language import spoken, tr, tr_n
from probing.record import Run


def show(selection: Selection) -> None:
    """Draw the verdict, the scores by layer, one cell's sentences, and what supports it all."""
    run = run_or_reason(selection)
    if run is None:
        return
    if run.kind == "none":
        st.info(
            tr(
                "These sentences have no labels, so there is nothing to probe: the geometry of the "
                "vectors is below, their **Map** on the next page."
            )
        )
    else:
        concluded.of_run(run)
        scores.show(run, selection.dark)
        cell.show(run, selection.dark)
    evidence.show(run, selection.dark)
    about(run)


def about(run: Run) -> None:
    """What the figures rest on, a click away."""
    record, source = run.record, run.sentences.source
    with opening(tr("About this run"), "about"):
        encoder = record["encoder"]
        st.markdown(
            tr(
                "**Encoder** {id}, {family}: {layers} layers, {hidden} numbers a vector. Its "
                "classification head reads: {head}."
            ).format(
                id=plain(encoder["id"]),
                family=plain(encoder["family_title"]),
                layers=encoder["layers"],
                hidden=encoder["hidden"],
                head=plain(spoken(encoder["head"])),
            )
        )
        pooler = encoder["pooler"]
        state = (
            tr("**Pooler** trained: {evidence}.")
            if pooler["trained"]
            else tr("**Pooler** untrained: {evidence}.")
            if pooler["present"]
            else tr("**Pooler** none: {evidence}.")
        )
        st.markdown(state.format(evidence=plain(spoken(pooler["evidence"]))))
        for notice in record["notices"]:
            st.markdown(f"- {plain(spoken(notice))}")
        for dropped in source.dropped:
            n = len(dropped.rows)
            left_out = tr_n("{n} row left out: {reason}.", "{n} rows left out: {reason}.", n)
            st.markdown("- " + left_out.format(n=f"{n:,}", reason=plain(spoken(dropped.reason))))
        st.caption(
            tr("Run {id} · {created} · seed {seed}").format(
                id=run.id, created=plain(record["created"]), seed=record["settings"]["seed"]
            )
        )
