"""One sentence as heat maps: a row per token."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from probing.figures.inside.rows import ROW, frame, label_rows, left_of
from probing.figures.inside.tokens import labels_of, largest, left_out, numbered
from probing.figures.style import DARK, LIGHT, SMALL, Style, dress
from probing.figures.texts import safe
from probing.figures.traces import SHOWN
from probing.language import tr
from probing.mechanism.values import SentenceLayer, Token
from probing.wording import percent


def token_grid(
    tokens: Sequence[Token], layers: Sequence[SentenceLayer], *, dark: bool = False
) -> go.Figure:
    """What each token brings to [CLS] in every layer: a row per token, a column per layer."""
    shown = largest(np.max([layer.parts for layer in layers], axis=0))
    said = tr(
        "<b>{token}</b><br>{share} of what [CLS] receives in layer {layer}<br>"
        "raw attention {attention}"
    )
    z = np.array([[layer.parts[i] for layer in layers] for i in shown])
    hover = [
        [
            said.format(
                token=safe(numbered(tokens, i), 80),
                share=percent(layer.parts[i]),
                layer=layer.layer,
                attention=percent(layer.attention[i]),
            )
            for layer in layers
        ]
        for i in shown
    ]
    heading = tr("What each token brings to [CLS], by norm")
    columns = [layer.layer for layer in layers]
    key = (
        tr("Columns: layers. Brightest: {share}.")
        if dark
        else tr("Columns: layers. Darkest: {share}.")
    )
    notes = left_out(tokens, shown)
    return _grid(tokens, shown, columns, z, hover, key, heading, notes, dark)


def heads(tokens: Sequence[Token], layer: SentenceLayer, *, dark: bool = False) -> go.Figure:
    """[CLS]'s attention in one layer: a row per token, a column per head. Heads count from 1."""
    shown = largest(np.max(layer.heads, axis=0))
    said = tr("<b>{token}</b><br>{share} of [CLS]'s attention, layer {layer}, head {head}")
    z = np.array([[head[i] for head in layer.heads] for i in shown])
    hover = [
        [
            said.format(
                token=safe(numbered(tokens, i), 80),
                share=percent(head[i]),
                layer=layer.layer,
                head=number,
            )
            for number, head in enumerate(layer.heads, 1)
        ]
        for i in shown
    ]
    heading = tr("Layer {layer}: [CLS]'s attention, head by head").format(layer=layer.layer)
    columns = list(range(1, len(layer.heads) + 1))
    key = (
        tr("Columns: heads. Brightest: {share}.")
        if dark
        else tr("Columns: heads. Darkest: {share}.")
    )
    notes = [*left_out(tokens, shown), tr("Each column adds up to 100%.")]
    return _grid(tokens, shown, columns, z, hover, key, heading, notes, dark)


def _grid(
    tokens: Sequence[Token],
    shown: Sequence[int],
    columns: Sequence[int],
    z: np.ndarray,
    hover: Sequence[Sequence[str]],
    key: str,
    heading: str,
    notes: Sequence[str],
    dark: bool,
) -> go.Figure:
    style = DARK if dark else LIGHT
    top = float(z.max()) or 1.0
    figure = go.Figure(
        go.Heatmap(
            z=z,
            x=list(columns),
            y=list(range(len(shown))),
            zmin=0.0,
            zmax=top,
            colorscale=_shades(style),
            showscale=False,
            xgap=1,
            ygap=1,
            customdata=[[[text] for text in row] for row in hover],
            hovertemplate=SHOWN,
            name=heading,
        )
    )
    dress(figure, style)
    labels = [row.label for row in labels_of(tokens, shown)]
    label_rows(figure, labels)
    many = len(columns)
    figure.update_xaxes(
        side="top",
        showgrid=False,
        showline=False,
        tick0=columns[0],
        dtick=1 if many <= 12 else 2 if many <= 24 else 4,
        tickangle=0,
        tickfont={"size": SMALL - 1, "color": style.quiet},
        ticks="",
        range=[columns[0] - 0.5, columns[-1] + 0.5],
    )
    frame(figure, style, heading, [key.format(share=percent(top)), *notes], left_of(labels),
          ROW * len(shown))  # fmt: skip
    return figure


def _shades(style: Style) -> list[tuple[float, str]]:
    """From the background to the colour of [CLS] and a little beyond: one hue, one direction."""
    strong = style.poolings["cls"]
    end = "#003a5c" if style is LIGHT else "#d6efff"
    start = "#f1f4f7" if style is LIGHT else "#171d25"
    return [(0.0, start), (0.55, strong), (1.0, end)]
