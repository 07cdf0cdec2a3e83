"""What the map component is told: see ``data_of``."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dashboard import cached
from dashboard.atlas.resources import Addresses, drawn
from dashboard.panels.map_colours import OF_CELL, in_address, offered, titles
from probing import figures, projections
from probing.figures.colouring import SYMBOLS, Colouring
from probing.figures.of_run import named
from probing.geometry import is_constant
from probing.language import tr
from probing.projections import Method, Projection
from probing.record import Run


@dataclass(frozen=True)
class Shown:
    """What a person chose to see."""

    method: Method
    dimensions: int
    poolings: tuple[str, ...]
    layer: int
    colour: str | None
    """One of ``map_colours.offered``; None where the run knows nothing of its sentences."""


@dataclass(frozen=True)
class Marks:
    """What is marked on the map, on all n sentences."""

    selected: np.ndarray | None
    """bool (n,), None for no selection."""
    found: np.ndarray | None
    """bool (n,) that the search finds, None for no search."""
    new: Mapping[str, Sequence[float]]
    """Where a sentence lies that is not of the run, by the map's name."""


def data_of(
    addresses: Addresses,
    shown: Shown,
    marks: Marks,
    *,
    compute: bool,
    dark: bool,
    said: Mapping[str, Any],
) -> dict[str, Any]:
    """Everything the component draws, small; positions, codes and texts as addresses.

    ``said`` is passed on as it is: ``layer``, ``select``, ``turn``, as the page understood them.
    """
    run = addresses.run
    layers = int(run.record["encoder"]["layers"]) + 1
    rows = drawn(len(run.sentences))
    first = shown.poolings[0]
    look = _look(run, shown, first, dark)
    return {
        **said,
        "run": f"{addresses.id} {shown.method}{shown.dimensions}",
        "n": len(run.sentences) if rows is None else len(rows),
        "dimensions": shown.dimensions,
        "layers": layers,
        "texts": addresses.of("texts", "all"),
        "selected": _bits(marks.selected, rows),
        "found": _bits(marks.found, rows),
        "panels": [
            _panel(addresses, shown, pooling, marks, compute=compute) for pooling in shown.poolings
        ],
        "look": _told(run, look, shown),
        "words": words(),
    }


def _look(run: Run, shown: Shown, pooling: str, dark: bool) -> Colouring | None:
    if shown.colour is None:
        return None
    return cached.colouring(run, shown.colour, shown.layer, pooling, dark=dark)


def _told(run: Run, look: Colouring | None, shown: Shown) -> dict[str, Any] | None:
    """A colouring, as the component reads it."""
    if look is None or shown.colour is None:
        return None
    per_cell = shown.colour in OF_CELL
    return {
        "title": titles(offered(run, texts=True))[shown.colour],
        "colours": look.colours,
        "symbols": [SYMBOLS.index(symbol) for symbol in look.symbols],
        "groups": [
            # of cells side by side each has other counts
            {"code": g.code, "name": g.name, "count": None if per_cell else f"{g.count:,}"}
            for g in look.groups
        ],
        "ends": None if look.ends is None else [_end(end) for end in look.ends],
    }


def _end(value: float) -> str:
    """A year stays a year, and thousands can be read."""
    if not 1_000 <= abs(value) < 1e9:
        return f"{value:.3g}"
    return f"{value:.0f}" if abs(value) < 10_000 else f"{value:,.0f}"


def _panel(
    addresses: Addresses, shown: Shown, pooling: str, marks: Marks, *, compute: bool
) -> dict[str, Any]:
    run = addresses.run
    maps = maps_of(run, shown, pooling)
    layers = range(int(run.record["encoder"]["layers"]) + 1)
    codes = None
    if shown.colour is not None:
        name, per_cell = in_address(run, shown.colour), shown.colour in OF_CELL
        cells = [f"{pooling}.{at}" for at in layers] if per_cell else ["all.0"]
        codes = [addresses.of("codes", f"{name}.{cell}") for cell in cells]
    return {
        "pooling": pooling,
        "title": named(run)[pooling],
        "codes": codes,
        "maps": [
            _map(maps.get(at), addresses, pooling, at, marks, compute=compute) for at in layers
        ],
    }


def _map(
    found: Projection | None,
    addresses: Addresses,
    pooling: str,
    layer: int,
    marks: Marks,
    *,
    compute: bool,
) -> dict[str, Any]:
    """A map's address and what is said of it; without an address why there is none."""
    run = addresses.run
    if found is not None:
        new = marks.new.get(found.name)
        return {
            "name": found.name,
            "address": addresses.of("points", found.name),
            "said": faithfulness(found),
            "new": None if new is None else list(new),
        }
    if constant(run, layer, pooling):
        said = tr(
            "At layer {layer} the {pooling} vector is the same for every sentence: there is "
            "nothing to map. Choose a higher layer."
        ).format(layer=layer, pooling=figures.NAMES[pooling])
        return {"never": True, "said": said}
    if not compute or run.representations is None:
        return {"never": True, "said": tr("This map has not been drawn. Choose another layer.")}
    return {"never": False, "said": tr("Layer {layer} is being drawn …").format(layer=layer)}


def faithfulness(projection: Projection) -> str:
    """How much of the neighbourhoods a map keeps, in a line."""
    f = projection.faithfulness
    if f.trustworthiness is None or f.continuity is None or f.neighbours_kept is None:
        return tr("Too few sentences to say how faithful this map is.")
    said = tr(
        "{kept:.0%} of neighbours kept ({chance:.1%} by chance) · trustworthiness {t:.2f} · "
        "continuity {c:.2f}"
    ).format(
        kept=f.neighbours_kept,
        chance=f.neighbours_kept_by_chance or 0.0,
        t=f.trustworthiness,
        c=f.continuity,
    )
    if projection.explained:
        said += " · " + tr("{share:.0%} of the variance").format(share=sum(projection.explained))
    return said


def maps_of(run: Run, shown: Shown, pooling: str) -> dict[int, Projection]:
    """The maps there are of a pooling, by layer."""
    return {
        p.layer: p
        for p in run.projections
        if (p.method, p.points.shape[1], p.pooling) == (shown.method, shown.dimensions, pooling)
    }


def missing(run: Run, shown: Shown, layers: Sequence[int]) -> list[projections.Wanted]:
    """The maps that are not there of some layers and could be, in that order."""
    if run.representations is None:
        return []
    there = {pooling: maps_of(run, shown, pooling) for pooling in shown.poolings}
    return [
        (shown.method, shown.dimensions, layer, pooling)
        for layer in layers
        for pooling in shown.poolings
        if layer not in there[pooling] and not constant(run, layer, pooling)
    ]


def constant(run: Run, layer: int, pooling: str) -> bool:
    """Whether a cell's vector is the same for every sentence."""
    if run.probes:
        return run.cell(layer, pooling).constant
    return run.representations is not None and is_constant(run.representations.cell(layer, pooling))


def _bits(mask: np.ndarray | None, rows: np.ndarray | None) -> str | None:
    """Base64 of the bits of what is drawn, the first the lowest; None for no mask."""
    if mask is None:
        return None
    packed = np.packbits(mask if rows is None else mask[rows], bitorder="little")
    return b64encode(packed.tobytes()).decode()


def words() -> dict[str, str]:
    """Texts of the component."""
    return {
        "layer": tr("Layer"),
        "play": tr("Play the layers"),
        "stop": tr("Stop"),
        "move": tr("Move"),
        "turn": tr("Turn"),
        "lasso": tr("Lasso"),
        "box": tr("Box"),
        "clear": tr("Clear selection"),
        "closer": tr("Closer"),
        "further": tr("Further away"),
        "whole": tr("Whole map"),
        "tools": tr("What dragging does"),
        "row": tr("Row {row}"),
        "new": tr("your sentence"),
        "map": tr("Map of {n} sentences by their {pooling} vectors at layer {layer}. {said}"),
        "hide": tr("Show or hide this group"),
        "lost": tr("The map could not be loaded. Reload the page."),
        "help": tr(
            "Drag with Lasso or Box to select. A click selects one sentence; with Shift, more. "
            "Keys on a map: arrows, + and −, 0, Escape."
        ),
    }
