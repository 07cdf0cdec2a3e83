"""Start: what this is, a finished run to look at, and the ways to one's own."""

import streamlit as st

from dashboard import cached, selection, views
from dashboard.panels import concluded, sample_cards
from dashboard.samples import FINISHED
from dashboard.selection import Selection
from dashboard.words import plain
from probing import verdict
from probing.language import later, tr
from probing.record import Run

_ABOUT = later(
    "An encoder like BERT turns a sentence into one vector per token, at every layer, and most "
    "models classify by a single one of them, `[CLS]`: CLS Probe measures how much of your labels "
    "that vector holds at each layer, beside the pooled vector and the plain mean of all tokens."
)


def show(chosen: Selection) -> None:
    """Draw the way in, the bundled sample's finished run, and the samples."""
    st.title(tr("What does the [CLS] vector know, and at which layer?"), anchor=False)
    st.markdown(tr(_ABOUT))
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        sample_cards.upload("start_upload", primary=True)
        st.caption(tr("A sentence a row, and a label if you have one. It takes three clicks."))
    _finished(cached.run(FINISHED), chosen.dark)
    sample_cards.show()


def _finished(run: Run, dark: bool) -> None:
    """The two charts of a finished run, with what may be concluded."""
    layer = int(run.record["encoder"]["layers"])
    st.header(tr("A finished run: what is this review about?"), anchor=False)
    st.caption(
        tr(
            "{n} short reviews in {classes} classes · {encoder} · each scored by a probe that was "
            "not fitted on it"
        ).format(
            n=f"{len(run.sentences):,}",
            classes=len(run.sentences.classes),
            encoder=plain(str(run.record["encoder"]["id"])),
        )
    )
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown("**" + tr("Accuracy by layer") + "**")
        figure = cached.figure(run, "accuracy", dark=dark)
        st.plotly_chart(figure, theme=None, key="start_accuracy", alt=verdict.describe(run))
    with right:
        st.markdown("**" + tr("Map of the CLS vectors, last layer") + "**")
        options = {"method": "umap", "dimensions": 2, "layer": layer, "pooling": "cls"}
        figure = cached.figure(run, "map", dark=dark, **options)
        st.plotly_chart(
            figure,
            theme=None,
            height=480,
            key="start_map",
            alt=tr("UMAP of the CLS vectors at layer {layer}, a point per sentence").format(
                layer=layer
            ),
        )
    box, title = concluded.of_run(run), tr("Explore this run")
    if box.button(title, icon=":material/stacked_line_chart:", key="explore"):
        selection.open_run(None)
        st.switch_page(views.pages()["layers"])
