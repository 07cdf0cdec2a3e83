"""The sentences that are selected on the map: which, of which classes, with which words."""

from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from dashboard import cached
from dashboard.panels.map_data import Shown
from dashboard.panels.own_columns import own_columns
from dashboard.selection import ROWS
from dashboard.words import plain
from probing import figures
from probing.answers import numbers
from probing.language import tr, tr_n
from probing.probes.regression import RegressionResult
from probing.probes.result import ProbeResult
from probing.projections.lasso import Lasso
from probing.record import Run
from probing.sentences import COLUMN
from probing.spreadsheets import write_csv

if TYPE_CHECKING:
    import pandas as pd

SEARCH = "search"
"""The selection of what the search finds."""
_TABLE = 1_000  # lines of the table on the page; the file has all


def selected(run: Run, select: str, found: np.ndarray | None) -> np.ndarray | None:
    """bool (n,): what a selection from the link means; None for none, or where its map is gone."""
    if select == SEARCH:
        return found
    if select.startswith(f"{ROWS}~"):
        asked = {int(row) for row in select.split("~")[1:] if row.isdecimal()}
        chosen = np.isin(run.sentences.rows, list(asked))
        return chosen if chosen.any() else None
    lasso = Lasso.parse(select)
    projection = next((p for p in run.projections if lasso and p.name == lasso.map), None)
    return lasso.holds(projection.points) if lasso and projection is not None else None


def searched(run: Run, asked: str) -> np.ndarray | None:
    """bool (n,): the sentences that have ``asked`` in them, in any case; None for no search."""
    asked = asked.casefold().strip()
    if not asked:
        return None
    return np.array([asked in text for text in cached.folded(run)], dtype=bool)


def show(run: Run, chosen: np.ndarray, shown: Shown, *, texts: bool, dark: bool) -> None:
    """What the selected sentences are and have in common."""
    n = int(chosen.sum())
    with st.container(horizontal=True, vertical_alignment="center"):
        st.header(tr_n("{n} sentence selected", "{n} sentences selected", n).format(n=f"{n:,}"),
                     anchor=False, width="content")  # fmt: skip
        st.caption(tr("of {n}").format(n=f"{len(chosen):,}"), width="content")
        st.space("stretch")
        if n:
            st.download_button(
                tr("Download as CSV"),
                data=lambda: _file(run, chosen, shown),
                file_name="selection.csv",
                mime="text/csv",
                icon=":material/download:",
                key="map:download",
                on_click="ignore",
            )
    if not n:
        st.caption(tr("No sentence lies inside. Draw a line around some points."))
        return
    _in_common(run, chosen, texts=texts, dark=dark)
    _table(run, chosen, shown)


def _in_common(run: Run, chosen: np.ndarray, *, texts: bool, dark: bool) -> None:
    labels = run.sentences.labels
    with st.container(horizontal=True, gap="large"):
        if labels is not None and run.kind != "numbers":
            with st.container(width=420):
                about = tr("The upright line: their share of all sentences.")
                _title(tr("Classes"), about)
                st.markdown(_finding(labels, chosen))
                st.plotly_chart(
                    figures.class_mix(labels, chosen, dark=dark),
                    theme=None,
                    key="map:mix",
                    config={"displayModeBar": False},
                    alt=tr("Share of each class among the selected sentences and among all"),
                )
        if run.kind == "numbers":
            with st.container(width=420):
                values = numbers(run)
                _title(tr("Label"))
                st.markdown(
                    tr("Mean {inside:.4g} among the selected, {whole:.4g} among all.").format(
                        inside=values[chosen].mean(), whole=values.mean()
                    )
                )
        if texts and not chosen.all():
            with st.container(width=420):
                _words(run, chosen)


def _finding(labels: tuple[str, ...], chosen: np.ndarray) -> str:
    """The class that stands out most."""
    whole, inside = np.array(labels, dtype=object), np.array(labels, dtype=object)[chosen]
    names = sorted(set(labels))
    gains = [float((inside == name).mean() - (whole == name).mean()) for name in names]
    best = int(np.argmax(gains))
    said = tr("{name}: {inside:.0%} of the selected, {whole:.0%} of all.").format(
        name="\0",
        inside=(inside == names[best]).mean(),
        whole=(whole == names[best]).mean(),
    )
    return plain(said).replace("\0", f"**{plain(names[best])}**")


def _title(text: str, help: str | None = None) -> None:
    st.markdown(f"**{text}**", help=help)


def _words(run: Run, chosen: np.ndarray) -> None:
    _title(
        tr("Words in common"),
        tr(
            "Words that the selected sentences have more often than the others. z: how many "
            "standard deviations the log-odds differ (Monroe et al. 2008); from 1.96 on."
        ),
    )
    frame = cached.vocabulary(run).overrepresented(chosen)
    if not len(frame):
        st.caption(tr("No word stands out."))
        return
    st.dataframe(
        frame,
        hide_index=True,
        height=min(38 + 35 * len(frame), 318),
        key="map:words",
        column_config={
            "word": st.column_config.TextColumn(tr("Word")),
            "inside": st.column_config.NumberColumn(
                tr("Selected"), width="small", help=tr("Selected sentences that have it")
            ),
            "outside": st.column_config.NumberColumn(
                tr("Others"), width="small", help=tr("Other sentences that have it")
            ),
            "z": st.column_config.NumberColumn("z", width="small", format="%.1f"),
        },
    )


def _table(run: Run, chosen: np.ndarray, shown: Shown) -> None:
    at = np.flatnonzero(chosen)
    frame = table(run, at[:_TABLE], shown)
    names = figures.NAMES
    columns = {
        "row": st.column_config.NumberColumn(tr("Row"), width="small"),
        "text": st.column_config.TextColumn(tr("Text"), width="large"),
        "label": st.column_config.TextColumn(tr("Label")),
        **own_columns(run.sentences),
    }
    for pooling in shown.poolings:
        said = tr("{pooling}, layer {layer}").format(pooling=names[pooling], layer=shown.layer)
        columns[f"predicted_{pooling}_{shown.layer}"] = st.column_config.Column(
            names[pooling], help=tr("Predicted by {cell}").format(cell=said)
        )
        columns[f"p_{pooling}_{shown.layer}"] = st.column_config.NumberColumn(
            f"P {names[pooling]}",
            format="%.2f",
            width="small",
            help=tr("Probability of the label by {cell}").format(cell=said),
        )
    st.dataframe(
        frame,
        hide_index=True,
        height=min(38 + 35 * len(frame), 420),
        column_config=columns,
        key="map:table",
    )
    if len(at) > _TABLE:
        st.caption(
            tr("The first {shown} of {n} are listed; the file has all.").format(
                shown=f"{_TABLE:,}", n=f"{len(at):,}"
            )
        )


def table(run: Run, at: np.ndarray, shown: Shown) -> "pd.DataFrame":
    """Row, text, label, what each shown pooling predicts, and the run's own columns, at ``at``.

    The column by which the map is coloured stands beside the label.
    """
    import pandas as pd

    sentences, places = run.sentences, at.tolist()
    columns: dict[str, object] = {
        "row": [sentences.rows[i] for i in places],
        "text": [sentences.texts[i] for i in places],
    }
    if sentences.labels is not None:
        columns["label"] = [sentences.labels[i] for i in places]
    own = {COLUMN + n: [v[i] for i in places] for n, v in sentences.beside.items()}
    if shown.colour in own:
        columns[shown.colour] = own.pop(shown.colour)
    for pooling in shown.poolings:
        name = f"{pooling}_{shown.layer}"
        cells: tuple[ProbeResult | RegressionResult, ...] = (*run.probes, *run.regressions)
        for cell in cells:
            if (cell.layer, cell.pooling) != (shown.layer, pooling):
                continue
            found = cell.predicted[at]
            if run.kind == "numbers":
                columns[f"predicted_{name}"] = found
                continue
            classes = run.sentences.classes
            columns[f"predicted_{name}"] = [classes[k] if k >= 0 else None for k in found.tolist()]
            columns[f"p_{name}"] = run.cell(shown.layer, pooling).true_probability[at]
    return pd.DataFrame(columns | own)


def _file(run: Run, chosen: np.ndarray, shown: Shown) -> bytes:
    """All selected sentences, as a CSV that is safe to open in a spreadsheet."""
    target = BytesIO()
    write_csv(table(run, np.flatnonzero(chosen), shown), target)
    return target.getvalue()
