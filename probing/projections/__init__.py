"""Maps: representations drawn in two or three dimensions, each with how faithful it is.

Distances, sizes and gaps of a UMAP map are not measurements; the faithfulness figures say how
much of each point's neighbourhood in the representation survives on the map.
"""

from probing.projections.drawing import Wanted, draw, project
from probing.projections.faithfulness import judge
from probing.projections.layouts import load_umap, warm_up
from probing.projections.values import (
    FEWEST,
    METHODS,
    Faithfulness,
    Method,
    Projection,
    projection_name,
)

__all__ = [
    "FEWEST",
    "METHODS",
    "Faithfulness",
    "Method",
    "Projection",
    "Wanted",
    "draw",
    "judge",
    "load_umap",
    "project",
    "projection_name",
    "warm_up",
]
