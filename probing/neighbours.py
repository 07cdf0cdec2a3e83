"""The nearest training sentence under cosine: what a cell is worth without a probe.

A probe weighs every dimension as it needs; cosine takes the vectors as they are. Where the two
differ, the metric hides what the vectors hold (Reimers & Gurevych 2019).
"""

from collections.abc import Callable

import numpy as np

from probing.geometry import is_constant, unit, z_scored
from probing.probes.folds import Plan

CELLS = 4_000_000  # cosines held at once (32 MB)
TIE = 1e-14  # cosines that differ by less are equal: the rounding of a float64 product

Tick = Callable[[], None]


def nearest(
    x: np.ndarray,
    plan: Plan,
    *,
    z: bool,
    most: int = 5_000,
    seed: int,
    groups: np.ndarray | None = None,
    tick: Tick = lambda: None,
) -> np.ndarray:
    """int64 (n,) for each scored sentence the training sentence of its fold with largest cosine.

    ``x`` (n, H); ``z`` standardises each dimension by the fold's training sentences first. Of equal
    ones the lowest index. −1 for a sentence that no fold scores, and for all where the vectors are
    constant. Where more than ``most`` sentences are scored, a sample of about ``most`` is, the
    same for every cell; copies of a text (``groups`` (n,), as of ``duplicate_groups``; none by
    default) come in together. Cost: most · n · H, in blocks; ``tick`` is called after each and may
    raise to stop.
    """
    found = np.full(len(x), -1, dtype=np.int64)
    if is_constant(x):
        return found
    asked = _asked(plan, np.arange(len(x)) if groups is None else groups, most, seed)
    directions = x if z else unit(x)
    for fold in plan.folds:
        train, rows = np.sort(fold.train), fold.test[asked[fold.test]]
        if z:
            directions = unit(z_scored(x, over=x[train]))
        found[rows] = train[_closest(directions[train], directions[rows], tick)]
    return found


def correct(found: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Boolean (n,) pair: which sentences have a neighbour, and whose neighbour has their label.

    ``found`` as ``nearest`` gives it, ``y`` (n,) labels. The accuracy is ``right[scored].mean()``.
    """
    scored = found >= 0
    return scored, scored & (y[found] == y)


def _asked(plan: Plan, groups: np.ndarray, most: int, seed: int) -> np.ndarray:
    """Boolean (n,): whole groups at random until ``most`` of their sentences are scored ones."""
    scored = np.concatenate([fold.test for fold in plan.folds])
    names, sizes = np.unique(groups[scored], return_counts=True)
    order = np.random.default_rng(seed).permutation(len(names))
    before = np.cumsum(sizes[order]) - sizes[order]
    return np.isin(groups, names[order[before < most]])


def _closest(train: np.ndarray, queries: np.ndarray, tick: Tick) -> np.ndarray:
    """int64 (queries,) first row of ``train`` (t, H) with the largest cosine; unit or zero rows.

    In float64: where a cloud is narrow, as CLS's is at the first layers, cosines differ from 1 by a
    millionth and less, and float32 could not tell them apart.
    """
    step = max(1, CELLS // len(train))
    rows = [np.empty(0, dtype=np.int64)]
    for start in range(0, len(queries), step):
        cosines = queries[start : start + step] @ train.T
        least = cosines.max(axis=1, keepdims=True) - TIE
        rows.append((cosines >= least).argmax(axis=1))
        tick()
    return np.concatenate(rows)
