"""The word embedding table, row by row, as the loss sees it."""

from collections.abc import Mapping

import plotly.graph_objects as go

from probing.figures.inside.rows import Bars, Labels, bars, fitting, percents
from probing.figures.style import DARK, LIGHT
from probing.figures.texts import NAMES, short
from probing.language import tr
from probing.mechanism.values import Row, RowLedger


def row_ledger(
    found: RowLedger, *, names: Mapping[str, str] = NAMES, dark: bool = False
) -> go.Figure:
    """The ten rows of the embedding table that the loss pulls most, [CLS]'s marked.

    Where [CLS] is not among them, its row comes last, with its rank.
    """
    style = DARK if dark else LIGHT
    rows: list[tuple[Row, int]] = [(row, i) for i, row in enumerate(found.largest, 1)]
    marked = next((i for i, (row, _) in enumerate(rows) if row == found.cls), None)
    if marked is None:
        marked = len(rows)
        rows.append((found.cls, found.rank))
    colours = [style.poolings["cls"] if i == marked else style.quiet for i in range(len(rows))]
    shares = [row.share for row, _ in rows]
    meaning = tr("{share} of Σ ‖∂L/∂E‖² over all rows")
    panel = Bars(
        tr("share of Σ ‖∂L/∂E‖² over all rows"), shares, percents(shares), colours, meaning
    )
    occurs = tr("{token}, row {rank} of {seen}, occurs {count} times")
    named = [
        Labels(
            fitting(f"{rank:,}. {row.token}"),
            occurs.format(
                token=short(row.token, 60),
                rank=f"{rank:,}",
                seen=f"{found.seen:,}",
                count=f"{row.count:,}",
            ),
        )
        for row, rank in rows
    ]
    heading = (
        tr("rows of the embedding table, fitted head on {pooling}")
        if found.fitted
        else tr("rows of the embedding table, random head on {pooling}")
    ).format(pooling=names[found.head])
    seen = tr("[CLS] is row {rank} of the {seen} that occur.").format(
        rank=f"{found.rank:,}", seen=f"{found.seen:,}"
    )
    return bars(named, [panel], heading, [seen], dark=dark)
