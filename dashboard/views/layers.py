"""Layers: how much of the label each layer and pooling holds."""

import streamlit as st

from dashboard import glossary
from dashboard.panels import cell, evidence, scores
from dashboard.selection import Selection
from dashboard.shown import run_or_reason
from dashboard.words import POOLER_HELP, plain
from probing import verdict
from probing.record import Run


def show(selection: Selection) -> None:
    """Draw the verdict, the scores by layer, one cell's sentences, and what supports it all."""
    run = run_or_reason(selection)
    if run is None:
        return
    heading(run)
    if run.kind == "none":
        st.info(
            "These sentences have no labels, so there is nothing to probe: the geometry of the "
            "vectors is below, their **Map** on the next page."
        )
    else:
        said(run)
        scores.show(run, selection.dark)
        cell.show(run, selection.dark)
    evidence.show(run, selection.dark)
    about(run)


def said(run: Run) -> None:
    """The verdict, with how it comes about a click away."""
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown("**What may be concluded**")
            with st.popover("How is this decided?", icon=":material/help:", type="tertiary"):
                st.markdown(glossary.VERDICT)
        first, *rest = verdict.sentences(run) or [""]
        st.markdown(f"##### {plain(first)}")
        st.markdown("\n".join(f"- {plain(sentence)}" for sentence in rest))


def heading(run: Run) -> None:
    """Whose run this is."""
    record = run.record
    st.subheader(plain(str(record["data"]["name"])), anchor=False)
    pooler = record["encoder"]["pooler"]
    state = (
        "" if pooler["trained"] else " · untrained pooler" if pooler["present"] else " · no pooler"
    )
    scoring = f" · {plain(record['scoring'])}" if record["scoring"] else ""
    st.caption(
        f"{len(run.sentences):,} sentences · {plain(record['encoder']['id'])}{state}{scoring}",
        help=POOLER_HELP,
    )


def about(run: Run) -> None:
    """What the figures rest on, a click away."""
    record, source = run.record, run.sentences.source
    with st.expander("About this run"):
        encoder = record["encoder"]
        st.markdown(
            f"**Encoder** {plain(encoder['id'])}, {plain(encoder['family_title'])}: "
            f"{encoder['layers']} layers, {encoder['hidden']} numbers a vector. "
            f"Its classification head reads: {plain(encoder['head'])}."
        )
        pooler = encoder["pooler"]
        state = "trained" if pooler["trained"] else "untrained" if pooler["present"] else "none"
        st.markdown(f"**Pooler** {state}: {plain(pooler['evidence'])}.")
        for notice in record["notices"]:
            st.markdown(f"- {plain(notice)}")
        for dropped in source.dropped:
            st.markdown(f"- {len(dropped.rows):,} rows left out: {plain(dropped.reason)}.")
        st.caption(f"Run {run.id} · {plain(record['created'])} · seed {record['settings']['seed']}")
