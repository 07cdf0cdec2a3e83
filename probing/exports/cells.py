"""One layer × pooling of a run, as a person names it."""

from typing import TYPE_CHECKING

import numpy as np

from probing.errors import SettingsError

if TYPE_CHECKING:
    from probing.record import Run


def place_of(layer: int, layers: int) -> int:
    """The layer 0 … ``layers`` that is meant: −1 is the last one. Raises SettingsError."""
    if not -layers - 1 <= layer <= layers:
        raise SettingsError(
            "there is no layer {layer}; the layers are 0 to {layers}, or -1 for the last.",
            layer=layer,
            layers=layers,
        )
    return layer % (layers + 1)


def vectors_of(run: "Run", layer: int, pooling: str) -> np.ndarray:
    """Float32 (n, H) of a cell. SettingsError where the run does not have it."""
    found = run.representations
    if found is None:
        raise SettingsError(
            "this run was kept slim, without its vectors; make it again without --slim."
        )
    if pooling not in found.poolings:
        there = ", ".join(found.poolings)
        raise SettingsError(
            "this run has no pooling {pooling!r}; its poolings are {there}.",
            pooling=pooling,
            there=there,
        )
    return found.cell(place_of(layer, found.layers - 1), pooling)
