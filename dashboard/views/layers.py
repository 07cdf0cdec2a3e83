"""Layers: how much of the label each layer and pooling holds."""

import streamlit as st

from dashboard import glossary
from dashboard.panels import cell, evidence, scores
from dashboard.selection import Selection
from dashboard.shown import run_or_reason
from dashboard.words import POOLER_HELP, plain
from probing import verdict
from probing.language import spoken, tr, tr_n
from probing.record import Run


def show(selection: Selection) -> None:
    """Draw the verdict, the scores by layer, one cell's sentences, and what supports it all."""
    run = run_or_reason(selection)
    if run is None:
        return
    heading(run)
    if run.kind == "none":
        st.info(
            tr(
                "These sentences have no labels, so there is nothing to probe: the geometry of the "
                "vectors is below, their **Map** on the next page."
            )
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
            st.markdown("**" + tr("What may be concluded") + "**")
            with st.popover(tr("How is this decided?"), icon=":material/help:", type="tertiary"):
                st.markdown(tr(glossary.VERDICT))
        first, *rest = verdict.sentences(run) or [""]
        st.markdown("**" + plain(first) + "**")
        st.markdown("\n".join(f"- {plain(sentence)}" for sentence in rest))


def heading(run: Run) -> None:
    """Whose run this is."""
    record = run.record
    st.subheader(plain(str(record["data"]["name"])), anchor=False)
    pooler = record["encoder"]["pooler"]
    n = len(run.sentences)
    facts = [
        tr_n("{n} sentence", "{n} sentences", n).format(n=f"{n:,}"),
        plain(record["encoder"]["id"]),
    ]
    if not pooler["trained"]:
        facts.append(tr("untrained pooler") if pooler["present"] else tr("no pooler"))
    if record["scoring"]:
        facts.append(plain(spoken(record["scoring"])))
    st.caption(" · ".join(facts), help=tr(POOLER_HELP))


def about(run: Run) -> None:
    """What the figures rest on, a click away."""
    record, source = run.record, run.sentences.source
    with st.expander(tr("About this run")):
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
