"""Values to Plotly figures. The only importer of plotly.

Each figure is a function of values and of ``dark``; ``draw`` finds the values in a run. Texts and
labels are the user's, so they are escaped wherever they go in.
"""

from probing.figures.between import (
    RUNS,
    Curve,
    curves_of,
    floor_of,
    overlay,
    run_colours,
    same_colours,
)
from probing.figures.cells import calibration, choices
from probing.figures.classes import by_class, confusion
from probing.figures.codes import LENGTHS, description, learning
from probing.figures.counts import class_counts, lengths
from probing.figures.differences import comparisons, conditional, gains
from probing.figures.drawing import FIGURES, draw
from probing.figures.inside import (
    average,
    effects,
    gradient_shares,
    heads,
    knockout,
    ledger,
    readings,
    row_ledger,
    token_bars,
    token_grid,
)
from probing.figures.layers import accuracy, first_scores, selectivity
from probing.figures.maps import scatter
from probing.figures.mix import class_mix
from probing.figures.of_run import SCORES
from probing.figures.onset import arrival
from probing.figures.shapes import MEASURES, geometry
from probing.figures.texts import NAMES
from probing.figures.values import METRICS, Line, Point, Reference, Scale

__all__ = [
    "FIGURES",
    "LENGTHS",
    "MEASURES",
    "METRICS",
    "NAMES",
    "RUNS",
    "SCORES",
    "Curve",
    "Line",
    "Point",
    "Reference",
    "Scale",
    "accuracy",
    "arrival",
    "average",
    "by_class",
    "calibration",
    "choices",
    "class_counts",
    "class_mix",
    "comparisons",
    "conditional",
    "confusion",
    "curves_of",
    "description",
    "draw",
    "effects",
    "first_scores",
    "floor_of",
    "gains",
    "geometry",
    "gradient_shares",
    "heads",
    "knockout",
    "learning",
    "ledger",
    "lengths",
    "overlay",
    "readings",
    "row_ledger",
    "run_colours",
    "same_colours",
    "scatter",
    "selectivity",
    "token_bars",
    "token_grid",
]
