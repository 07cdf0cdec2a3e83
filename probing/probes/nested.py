"""Nested cross-validation of the linear probe on one cell (layer × pooling)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from probing.geometry import is_constant
from probing.probes import solver
from probing.probes.folds import Fold, Plan, cross_validation
from probing.probes.history import MEMORY
from probing.probes.result import ProbeResult
from probing.probes.scoring import majority, score
from probing.probes.search import STRENGTHS, Choice, Tick, choose_strength, masks
from probing.probes.training import COPIED, ENOUGH

REMEMBERED = 10_000_000  # most numbers that the solver remembers of a value of C (40 MB)


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
    strengths: Sequence[float] = STRENGTHS,
    tick: Tick = lambda: None,
) -> ProbeResult:
    """Probe (n, H) representations for the class numbers ``y`` (n,) along the folds of ``plan``.

    ``tick`` is called after every batch of fits and may raise to stop.
    """
    if is_constant(x):
        return majority(ProbeResult, y, plan, layer=layer, pooling=pooling)
    features = solver.Features.of(x)
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
    columns = 1 if classes == 2 else classes
    for part in _batches(folds, columns, features.values):
        if fixed is None:
            choice = choose_strength(features, target, classes, part, strengths, tick)
        else:
            given = fixed[len(chosen) : len(chosen) + len(part)]
            choice = Choice(list(given), [float("inf")] * len(part), None)
        chosen, losses = chosen + choice.strengths, losses + choice.losses
        predicted = _predict(features, target, classes, part, choice)
        for fold, values in zip(part, predicted, strict=True):
            log_p[fold.test] = values
        tick()
    return HeldOut(log_p, tuple(chosen), tuple(losses))


def _predict(
    features: solver.Features, y: Tensor, classes: int, folds: Sequence[Fold], choice: Choice
) -> list[np.ndarray]:
    """Log-probabilities (test rows, classes) of probes fitted on the training rows of ``folds``."""
    train = masks([fold.train for fold in folds], len(y))
    strengths = torch.tensor(choice.strengths, dtype=torch.float32)
    fits, _ = solver.fit(
        features, y, classes, train, strengths, choice.start, history=choice.history
    )
    return [
        fits.log_probabilities(features, torch.from_numpy(fold.test), p).numpy()
        for p, fold in enumerate(folds)
    ]


def _batches(folds: Sequence[Fold], columns: int, values: Tensor) -> list[Sequence[Fold]]:
    """Folds in batches that the solver can remember, and whose rows it can lay apart."""
    inner = max(1, max(len(fold.inner) for fold in folds))
    size = REMEMBERED // (inner * columns * (values.shape[1] + 1) * 2 * MEMORY)
    if columns >= ENOUGH:
        size = min(size, COPIED // (inner * values.numel()))
    size = max(1, size)
    return [folds[i : i + size] for i in range(0, len(folds), size)]


def warm_up() -> None:
    """Compile, or read from numba's cache, what the first probe of this process needs."""
    y = np.arange(12) % 3
    plan = cross_validation(y, np.arange(12), 2, 0)
    probe(np.random.default_rng(0).normal(size=(12, 3)), y, 3, plan, layer=0, pooling="cls")
