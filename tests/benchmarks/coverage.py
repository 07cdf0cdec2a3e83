"""Do the intervals of cross-validated scores hold the truth?

``python -m tests.benchmarks.coverage [--runs 400] [--sentences 100 300 1000] [--split]``

Two Gaussian classes of equal size, so that the accuracy of any fitted probe on all sentences there
could ever be is known exactly. The truth of a cross-validated accuracy is the mean over the folds'
own probes. Two cells are compared: the second carries less, and errs on partly the same sentences.

Cross-validated sentences are no quite independent witnesses: each stands in the training data of
the others' probes (Bates, Hastie & Tibshirani 2023). The intervals allow for that as if a probe had
many dimensions and little signal for its sentences; with few dimensions they are too wide.
``--split`` scores as many sentences that no probe was fitted on: there they are independent.
"""

import argparse
from dataclasses import dataclass

import numpy as np
import torch
from scipy.stats import norm

from probing import comparison
from probing.board import Board, estimates
from probing.evidence import Estimate
from probing.probes import nested, solver
from probing.probes.folds import Plan, cross_validation, given_split
from probing.probes.result import ProbeResult

CORRELATION = 0.5
SETTINGS = ((8, 0.0, 0.0), (8, 0.8, 0.75), (64, 0.8, 0.75), (8, 0.95, 0.9), (64, 0.95, 0.9))
"""Dimensions, and the accuracy of the best possible probe in each cell (0: nothing is there)."""


@dataclass(frozen=True)
class Held:
    """Whether the intervals held the truth in one run, and how sure they claimed to be."""

    cell: bool
    difference: float
    """NaN where both cells got the same of every sentence: then they are not compared."""
    off: float
    """Accuracy − its truth."""
    claimed: float
    """Standard deviation that the interval's width stands for."""


def simulate(n: int, width: int, best: tuple[float, float], seed: int, split: bool = False) -> Held:
    """One run with n scored sentences; with ``split``, as many others to fit on."""
    rng = np.random.default_rng([n, width, int(100 * best[0]), seed])
    count = 2 * n if split else n
    y, groups = rng.permutation(np.arange(count) % 2), np.arange(count)
    if split:
        plan = given_split(y, groups, ["train"] * n + ["test"] * n, seed)
    else:
        plan = cross_validation(y, groups, 5, seed)
    shared, cells, truths = rng.normal(size=(count, width)), [], []
    for layer, accuracy in enumerate(best):
        own = rng.normal(size=(count, width))
        x = np.sqrt(CORRELATION) * shared + np.sqrt(1 - CORRELATION) * own
        shift = norm.ppf(accuracy) if accuracy else 0.0
        x[:, 0] += (2 * y - 1) * shift
        cells.append(nested.probe(x, y, 2, plan, layer=layer, pooling="cls"))
        truths.append(truth(x, y, plan, cells[-1], shift))
    board = Board.of("accuracy", cells[0].scored, y, groups, seed, len(plan.folds))
    cell = estimates(board, [cells[0].predicted])[0]
    gap = truths[0] - truths[1]
    compared = [c.difference for c in comparison.compare(board, cells, [], None, seed)]
    return Held(
        _holds(cell, truths[0]),
        float(_holds(compared[0], gap)) if compared else np.nan,
        cell.value - truths[0],
        (cell.high - cell.low) / 3.92,
    )


def truth(x: np.ndarray, y: np.ndarray, plan: Plan, cell: ProbeResult, shift: float) -> float:
    """Accuracy of the folds' probes on all sentences: Φ of each class's distance to the plane."""
    masks = torch.zeros(len(y), len(plan.folds))
    for k, fold in enumerate(plan.folds):
        masks[fold.train, k] = 1.0
    features = solver.Features.of(x)
    fits, _ = solver.fit(features, torch.from_numpy(y), 2, masks, torch.tensor(cell.fold_C))
    weights = fits.weights[:, :, 0].double().numpy() / x.std(axis=0)[:, None]
    planes = fits.intercepts[:, 0].double().numpy() - x.mean(axis=0) @ weights
    found = []
    for weight, plane in zip(weights.T, planes, strict=True):
        length = np.linalg.norm(weight)
        sides = [(side * plane + shift * weight[0]) / length for side in (1, -1)]
        found.append(norm.cdf(sides).mean())
    return float(np.average(found, weights=[len(fold.test) for fold in plan.folds]))


def _holds(estimate: Estimate, value: float) -> bool:
    return estimate.low <= value <= estimate.high


def main() -> None:
    """Simulate and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=400)
    parser.add_argument("--sentences", type=int, nargs="+", default=[100, 300, 1000])
    parser.add_argument("--split", action="store_true")
    asked = parser.parse_args()
    error = 1.96 * (0.95 * 0.05 / asked.runs) ** 0.5
    print(f"{asked.runs} runs each; a coverage of .95 is known to ±{error:.3f}")
    titles = ("n", "dimensions", "best", "cell", "difference", "bias", "deviation", "claimed")
    print("".join(f"{title:>12}" for title in titles))
    for width, *best in SETTINGS:
        for n in asked.sentences:
            held = [
                simulate(n, width, (best[0], best[1]), seed, asked.split)
                for seed in range(asked.runs)
            ]
            off = np.array([h.off for h in held])
            figures = (
                best[0] or 0.5,
                np.mean([h.cell for h in held]),
                np.nanmean([h.difference for h in held]),
                off.mean(),
                off.std(),
                np.mean([h.claimed for h in held]),
            )
            print(f"{n:12,}{width:12}" + "".join(f"{f:12.3f}" for f in figures), flush=True)


if __name__ == "__main__":
    main()
