"""Representations to maps, one or many, such that the layers of a pooling line up.

All layers' maps start from one map, that of the middle layer, and are turned to lie on it: a
sentence keeps its place as far as the layers agree, and the map under a link does not depend on
which layers were looked at before. Compared with maps that each start from the layer above or
below, sentences move as little from layer to layer, yet no map needs more than one other.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from probing.errors import DataError, SettingsError
from probing.geometry import is_constant
from probing.language import say
from probing.progress import Report, silent
from probing.projections import layouts
from probing.projections.faithfulness import judge
from probing.projections.neighbours import Graph
from probing.projections.values import (
    FEWEST,
    METHODS,
    Method,
    Projection,
    projection_name,
)

if TYPE_CHECKING:
    from probing.representations import Representations


Wanted = tuple[Method, int, int, str]
"""(method, dimensions, layer, pooling) of a map."""

Keep = Callable[[str, np.ndarray, Callable[[], Projection]], Projection]
"""(name, vectors, what draws the map) → the map."""


def project(
    x: np.ndarray,
    *,
    method: Method = "umap",
    dimensions: int = 2,
    layer: int,
    pooling: str,
    labels: np.ndarray | None = None,
    seed: int = 0,
    reference: np.ndarray | None = None,
    graph: Graph | None = None,
    report: Report = silent,
) -> Projection:
    """Map (n, H) representations to ``dimensions`` (2 or 3); the same seed gives the same map.

    ``labels`` (n,) are used for the faithfulness figures only, never for the map. With
    ``reference``, the points (n, dimensions) of another layer's map, the map is started from it and
    turned to lie on it; ``graph`` is ``layouts.graph_of(x)`` where it is at hand.

    Raises ``DataError`` for fewer than two sentences and for constant representations: UMAP would
    draw a convincing cloud from identical rows.
    """
    if method not in METHODS:
        raise SettingsError(
            "map method {method!r} is unknown; it is one of pca, umap.", method=method
        )
    if dimensions not in (2, 3):
        raise SettingsError("a map has 2 or 3 dimensions, not {dimensions}.", dimensions=dimensions)
    if len(x) < 2:
        raise DataError("a map needs at least two sentences; there is {n}. Add more.", n=len(x))
    if is_constant(x):
        raise DataError(
            "the {pooling} vector at layer {layer} is the same for every sentence, so there is "
            "nothing to map. Choose a higher layer or another pooling.",
            pooling=pooling,
            layer=layer,
        )
    explained: tuple[float, ...] = ()
    notice = ""
    if method == "umap" and len(x) <= FEWEST:
        notice = say(
            "UMAP needs more than {n} sentences: this map shows principal components.", n=FEWEST
        )
    if method == "pca" or notice:
        points, explained = layouts.pca(x, dimensions)
        if reference is not None:
            points = layouts.mirrored(points, reference)
    else:
        graph = graph or layouts.graph_of(x, seed)
        points = layouts.umap(x, dimensions, seed, report, graph, reference)
        if reference is not None:
            points = layouts.turned(points, reference)
    faithfulness = judge(x, points, labels, seed)
    return Projection(method, layer, pooling, points, faithfulness, seed, explained, notice)


def draw(
    representations: "Representations",
    y: np.ndarray | None,
    wanted: Iterable[Wanted],
    *,
    seed: int,
    there: Sequence[Projection] = (),
    report: Report = silent,
    keep: Keep = lambda name, x, make: make(),
) -> tuple[Projection, ...]:
    """The maps ``wanted``, and before them those that they lie on, less what is ``there`` already.

    ``y`` (n,) class numbers for the faithfulness figures; the progress reported is in hundredths
    of a map. ``keep`` is given a map's name, its vectors and what draws it, and may have it.
    """
    maps = {p.name: p for p in there}
    todo = [one for one in _with_references(representations, wanted) if _name(one) not in maps]
    graphs: dict[tuple[int, str], Graph] = {}
    for done, one in enumerate(todo):
        x = representations.cell(*one[2:])
        origin = maps.get(_name(_reference(representations, one)))
        make = partial(
            _draw_one,
            x,
            one,
            graphs,
            labels=y,
            seed=seed,
            reference=None if origin is None else origin.points,
            report=_part(report, done, len(todo)),
        )
        maps[_name(one)] = keep(_name(one), x, make)
        report(100 * (done + 1), 100 * len(todo))
    return tuple(maps[_name(one)] for one in todo)


def _draw_one(
    x: np.ndarray, one: Wanted, graphs: "dict[tuple[int, str], Graph]", *, seed: int, **more: Any
) -> Projection:
    """One map; ``graphs`` holds the graph of the last cell, for its next map."""
    method, dimensions, layer, pooling = one
    if method == "umap" and len(x) > FEWEST and (layer, pooling) not in graphs:
        graphs.clear()  # one at a time: the memory of one
        graphs[layer, pooling] = layouts.graph_of(x, seed)
    return project(
        x,
        method=method,
        dimensions=dimensions,
        layer=layer,
        pooling=pooling,
        seed=seed,
        graph=graphs.get((layer, pooling)),
        **more,
    )


def _name(one: Wanted) -> str:
    method, dimensions, layer, pooling = one
    return projection_name(method, dimensions, pooling, layer)


def _with_references(representations: "Representations", wanted: Iterable[Wanted]) -> list[Wanted]:
    """Each map once, the map that it lies on before it."""
    return list(
        dict.fromkeys(each for one in wanted for each in (_reference(representations, one), one))
    )


def _reference(representations: "Representations", one: Wanted) -> Wanted:
    """The map of the layer nearest to the middle whose vectors differ; itself where none do."""
    method, dimensions, _, pooling = one
    middle = representations.layers // 2
    for other in sorted(range(representations.layers), key=lambda i: (abs(i - middle), -i)):
        if not is_constant(representations.cell(other, pooling)):
            return method, dimensions, other, pooling
    return one


def _part(report: Report, done: int, maps: int) -> Report:
    """A map's own percentage as a part of all ``maps``."""
    return lambda percent, total: report(100 * done + 100 * percent // total, 100 * maps)
