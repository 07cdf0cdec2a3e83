"""Was the pooler ever trained? Read from its weights (science §2).

Random initialisation leaves a bias of exact zeros and independent weights, whose singular values
follow the law of Marchenko and Pastur (1967). Training moves the bias at its first step and puts
structure into the weights, which shows as singular values beyond the law's upper edge.
"""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from probing.language import say, say_n

from .info import Pooler

NONE = say("the model has no pooler")


@dataclass(frozen=True)
class SpectrumFit:
    """How the singular values of a matrix lie to those of independent random weights."""

    std: float
    """Standard deviation of the entries."""
    edge: float
    """Largest singular value over the law's upper edge std·(√rows + √columns)."""
    distance: float
    """Kolmogorov distance between the singular values and the law, 0 … 1."""
    random_like: bool
    """Both are within what random matrices of this size show."""


def compare_with_random(weight: NDArray[np.floating]) -> SpectrumFit:
    """Compare a matrix (rows, columns) with independent entries of its own variance.

    The tolerances allow for the edge's Tracy–Widom fluctuation, of order n^(-2/3), and for the
    rigidity of the bulk, of order 1/n, with n the smaller side.
    """
    matrix = np.asarray(weight, dtype=np.float64)
    small, large = sorted(matrix.shape)
    std = float(matrix.std())
    if std == 0 or not np.isfinite(matrix).all():
        return SpectrumFit(std, float("inf"), 1.0, False)
    values = np.sort(np.linalg.svd(matrix, compute_uv=False)) / std
    lower, upper = np.sqrt(large) - np.sqrt(small), np.sqrt(large) + np.sqrt(small)
    edge = float(values[-1] / upper)
    law = _law(values, lower, upper)
    above = np.arange(1, small + 1) / small
    distance = float(np.max(np.maximum(np.abs(law - above), np.abs(law - above + 1 / small))))
    random_like = edge < 1.02 + 1.5 * small ** (-2 / 3) and distance < 0.02 + 2.5 / small
    return SpectrumFit(std, edge, distance, random_like)


def pooler_provenance(
    weight: NDArray[np.floating] | None,
    bias: NDArray[np.floating] | None,
    missing: Collection[str] = (),
    *,
    without: str = NONE,
) -> Pooler:
    """Provenance of a pooler with ``weight`` (H, H) and ``bias`` (H,).

    ``missing`` are the pooler's parameters that the checkpoint lacks; ``without`` is the evidence
    where ``weight`` is None. Costs one singular value decomposition.
    """
    if weight is None:
        return Pooler(False, False, without)
    if missing:
        evidence = say_n(
            "{names} is not in the checkpoint: transformers would fill in random numbers",
            "{names} are not in the checkpoint: transformers would fill in random numbers",
            len(missing),
            names=" and ".join(sorted(missing)),
        )
        return Pooler(False, False, evidence)
    fit = compare_with_random(weight)
    if fit.std == 0:
        return Pooler(True, False, say("all weights are {value:g}", value=float(weight.flat[0])))
    bias_rms = 0.0 if bias is None else float(np.sqrt(np.mean(np.square(bias, dtype=np.float64))))
    zero = bias is None or not np.any(bias)
    if fit.random_like:
        law = say(
            "singular values within the Marchenko–Pastur law of random weights with std {std:.3f}",
            std=fit.std,
        )
    elif fit.edge > 1:
        law = say(
            "largest singular value {edge:.2f} × the edge for random weights of std {std:.3f}",
            edge=fit.edge,
            std=fit.std,
        )
    else:
        law = say(
            "singular values {distance:.2f} away from the law of random weights of std {std:.3f}",
            distance=fit.distance,
            std=fit.std,
        )
    if bias is None:
        words = say("no bias; {law!s}", law=law)
    elif zero:
        words = say("bias exactly 0; {law!s}", law=law)
    else:
        words = say("bias {bias:.2g} (root mean square); {law!s}", bias=bias_rms, law=law)
    return Pooler(True, not (zero and fit.random_like), words)


def _law(
    values: NDArray[np.floating], lower: float, upper: float, points: int = 4001
) -> NDArray[np.floating]:
    """Share of singular values up to each of ``values`` under the law on [lower, upper]."""
    grid = np.linspace(lower, upper, points)
    middle = (grid[1:] + grid[:-1]) / 2
    density = np.sqrt((upper**2 - middle**2) * (middle**2 - lower**2)) / middle
    share = np.concatenate([[0.0], np.cumsum(density)])
    return np.interp(values, grid, share / share[-1])
