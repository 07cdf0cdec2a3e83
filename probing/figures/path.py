"""One sentence through the layers."""

from collections.abc import Mapping
from math import isnan
from typing import TYPE_CHECKING

import plotly.graph_objects as go

from probing.figures.chart import Chart
from probing.figures.texts import NAMES, safe
from probing.figures.values import Line, Point, Reference, Scale
from probing.language import tr

if TYPE_CHECKING:
    import pandas as pd


def path(
    probabilities: "pd.DataFrame",
    taken_for: "pd.DataFrame",
    label: str,
    classes: int,
    *,
    names: Mapping[str, str] = NAMES,
    dark: bool = False,
) -> go.Figure:
    """The probability that each probe gives a sentence's label, by layer, a line per pooling.

    ``probabilities`` as of ``per_sentence.by_cell``, ``taken_for`` of ``paths.predicted``; a line
    across shows chance, 1 / ``classes``.
    """
    title = tr("probability given to “{label}”").format(label=safe(label, 40))
    chart = Chart([Scale(title)], list(probabilities.index), dark=dark, height=340)
    chart.references([Reference(tr("chance"), 1 / classes)])
    said = tr("taken for {name}")
    lines = []
    for pooling in probabilities.columns:
        points = []
        for layer in probabilities.index.tolist():
            value = float(probabilities.loc[layer, pooling])
            taken = str(taken_for.loc[layer, pooling])
            note = said.format(name=safe(taken, 40)) if taken else ""
            points.append(Point(layer, None if isnan(value) else value, note=note))
        lines.append(Line(names[pooling], pooling, tuple(points)))
    chart.lines(lines)
    chart.panels[0].values += [0.0, 1.0]
    return chart.finish()
