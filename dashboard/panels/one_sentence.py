"""One sentence of a run: through the layers, and who is near it."""

import streamlit as st

from dashboard import cached, selection
from dashboard.words import plain
from probing import figures, paths, per_sentence
from probing.errors import SettingsError
from probing.language import spoken, tr
from probing.record import Run


def show(run: Run, index: int, layer: int, pooling: str, dark: bool) -> None:
    """Draw a sentence's path and its nearest neighbours in the chosen cell."""
    sentences = run.sentences
    with st.container(border=True):
        head = tr("Row {row}").format(row=f"{sentences.rows[index]:,}")
        if sentences.labels is not None:
            head += f" · {plain(sentences.labels[index])}"
        st.markdown(f"**{head}**")
        st.text(sentences.texts[index])
        left, right = st.columns(2, gap="large")
        with left:
            _path(run, index, dark)
        with right:
            _neighbours(run, index, layer, pooling)


def _path(run: Run, index: int, dark: bool) -> None:
    if run.kind == "none":
        return
    if run.kind == "numbers":
        st.markdown("**" + tr("Predicted number by layer") + "**")
        st.dataframe(per_sentence.by_cell(run, index).rename(columns=figures.NAMES).round(3))
        return
    st.markdown("**" + tr("Through the layers") + "**")
    st.caption(plain(_said(run, index)))
    st.plotly_chart(
        cached.figure(run, "path", dark=dark, sentence=index),
        theme=None,
        key="path",
        alt=tr("Probability given to the sentence's label, by layer and pooling"),
    )


def _said(run: Run, index: int) -> str:
    """From where on each pooling is right, in a sentence."""
    parts = []
    for pooling in dict.fromkeys(cell.pooling for cell in run.probes):
        since = int(paths.right_from(run, pooling)[index])
        text = (
            tr("{pooling}: wrong at the last layer")
            if since == paths.NEVER
            else tr("{pooling}: right from layer {layer} on")
        )
        parts.append(text.format(pooling=figures.NAMES[pooling], layer=since))
    return " · ".join(parts)


def _neighbours(run: Run, index: int, layer: int, pooling: str) -> None:
    st.markdown("**" + tr("Nearest sentences") + "**")
    if run.representations is None:
        st.caption(tr("This run was stored without its vectors, so its neighbours are not known."))
        return
    z = st.toggle(
        tr("z-scored"),
        help=tr(
            "Each dimension scaled to mean 0 and standard deviation 1 first. On frozen encoders a "
            "few large dimensions rule the plain cosine."
        ),
        **selection.linked("z_neighbours", False),
    )
    try:
        found = cached.nearest(run, index, layer, pooling, z)
    except SettingsError as error:
        st.caption(plain(spoken(str(error))))
        return
    where = tr("{pooling}, layer {layer}, by cosine of the vectors; copies of the text included.")
    st.caption(where.format(pooling=figures.NAMES[pooling], layer=layer))
    st.dataframe(
        found,
        hide_index=True,
        column_config={
            "row": st.column_config.NumberColumn(tr("Row"), width="small"),
            "text": st.column_config.TextColumn(tr("Sentence"), width="large"),
            "label": st.column_config.TextColumn(tr("Label"), width="small"),
            "cosine": st.column_config.NumberColumn(tr("Cosine"), format="%.3f", width="small"),
        },
        key="nearest",
    )
