"""Classes of some sentences beside those of all."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from probing.figures.style import DARK, LIGHT, dress, faded, name_rows
from probing.figures.texts import safe
from probing.language import tr

BARS = 12  # classes of a chart


def class_mix(labels: Sequence[str], chosen: np.ndarray, *, dark: bool = False) -> go.Figure:
    """Share of each class among the ``chosen`` (bool, n), a bar each; a line where it is of all.

    The most frequent among the chosen on top; the small ones of many are left out.
    """
    style = DARK if dark else LIGHT
    whole = Counter(labels)
    inside = Counter(label for label, is_in in zip(labels, chosen.tolist(), strict=True) if is_in)
    names = [name for name, _ in whole.most_common()]
    names = sorted(names, key=lambda name: -inside[name])[:BARS]
    shares = [inside[name] / max(1, inside.total()) for name in names]
    usual = [whole[name] / len(labels) for name in names]
    at = list(range(len(names)))
    figure = go.Figure()
    figure.add_bar(
        x=shares,
        y=at,
        orientation="h",
        width=0.62,
        marker={"color": style.poolings["cls"]},
        customdata=[[inside[name], whole[name]] for name in names],
        hovertemplate=tr("{inside} selected of {whole}").format(
            inside="%{customdata[0]:,}", whole="%{customdata[1]:,}"
        )
        + "<extra></extra>",
    )
    figure.add_scatter(
        x=usual,
        y=at,
        mode="markers",
        marker={"symbol": "line-ns", "size": 17, "line": {"width": 2.5, "color": style.ink}},
        hovertemplate=tr("of all: {share}").format(share="%{x:.1%}") + "<extra></extra>",
    )
    most = max([*shares, *usual, 0.01])
    figure.add_scatter(
        x=[1.04 * most] * len(names),
        y=at,
        mode="text",
        text=[f"{share:.0%}" for share in shares],
        textposition="middle right",
        cliponaxis=False,
        hoverinfo="skip",
    )
    dress(figure, style)
    figure.update_xaxes(
        showgrid=False, showline=False, showticklabels=False, range=[0, 1.04 * most]
    )
    shown = [safe(name, 28) for name in names]
    name_rows(figure, shown, showline=False, automargin=True, ticklabelstandoff=6)
    figure.update_layout(
        height=24 + 30 * len(names),
        margin={"l": 8, "t": 4, "b": 8, "r": 44},
        showlegend=False,
        hoverlabel_bordercolor=faded(style.ink, 0.3),
    )
    return figure
