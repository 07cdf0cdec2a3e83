"""Which class is taken for which: one cell's predictions against the labels."""

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from probing.errors import SettingsError
from probing.figures.inside.rows import ROW, fitting, frame, label_rows, left_of
from probing.figures.style import DARK, LIGHT, SMALL, dress
from probing.figures.texts import NAMES, safe
from probing.figures.traces import SHOWN
from probing.probes.result import ProbeResult
from probing.wording import percent

MOST = 16
"""Classes with a row of their own; of more, the least frequent share one."""
WRITTEN = 8
"""Rows up to which the cells hold their figures; of more, the hover does."""


def confusion(
    probe: ProbeResult,
    y: np.ndarray,
    classes: Sequence[str],
    *,
    names: Mapping[str, str] = NAMES,
    dark: bool = False,
) -> go.Figure:
    """A row per class, a column per class that the probe said; shades are shares of a row.

    ``y`` int (n,) the true class numbers, ``classes`` their names. Rows are in the order of
    ``classes`` and numbered, columns have the rows' numbers. Of more than ``MOST`` classes the
    least frequent are one row. SettingsError for a constant cell, which says one class for all.
    """
    if probe.constant:
        raise SettingsError(
            f"{names[probe.pooling]} is the same vector for every sentence at layer {probe.layer}, "
            "so its probe says the same class for all; choose another layer."
        )
    true, said = y[probe.scored], probe.predicted[probe.scored]
    groups, rows = _groups(true, classes)
    table = np.zeros((len(rows), len(rows)), dtype=np.int64)
    np.add.at(table, (groups[true], groups[said]), 1)
    shares = table / np.maximum(table.sum(axis=1, keepdims=True), 1)
    style = DARK if dark else LIGHT
    numbers = list(range(1, len(rows) + 1))
    figure = go.Figure(
        go.Heatmap(
            z=shares,
            x=numbers,
            y=list(range(len(rows))),
            zmin=0.0,
            zmax=1.0,
            colorscale=[(0.0, _ground(dark)), (1.0, style.poolings["cls"])],
            showscale=False,
            xgap=1,
            ygap=1,
            text=table if len(rows) <= WRITTEN else None,
            texttemplate="%{text:,}" if len(rows) <= WRITTEN else None,
            customdata=_hover(table, shares, rows),
            hovertemplate=SHOWN,
            name="confusion",
        )
    )
    dress(figure, style)
    labels = [fitting(f"{number} {row}") for number, row in zip(numbers, rows, strict=True)]
    label_rows(figure, labels)
    figure.update_xaxes(
        side="top",
        showgrid=False,
        showline=False,
        tick0=1,
        dtick=1,
        tickangle=0,
        tickfont={"size": SMALL - 1, "color": style.quiet},
        ticks="",
        range=[0.5, len(rows) + 0.5],
    )
    heading = f"{names[probe.pooling]}, layer {probe.layer}: {_finding(table, rows)}"
    notes = ["Rows: the label. Columns: what the probe says. Shades: shares of a row."]
    frame(figure, style, heading, notes, left_of(labels), ROW * len(rows))
    return figure


def _groups(true: np.ndarray, classes: Sequence[str]) -> tuple[np.ndarray, list[str]]:
    """The row of each class number, and the names of the rows."""
    if len(classes) <= MOST:
        return np.arange(len(classes)), [str(name) for name in classes]
    counts = np.bincount(true, minlength=len(classes))
    own = np.sort(np.argsort(-counts, kind="stable")[: MOST - 1])
    groups = np.full(len(classes), MOST - 1)
    groups[own] = np.arange(len(own))
    return groups, [*(str(classes[i]) for i in own), f"{len(classes) - len(own)} other classes"]


def _finding(table: np.ndarray, rows: Sequence[str]) -> str:
    """The most frequent mistake, in words."""
    wrong = table - np.diag(np.diag(table))
    if not wrong.any():
        return "no class is taken for another"
    i, j = divmod(int(wrong.argmax()), len(rows))
    return (
        f"“{fitting(rows[i])}” is most often taken for “{fitting(rows[j])}”, "
        f"{wrong[i, j]:,} of {table[i].sum():,}"
    )


def _hover(table: np.ndarray, shares: np.ndarray, rows: Sequence[str]) -> list[list[list[str]]]:
    shown = [safe(row, 24) for row in rows]
    return [
        [
            [
                f"<b>{shown[i]}</b><br>called {shown[j]}:<br>"
                f"{table[i, j]:,} of {table[i].sum():,} ({percent(float(shares[i, j]))})"
            ]
            for j in range(len(rows))
        ]
        for i in range(len(rows))
    ]


def _ground(dark: bool) -> str:
    return "#171d25" if dark else "#f1f4f7"
