"""What may be concluded, in a box: a title, how that is decided, the first finding, the others."""

from collections.abc import Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard import glossary
from dashboard.words import plain
from probing import verdict
from probing.language import tr
from probing.record import Run


def of_run(run: Run) -> DeltaGenerator:
    """Draw a run's verdict; gives the box, for what follows from it."""
    title = tr("What may be concluded")
    return show(title, tr(glossary.VERDICT), verdict.sentences(run))


def show(title: str, decided: str, sentences: Sequence[str], beside: str = "") -> DeltaGenerator:
    """Draw the box; ``decided`` is Markdown, ``beside`` a short text next to the title."""
    box = st.container(border=True)
    with box:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown("**" + plain(title) + "**", width="content")
            if beside:
                st.caption(beside, width="content")
            with st.popover(tr("How is this decided?"), icon=":material/help:", type="tertiary"):
                st.markdown(decided)
        first, *rest = sentences or [""]
        st.markdown("**" + plain(first) + "**")
        st.markdown("\n".join(f"- {plain(sentence)}" for sentence in rest))
    return box
