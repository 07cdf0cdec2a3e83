"""Nested cross-validation of the linear probe on one cell (layer × pooling)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from probing.geometry import is_constant
from probing.probes import solver
from probing.probes.folds import Fold, Plan
from probing.probes.result import ProbeResult
from probing.probes.scoring import majority, score

STRENGTHS = tuple(10.0**power for power in range(-4, 3))
"""The values of C, from strong to weak regularisation."""
PATIENCE = 2  # values of C in a row that must be worse before the walk along them ends,
CLEARLY = 0.02  # or one, where it is worse by this share
TIE = 1e-6  # relative difference of inner log-losses below which the stronger C is taken
LOGITS = 20_000_000  # most logits held at once (sentences × problems × classes)

Tick = Callable[[], None]


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Predictions for the sentences of each outer fold by a probe fitted on the others."""

    log_p: np.ndarray
    """float64 (n, classes) log-probabilities in nats; NaN in rows that no fold scores."""
    strengths: tuple[float, ...]
    """The C of each outer fold."""
    inner_loss: tuple[float, ...]
    """The inner log-loss (nats) of each fold's choice; infinite where nothing was chosen."""

    @property
    def C(self) -> float:
        """The median of the folds' choices, the lower one of two."""
        return sorted(self.strengths)[(len(self.strengths) - 1) // 2]


def probe(
    x: np.ndarray,
    y: np.ndarray,
    classes: int,
    plan: Plan,
    *,
    layer: int,
    pooling: str,
    features: solver.Features | None = None,
    strengths: Sequence[float] = STRENGTHS,
    tick: Tick = lambda: None,
) -> ProbeResult:
    """Probe (n, H) representations for the class numbers ``y`` (n,) along the folds of ``plan``.

    ``features`` are ``solver.Features.of(x)`` where they are at hand. ``tick`` is called after
    every batch of fits and may raise to stop.
    """
    if is_constant(x):
        return majority(ProbeResult, y, plan, layer=layer, pooling=pooling)
    features = solver.Features.of(x) if features is None else features
    held = held_out(features, y, classes, plan.folds, strengths=strengths, tick=tick)
    return score(
        ProbeResult,
        y,
        held.log_p,
        held.C,
        layer=layer,
        pooling=pooling,
        fold_C=held.strengths,
        fold_inner_loss=held.inner_loss,
    )


def held_out(
    features: solver.Features,
    y: np.ndarray,
    classes: int,
    folds: Sequence[Fold],
    *,
    strengths: Sequence[float] = STRENGTHS,
    fixed: Sequence[float] | None = None,
    tick: Tick = lambda: None,
) -> HeldOut:
    """Nested cross-validation: C on each fold's inner folds, predictions for its test sentences.

    ``fixed`` gives each fold its C instead, and nothing is chosen.
    """
    target = torch.from_numpy(y.astype(np.int64))
    log_p = np.full((len(y), classes), np.nan)
    chosen: list[float] = []
    losses: list[float] = []
    for part in _batches(folds, len(y), classes):
        if fixed is None:
            strength, loss = choose_strength(features, target, classes, part, strengths, tick)
        else:
            strength = list(fixed[len(chosen) : len(chosen) + len(part)])
            loss = [float("inf")] * len(part)
        chosen, losses = chosen + strength, losses + loss
        trains = [fold.train for fold in part]
        tests = [fold.test for fold in part]
        predicted = _predict(features, target, classes, trains, strength, tests)
        for fold, values in zip(part, predicted, strict=True):
            log_p[fold.test] = values
        tick()
    return HeldOut(log_p, tuple(chosen), tuple(losses))


def choose_strength(
    features: solver.Features,
    y: Tensor,
    classes: int,
    folds: Sequence[Fold],
    strengths: Sequence[float],
    tick: Tick = lambda: None,
    whole: bool = False,
) -> tuple[list[float], list[float]]:
    """For each fold, the C of least log-loss over its inner folds, and that log-loss (nats).

    Ties go to the stronger regularisation.

    The walk from strong to weak ends when every fold's inner log-loss has passed its minimum
    (see ``PATIENCE``): weak regularisation costs most. ``whole`` walks all the way.
    Without inner folds every C ties, and the strongest is taken (its log-loss is infinite).
    """
    pairs = [(i, *pair) for i, fold in enumerate(folds) for pair in fold.inner]
    if not pairs:
        return [strengths[0]] * len(folds), [float("inf")] * len(folds)
    owner = np.array([i for i, _, _ in pairs])
    train = _masks([part for _, part, _ in pairs], len(y))
    losses = np.full((len(folds), len(strengths)), np.inf)
    parameters = None
    for step, c in enumerate(strengths):
        fits, parameters = solver.fit(
            features, y, classes, train, torch.full((len(pairs),), c), parameters
        )
        tick()
        sums = np.array(
            [_loss(fits, features, y, p, part, held) for p, (_, part, held) in enumerate(pairs)]
        )
        totals = np.array([sums[owner == i].sum(axis=0) for i in range(len(folds))])
        losses[:, step] = np.where(totals[:, 1] > 0, totals[:, 0] / totals[:, 1].clip(1), 0.0)
        if not whole and passed(losses[:, : step + 1]).all():
            break
    return least(losses, strengths)


def least(losses: np.ndarray, strengths: Sequence[float]) -> tuple[list[float], list[float]]:
    """Each fold's C of least loss among its (folds, values so far), and that loss."""
    best = losses.min(axis=1, keepdims=True)
    index = (losses <= best * (1 + TIE)).argmax(axis=1)
    return [strengths[i] for i in index], losses[np.arange(len(losses)), index].tolist()


def passed(losses: np.ndarray) -> np.ndarray:
    """Whether each fold's losses (folds, values so far) have passed their minimum."""
    since = losses.shape[1] - 1 - losses.argmin(axis=1)
    clearly = losses[:, -1] > losses.min(axis=1) * (1 + CLEARLY)
    return (since >= PATIENCE) | ((since >= 1) & clearly)


def _loss(
    fits: solver.Fits,
    features: solver.Features,
    y: Tensor,
    problem: int,
    train: np.ndarray,
    held: np.ndarray,
) -> tuple[float, int]:
    """Sum of log-losses over the held-out rows, and their number.

    Rows of a class that the training rows lack say nothing about C and are left out.
    """
    known = held[np.isin(y[held].numpy(), y[train].numpy())]
    log_p = fits.log_probabilities(features, torch.from_numpy(known), problem)
    return -float(log_p.gather(1, y[known][:, None]).sum()), len(known)


def _predict(
    features: solver.Features,
    y: Tensor,
    classes: int,
    trains: list[np.ndarray],
    strengths: list[float],
    tests: list[np.ndarray],
) -> list[np.ndarray]:
    """Log-probabilities (test rows, classes) of probes fitted on each of ``trains``."""
    fits, _ = solver.fit(
        features, y, classes, _masks(trains, len(y)), torch.tensor(strengths, dtype=torch.float32)
    )
    return [
        fits.log_probabilities(features, torch.from_numpy(test), p).numpy()
        for p, test in enumerate(tests)
    ]


def _masks(parts: list[np.ndarray], n: int) -> Tensor:
    masks = torch.zeros(n, len(parts))
    for p, part in enumerate(parts):
        masks[part, p] = 1.0
    return masks


def _batches(folds: Sequence[Fold], n: int, classes: int) -> list[Sequence[Fold]]:
    """Folds in batches whose inner problems fit the memory set by ``LOGITS``."""
    inner = max(1, max(len(fold.inner) for fold in folds))
    size = max(1, LOGITS // (n * inner * (1 if classes == 2 else classes)))
    return [folds[i : i + size] for i in range(0, len(folds), size)]
