"""Where labels, notes and the outlines of bands go."""

import textwrap
from collections.abc import Sequence

import numpy as np

from probing.figures.style import NARROW, SMALL, width


def apart(wanted: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Heights at least ``gap`` from each other and as near as can be to the ``wanted`` ones.

    Least squares by pooling adjacent violators, kept between ``low`` and ``high``; of equals the
    first is the highest. Where they do not all fit, they share the room evenly.
    """
    if not wanted:
        return []
    order = np.lexsort((-np.arange(len(wanted)), np.array(wanted)))
    gap = min(gap, (high - low) / max(1, len(wanted) - 1))
    steps = gap * np.arange(len(wanted))
    blocks: list[list[float]] = []
    for target in np.array(wanted)[order] - steps:
        blocks.append([target])
        while len(blocks) > 1 and np.mean(blocks[-2]) > np.mean(blocks[-1]):
            blocks[-2:] = [blocks[-2] + blocks[-1]]
    levelled = np.concatenate([np.full(len(block), np.mean(block)) for block in blocks])
    placed = np.empty(len(wanted))
    placed[order] = np.clip(levelled, low, high - steps[-1]) + steps
    return placed.tolist()


def wrapped(text: str) -> list[str]:
    """Lines that fit across a phone."""
    return textwrap.wrap(text, NARROW * len(text) // max(1, width(text, SMALL)))


def polygon(
    layers: Sequence[float],
    low: Sequence[float | None],
    high: Sequence[float | None],
    half: float = 0.1,
) -> tuple[list[float | None], list[float | None]]:
    """The outline of a band, piece by piece where it has gaps.

    A layer that stands alone gets ``half`` a width on either side, or it could not be seen.
    """
    pieces: list[list[tuple[float, float, float]]] = [[]]
    for layer, bottom, top in zip(layers, low, high, strict=True):
        if bottom is None or top is None:
            pieces.append([])
        else:
            pieces[-1].append((layer, bottom, top))
    x: list[float | None] = []
    y: list[float | None] = []
    for piece in filter(None, pieces):
        if len(piece) == 1:
            ((at, bottom, top),) = piece
            piece = [(at - half, bottom, top), (at + half, bottom, top)]
        back = piece[::-1]
        x += [p[0] for p in piece] + [p[0] for p in back] + [None]
        y += [p[2] for p in piece] + [p[1] for p in back] + [None]
    return x[:-1], y[:-1]
