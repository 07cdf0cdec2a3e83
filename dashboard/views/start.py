"""Start: what this is, with a finished run to look at."""

import streamlit as st

from dashboard import cached, views
from dashboard.samples import FINISHED
from dashboard.selection import Selection
from dashboard.words import plain
from probing import verdict

_ABOUT = (
    "A BERT-like encoder turns a sentence into one vector per token, at every layer. "
    "To classify, most models read a single one: `[CLS]`. CLS Probe fits a linear probe on that "
    "vector, on the pooled vector and on the plain mean of all tokens, layer by layer, and shows "
    "how much of the label each of them holds."
)


def show(selection: Selection) -> None:
    """Draw the bundled sample's finished run and the way to one's own."""
    run = cached.run(FINISHED)
    st.title("What does the [CLS] vector know, and at which layer?", anchor=False)
    st.markdown(_ABOUT)
    if st.button("Probe your own sentences", type="primary", icon=":material/upload_file:"):
        st.switch_page(views.pages()["data"])
    record = run.record
    st.caption(
        f"Sample: {len(run.sentences):,} short reviews, labelled by what is reviewed "
        f"({len(run.sentences.classes)} classes) · {record['encoder']['id']} · {record['scoring']}"
    )
    left, right = st.columns(2, gap="large")
    with left:
        st.subheader("Accuracy by layer", anchor=False)
        figure = cached.figure(run, "accuracy", dark=selection.dark)
        st.plotly_chart(figure, theme=None, key="start_accuracy", alt=verdict.describe(run))
    with right:
        st.subheader("Map of the CLS vectors, last layer", anchor=False)
        layer = record["encoder"]["layers"]
        options = {"method": "umap", "dimensions": 2, "layer": layer, "pooling": "cls"}
        figure = run.figure("map", dark=selection.dark, **options)
        st.plotly_chart(
            figure,
            theme=None,
            height=480,
            key="start_map",
            alt=f"UMAP of the CLS vectors at layer {layer}, a point per sentence",
        )
    for sentence in verdict.sentences(run):
        st.markdown(f"- {plain(sentence)}")
