"""Sentences counted: by class and by length."""

from collections import Counter

import numpy as np
import plotly.graph_objects as go

from probing.figures.style import DARK, LIGHT, SMALL, dress, name_rows
from probing.figures.texts import safe
from probing.language import tr
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
    name_rows(figure, names, automargin=True)
    figure.update_layout(height=60 + 24 * len(values), margin={"b": 12, "r": 56})
    return figure


def lengths(sentences: Sentences, *, dark: bool = False) -> go.Figure:
    """Histogram of the sentences' lengths in words (white-space separated)."""
    style = DARK if dark else LIGHT
    words = np.array([len(text.split()) for text in sentences.texts])
    first, wide, counts, rest = _bins(words)
    said = tr("{n} words") if wide == 1 else tr("{n} to {m} words")
    names = [said.format(n=f"{a:,}", m=f"{a + wide - 1:,}") for a in first.tolist()]
    if rest:
        names[-1] = tr("{n} and more words").format(n=f"{first[-1]:,}")
    bars = go.Bar(
        x=first + (wide - 1) / 2,
        y=counts,
        width=0.95 * wide,
        customdata=names,
        text=[""] * (len(names) - 1) + [f"{first[-1]:,} +"] if rest else None,
        textposition="outside",
        constraintext="none",
        textangle=0,
        cliponaxis=False,
        marker={"color": style.poolings["cls"]},
    )
    figure = go.Figure(bars)
    dress(figure, style)
    figure.update_traces(hovertemplate="%{customdata}: %{y:,}<extra></extra>")
    quiet = {"size": SMALL, "color": style.quiet}
    figure.update_xaxes(
        title={"text": tr("words per sentence"), "font": quiet, "standoff": 6}, showgrid=False
    )
    figure.update_yaxes(title={"text": tr("sentences"), "font": quiet, "standoff": 6})
    figure.update_layout(height=320, showlegend=False)
    return figure


def _bins(words: np.ndarray) -> tuple[np.ndarray, int, np.ndarray, bool]:
    """First number of words in each bin, words in a bin, counts, whether the last has all beyond.

    Counted here, as a browser that counts needs every sentence. A few very long sentences share
    the last bin: all others would stand in the first.
    """
    if not len(words):
        return np.zeros(1, dtype=int), 1, np.zeros(1, dtype=int), False
    low, high = int(words.min()), int(words.max())
    usual = int(np.quantile(words, 0.99))
    rest = high - low > 2 * (usual - low + 1) and high - low >= BINS
    most = usual + 1 if rest else high
    wide = -(-(most - low + 1) // BINS)
    counts = np.bincount((np.minimum(words, most) - low) // wide)
    return low + wide * np.arange(len(counts)), wide, counts, rest
