"""One cell (layer × pooling): which, how sure it is, and its sentences."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

from dashboard import cached, selection, views
from dashboard.glossary import CALIBRATION, INFORMATION
from dashboard.panels import classes
from dashboard.panels.choice import choose
from dashboard.words import plain
from probing import figures, per_sentence
from probing.cross_table import cross_table, quarter
from probing.language import later, tr, tr_n
from probing.record import Run
from probing.suspects import about_suspects, suspects

if TYPE_CHECKING:
    import pandas as pd

_LISTS = {
    "hardest": later("Hardest"),
    "suspects": later("Labels that may be wrong"),
    "against": later("Against another cell"),
    "all": later("All"),
}
_QUARTERS = {
    "only_a": later("only {a} right: {n}"),
    "only_b": later("only {b} right: {n}"),
    "both": later("both right: {n}"),
    "neither": later("both wrong: {n}"),
}


def _columns(names: Iterable[str]) -> dict[str, Any]:
    """How the columns of a table of sentences are shown; None where one is hidden."""
    config, known = st.column_config, set(names)
    shown: dict[str, Any] = {
        "row": config.NumberColumn(tr("Row"), width="small"),
        "text": config.TextColumn(tr("Sentence"), width="large"),
        "label": config.TextColumn(tr("Label")),
        "predicted": config.TextColumn(tr("Predicted")),
        "suggested": config.TextColumn(tr("Predicted instead")),
        "predicted_a": config.TextColumn(tr("Predicted by the first")),
        "predicted_b": config.TextColumn(tr("By the second")),
        "probability": config.NumberColumn(tr("P(label)"), format="%.2f"),
        "confidence": config.NumberColumn(tr("Confidence"), format="%.2f"),
        "information_bits": config.NumberColumn(tr("Bits"), format="%.1f", help=tr(INFORMATION)),
        "wrong": config.NumberColumn(tr("Cells wrong"), width="small"),
        "right": config.CheckboxColumn(tr("Right"), width="small"),
    }
    if "error" in known:  # of numbers
        shown["predicted"] = config.NumberColumn(tr("Predicted"), format="%.4g")
        shown["error"] = config.NumberColumn(tr("Error"), format="%.3g")
    return {name: shown.get(name) for name in known}


def choose_layer(run: Run) -> int:
    """A slider over the layers, kept in the URL."""
    layers = int(run.record["encoder"]["layers"])
    kept = selection.linked("layer", layers, range(layers + 1))
    return int(st.slider(tr("Layer"), 0, layers, width=320, **kept))


def choose_pooling(run: Run, key: str = "pooling", label: str = "") -> str:
    """One of the run's poolings, kept in the URL."""
    poolings = run.record["settings"]["poolings_used"]
    return choose(label or tr("Pooling"), {p: figures.NAMES[p] for p in poolings}, key=key)


def show(run: Run, dark: bool) -> None:
    """Draw the chosen cell: its figures, its calibration, its sentences."""
    st.header(tr("One cell and its sentences"), anchor=False)
    with st.container(horizontal=True, gap="medium"):
        pooling, layer = choose_pooling(run), choose_layer(run)
    if run.kind == "numbers":
        found = per_sentence.largest_errors(run, layer, pooling)
        _table(run, found, "largest_errors")
        with st.container(horizontal=True):
            _on_map(layer, pooling, "error")
            _on_map(layer, pooling, "error", found["row"].tolist())
        return
    cell = run.cell(layer, pooling)
    if cell.constant:
        st.info(
            tr(
                "At layer {layer} the {pooling} vector is the same for every sentence: the probe "
                "can only name the most frequent class, and knows nothing of any sentence."
            ).format(layer=layer, pooling=figures.NAMES[pooling]),
            icon=":material/filter_center_focus:",
        )
        return
    left, right = st.columns((1, 2), gap="large")
    with left:
        _figures(run, layer, pooling)
        _on_map(layer, pooling, "right")
        st.markdown("**" + tr("Calibration") + "**", help=tr(CALIBRATION))
        st.plotly_chart(
            cached.figure(run, "calibration", dark=dark, layer=layer, pooling=pooling),
            theme=None,
            key="calibration",
            alt=tr("Accuracy against confidence"),
        )
    with right:
        _sentences(run, layer, pooling)
    classes.show(run, layer, pooling, dark)


def _figures(run: Run, layer: int, pooling: str) -> None:
    cell = run.cell(layer, pooling)
    used = tr_n("{n} sentence, not fitted on", "{n} sentences, none fitted on", cell.n)
    ends = f" [{cell.ci_low:.1%}, {cell.ci_high:.1%}]"
    lines = [
        used.format(n=f"{cell.n:,}"),
        tr("accuracy **{share}**").format(share=f"{cell.accuracy:.1%}") + ends,
    ]
    if cell.balanced_accuracy is not None:
        low, high = cell.balanced_low, cell.balanced_high
        ends = "" if low is None or high is None else f" [{low:.1%}, {high:.1%}]"
        balanced = f"{cell.balanced_accuracy:.1%}"
        lines.append(tr("balanced accuracy **{share}**").format(share=balanced) + ends)
    if cell.usable_information_bits is not None:
        bits = f"{cell.usable_information_bits:.2f}"
        lines.append(tr("**{bits}** bits known of the label").format(bits=bits))
    st.markdown("  \n".join(lines))


def _sentences(run: Run, layer: int, pooling: str) -> None:
    which = choose(tr("Sentences"), _LISTS, key="sentences")
    if which == "hardest":
        st.caption(tr("Those that this cell knows least of."), help=tr(INFORMATION))
        found = per_sentence.hardest(run, [run.cell(layer, pooling)])
        _table(run, found, "hardest")
        _on_map(layer, pooling, "right", found["row"].tolist())
    elif which == "suspects":
        st.caption(plain(about_suspects(run)))
        found = suspects(run)
        _table(run, found, "suspects")
        _on_map(layer, pooling, "right", found["row"].tolist())
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
        st.caption(tr("This run has no other cell."))
        return
    usual = next((c for c in cells if c[0] == ("mean" if pooling != "mean" else "cls")), cells[0])
    named = {f"{p}_{number}": (p, number) for p, number in cells}
    chosen = st.selectbox(
        tr("Other cell"),
        list(named),
        format_func=lambda name: tr("{pooling}, layer {layer}").format(
            pooling=figures.NAMES[named[name][0]], layer=named[name][1]
        ),
        **selection.linked("against", f"{usual[0]}_{usual[1]}", named),
    )
    other = named[chosen]
    table = cross_table(run, layer, pooling, other[1], other[0])
    a, b = _named(pooling, layer), _named(*other)
    counts = {name: len(getattr(table, name)) for name in _QUARTERS}
    which: Any = st.segmented_control(
        tr("{a} and {b}").format(a=a, b=b),
        list(_QUARTERS),
        required=True,
        wrap=True,
        format_func=lambda q: tr(_QUARTERS[q]).format(a=a, b=b, n=f"{counts[q]:,}"),
        **selection.linked("quarter", "only_a", _QUARTERS),
    )
    found = quarter(run, table, which)
    _table(run, found, "quarter_rows")
    _on_map(layer, pooling, "right", found["row"].tolist())


def _named(pooling: str, layer: int) -> str:
    return f"{figures.NAMES[pooling]} {layer}"


def _on_map(layer: int, pooling: str, colour: str, rows: Sequence[int] | None = None) -> None:
    """A link to the cell's map; with ``rows``, their sentences are selected there."""
    chosen = selection.rows_on_map(rows or ())
    if rows is not None and not chosen:
        return
    n = chosen.count("~")
    title = tr("Its place on the map")
    if rows is not None:
        title = tr_n("Select it on the map", "Select these {n} on the map", n).format(n=f"{n:,}")
        if n < len(rows):
            title = tr("Select the first {n} on the map").format(n=f"{n:,}")
    st.page_link(
        views.pages()["map"],
        label=title,
        icon=":material/scatter_plot:",
        query_params=selection.to_map(layer, pooling, colour, chosen),
    )


def _table(run: Run, frame: "pd.DataFrame", key: str) -> None:
    """Sentences; a chosen one is followed through all cells."""
    if not len(frame):
        st.caption(tr("No sentence."))
        return
    rows = frame["row"].tolist()
    st.dataframe(
        frame,
        column_config=_columns(frame.columns),
        hide_index=True,
        height=420,
        key=key,
        on_select=lambda: selection.take_ticked(key, rows),
        selection_mode="single-row",
    )
    row = selection.followed()
    if row not in rows:
        st.caption(tr("Tick a sentence to follow it through all layers."))
        return
    index = int(frame.index[rows.index(row)])
    title = (
        tr("**Row {row}**: predicted number by layer")
        if run.kind == "numbers"
        else tr("**Row {row}**: probability of its label by layer")
    )
    st.markdown(title.format(row=row))
    st.text(run.sentences.texts[index])
    path = per_sentence.by_cell(run, index).rename(
        columns={name: tr(shown) for name, shown in figures.NAMES.items()}
    )
    st.dataframe(path.round(3), key=f"{key}:path")
