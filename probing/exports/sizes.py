"""How large the parts of a run's zip are, before they are made."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from probing.hiding import is_hidden

if TYPE_CHECKING:
    from probing.record import Run

PLOTLY = 4_900_000
"""Bytes of plotly.js, which the report and the charts bring along."""
_CHART = 20_000  # bytes of a chart by layer
_PICTURE = 170_000  # bytes of a chart as SVG and PNG
_POINT = 90  # bytes of a point on a map, beside its text
_NUMBER = 11  # bytes of a number in a CSV


def sizes(run: "Run") -> Mapping[str, int]:
    """Part of ``bundle.PARTS`` → bytes before packing, for the parts that the run has.

    Exact for the vectors; else about, within a factor of two or three.
    """
    n = len(run.sentences)
    texts = sum(len(text.encode()) for text in run.sentences.texts) + 20 * n
    flat = sum(p.points.shape[1] == 2 for p in run.projections)
    maps = sum(p.points.size for p in run.projections)
    cells = max(1, len(run.probes) + len(run.regressions))
    found = {
        "record": 20_000 + 400 * len(run.evidence.contrasts) + 300 * len(run.projections),
        "tables": 1_000 * cells + n * cells * 3 * _NUMBER,
        "charts": PLOTLY + 15 * _CHART + min(flat, 6) * (texts + n * _POINT),
        "pictures": 15 * _PICTURE + min(flat, 6) * (_PICTURE + n * _POINT),
        "report": PLOTLY + 8 * _CHART + min(flat, 6) * (texts + n * _POINT),
    }
    if run.projections:
        found["maps"] = (n * len(run.projections) + maps) * _NUMBER
    if run.representations is not None:
        found["vectors"] = sum(array.nbytes for array in run.representations.arrays.values())
    if not is_hidden(run):
        found |= {"sentences": 2 * texts, "script": texts, "notebook": texts}
    return found
