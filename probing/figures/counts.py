"""Sentences counted: by class and by length."""

from collections import Counter

import plotly.graph_objects as go

from probing.figures.style import DARK, LIGHT, dress
from probing.figures.texts import safe
from probing.language import tr
from probing.sentences import Sentences

BARS = 20  # bars of a class chart


def class_counts(sentences: Sentences, *, dark: bool = False) -> go.Figure:
    """Sentences of each class, a bar each, the largest on top; the small ones of many together."""
    style = DARK if dark else LIGHT
    counts = Counter(sentences.class_counts).most_common()
    own = counts if len(counts) <= BARS else counts[: BARS - 1]
    names, values = [safe(name, 32) for name, _ in own], [count for _, count in own]
    if len(own) < len(counts):
        names.append(tr("{n} other classes").format(n=len(counts) - len(own)))
        values.append(sum(count for _, count in counts[len(own) :]))
    bars = go.Bar(
        x=values[::-1],
        y=list(range(len(values)))[::-1],
        orientation="h",
        text=[f"{value:,}" for value in values[::-1]],
        textposition="outside",
        cliponaxis=False,
        marker={"color": style.poolings["cls"]},
        hoverinfo="skip",
    )
    figure = go.Figure(bars)
    dress(figure, style)
    figure.update_xaxes(showgrid=False, showticklabels=False)
    figure.update_yaxes(
        showgrid=False,
        tickmode="array",
        tickvals=list(range(len(values))),
        ticktext=names,
        autorange="reversed",
        automargin=True,
    )
    figure.update_layout(height=60 + 24 * len(values), margin={"b": 12, "r": 56})
    return figure


def lengths(sentences: Sentences, *, dark: bool = False) -> go.Figure:
    """Histogram of the sentences' lengths in words (white-space separated)."""
    style = DARK if dark else LIGHT
    words = [len(text.split()) for text in sentences.texts]
    bars = go.Histogram(x=words, nbinsx=40, marker={"color": style.poolings["cls"]})
    figure = go.Figure(bars)
    dress(figure, style)
    figure.update_traces(hovertemplate=tr("%{x} words: %{y:,}<extra></extra>"))
    figure.update_xaxes(title_text=tr("words"), showgrid=False)
    figure.update_yaxes(title_text=tr("sentences"))
    figure.update_layout(height=320, bargap=0.05)
    return figure
