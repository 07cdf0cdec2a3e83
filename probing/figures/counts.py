"""Sentences counted: by class and by length."""

from collections import Counter

import numpy as np
import plotly.graph_objects as go

from probing.figures.style import DARK, LIGHT, dress
from probing.figures.texts import safe
from probing.parsing.cells import visible
from probing.sentences import Sentences

BARS = 20  # bars of a class chart
BINS = 40  # bars of a histogram, at most


def class_counts(sentences: Sentences, *, dark: bool = False) -> go.Figure:
    """Sentences of each class, a bar each, the largest on top; the small ones of many together."""
    style = DARK if dark else LIGHT
    counts = Counter(sentences.class_counts).most_common()
    own = counts if len(counts) <= BARS else counts[: BARS - 1]
    names, values = [safe(visible(name), 32) for name, _ in own], [count for _, count in own]
    if len(own) < len(counts):
        names.append(f"{len(counts) - len(own)} other classes")
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
    words = np.array([len(text.split()) for text in sentences.texts])
    # counted here: a browser that counts needs all of them
    low, high = (int(words.min()), int(words.max())) if len(words) else (0, 0)
    wide = -(-(high - low + 1) // BINS)  # whole words in a bin
    counts = np.bincount((words - low) // wide)
    first = low + wide * np.arange(len(counts))
    names = [f"{a:,}" if wide == 1 else f"{a:,} to {a + wide - 1:,}" for a in first.tolist()]
    bars = go.Bar(
        x=first + (wide - 1) / 2,
        y=counts,
        width=wide,
        customdata=names,
        marker={"color": style.poolings["cls"]},
    )
    figure = go.Figure(bars)
    dress(figure, style)
    figure.update_traces(hovertemplate="%{customdata} words: %{y:,}<extra></extra>")
    figure.update_xaxes(title_text="words", showgrid=False)
    figure.update_yaxes(title_text="sentences")
    figure.update_layout(height=320, bargap=0.05)
    return figure
