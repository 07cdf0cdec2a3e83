"""One cell (layer × pooling): which, how sure it is, and its sentences."""

from typing import TYPE_CHECKING, Any

import streamlit as st

from dashboard import cached
from dashboard.glossary import CALIBRATION, INFORMATION
from dashboard.panels import classes
from dashboard.words import plain
from probing import figures, per_sentence
from probing.record import Run

if TYPE_CHECKING:
    import pandas as pd

_LISTS = {
    "hardest": "Hardest",
    "suspects": "Labels that may be wrong",
    "against": "Against another cell",
    "all": "All",
}
_QUARTERS = {
    "only_a": "only {a} right",
    "only_b": "only {b} right",
    "both": "both right",
    "neither": "both wrong",
}
_COLUMNS = {
    "row": st.column_config.NumberColumn("Row", width="small"),
    "text": st.column_config.TextColumn("Text", width="large"),
    "label": st.column_config.TextColumn("Label"),
    "predicted": st.column_config.TextColumn("Predicted"),
    "suggested": st.column_config.TextColumn("Predicted instead"),
    "predicted_a": st.column_config.TextColumn("Predicted by the first"),
    "predicted_b": st.column_config.TextColumn("By the second"),
    "probability": st.column_config.NumberColumn("P(label)", format="%.2f"),
    "confidence": st.column_config.NumberColumn("Confidence", format="%.2f"),
    "information_bits": st.column_config.NumberColumn("Bits", format="%.1f", help=INFORMATION),
    "wrong": st.column_config.NumberColumn("Cells wrong", width="small"),
    "right": st.column_config.CheckboxColumn("Right", width="small"),
}
_NUMBERS = {
    "predicted": st.column_config.NumberColumn("Predicted", format="%.4g"),
    "error": st.column_config.NumberColumn("Error", format="%.3g"),
}


def choose_layer(run: Run) -> int:
    """A slider over the layers, kept in the URL."""
    layers = int(run.record["encoder"]["layers"])
    layer = st.slider("Layer", 0, layers, layers, key="layer", bind="query-params", width=320)
    return int(layer)


def choose_pooling(run: Run, key: str = "pooling", label: str = "Pooling") -> str:
    """The run's poolings, kept in the URL."""
    poolings = list(run.record["settings"]["poolings_used"])
    return str(
        st.segmented_control(
            label,
            poolings,
            default=poolings[0],
            required=True,
            wrap=True,
            format_func=figures.NAMES.__getitem__,
            key=key,
            bind="query-params",
        )
    )


def show(run: Run, dark: bool) -> None:
    """Draw the chosen cell: its figures, its calibration, its sentences."""
    st.subheader("One cell and its sentences", anchor=False)
    with st.container(horizontal=True, gap="medium"):
        pooling, layer = choose_pooling(run), choose_layer(run)
    if run.kind == "numbers":
        _table(run, per_sentence.largest_errors(run, layer, pooling), "largest_errors")
        return
    cell = run.cell(layer, pooling)
    if cell.constant:
        st.info(
            f"At layer {layer} the {figures.NAMES[pooling]} vector is the same for every sentence: "
            "the probe can only name the most frequent class, and knows nothing of any sentence.",
            icon=":material/filter_center_focus:",
        )
        return
    left, right = st.columns((1, 2), gap="large")
    with left:
        _figures(run, layer, pooling)
        st.markdown("**Calibration**", help=CALIBRATION)
        st.plotly_chart(
            cached.figure(run, "calibration", dark=dark, layer=layer, pooling=pooling),
            theme=None,
            key="calibration",
            alt="Accuracy against confidence",
        )
    with right:
        _sentences(run, layer, pooling)
    classes.show(run, layer, pooling, dark)


def _figures(run: Run, layer: int, pooling: str) -> None:
    cell = run.cell(layer, pooling)
    lines = [f"accuracy **{cell.accuracy:.1%}** [{cell.ci_low:.1%}, {cell.ci_high:.1%}]"]
    if cell.balanced_accuracy is not None:
        low, high = cell.balanced_low, cell.balanced_high
        ends = "" if low is None or high is None else f" [{low:.1%}, {high:.1%}]"
        lines.append(f"balanced accuracy **{cell.balanced_accuracy:.1%}**{ends}")
    if cell.usable_information_bits is not None:
        lines.append(f"**{cell.usable_information_bits:.2f}** bits known of the label")
    st.markdown("  \n".join([f"{cell.n:,} sentences, none fitted on", *lines]))


def _sentences(run: Run, layer: int, pooling: str) -> None:
    which = st.segmented_control(
        "Sentences",
        list(_LISTS),
        default="hardest",
        required=True,
        wrap=True,
        format_func=_LISTS.__getitem__,
        key="sentences",
        bind="query-params",
    )
    if which == "hardest":
        st.caption("Those that this cell knows least of.", help=INFORMATION)
        _table(run, per_sentence.hardest(run, [run.cell(layer, pooling)]), "hardest")
    elif which == "suspects":
        st.caption(plain(per_sentence.about_suspects(run)))
        _table(run, per_sentence.suspects(run), "suspects")
    elif which == "against":
        _against(run, layer, pooling)
    else:
        _table(run, per_sentence.of_cell(run, layer, pooling), "all")


def _against(run: Run, layer: int, pooling: str) -> None:
    """The cross-table with another cell, and the sentences of the chosen quarter."""
    layers = int(run.record["encoder"]["layers"])
    cells = [
        (p, number)
        for number in dict.fromkeys((layer, *range(layers, -1, -1)))
        for p in run.record["settings"]["poolings_used"]
        if (p, number) != (pooling, layer)
    ]
    if not cells:
        st.caption("This run has no other cell.")
        return
    usual = next((c for c in cells if c[0] == ("mean" if pooling != "mean" else "cls")), cells[0])
    other = st.selectbox(
        "Other cell",
        cells,
        index=cells.index(usual),
        format_func=lambda c: f"{figures.NAMES[c[0]]}, layer {c[1]}",
        key=f"against:{pooling}:{layer}",
    )
    table = per_sentence.cross_table(run, layer, pooling, other[1], other[0])
    a, b = _named(pooling, layer), _named(*other)
    counts = {name: len(getattr(table, name)) for name in _QUARTERS}
    which: Any = st.segmented_control(
        f"{a} and {b}",
        list(_QUARTERS),
        default="only_a",
        required=True,
        wrap=True,
        format_func=lambda q: f"{_QUARTERS[q].format(a=a, b=b)}: {counts[q]:,}",
        key="quarter",
    )
    _table(run, per_sentence.quarter(run, table, which), "quarter_rows")


def _named(pooling: str, layer: int) -> str:
    return f"{figures.NAMES[pooling]} {layer}"


def _table(run: Run, frame: "pd.DataFrame", key: str) -> None:
    """Sentences; a chosen one is followed through all cells."""
    if not len(frame):
        st.caption("No sentence.")
        return
    columns = _COLUMNS | (_NUMBERS if "error" in frame.columns else {})
    chosen: Any = st.dataframe(
        frame,
        column_config={name: columns.get(name) for name in frame.columns},
        hide_index=True,
        height=420,
        key=key,
        on_select="rerun",
        selection_mode="single-row",
    )
    rows = chosen["selection"]["rows"]
    if not rows or rows[0] >= len(frame):
        st.caption("Tick a sentence to follow it through all layers.")
        return
    index = int(frame.index[rows[0]])
    what = "predicted number" if run.kind == "numbers" else "probability of its label"
    st.markdown(f"**Row {frame['row'].iloc[rows[0]]}**: {what} by layer")
    st.text(run.sentences.texts[index])
    path = per_sentence.by_cell(run, index).rename(columns=figures.NAMES)
    st.dataframe(path.round(3), key=f"{key}:path")
