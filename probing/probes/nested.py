"""Nested cross-validation of the linear probe on one cell (layer × pooling)."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from probing.geometry import is_constant
from probing.probes import metrics, solver
from probing.probes.folds import Fold, Plan
from probing.probes.result import ProbeResult
from probing.statistics import wilson

STRENGTHS = tuple(10.0**power for power in range(-4, 3))
"""The values of C, from strong to weak regularisation."""
PATIENCE = 2  # values of C in a row that must be worse before the walk along them ends,
CLEARLY = 0.02  # or one, where it is worse by this share
TIE = 1e-6  # relative difference of inner log-losses below which the stronger C is taken
LOGITS = 20_000_000  # most logits held at once (sentences × problems × classes)

Tick = Callable[[], None]


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
    scored = np.concatenate([fold.test for fold in plan.folds])
    if is_constant(x):
        return _constant(y, plan, layer, pooling)
    features, target = solver.Features.of(x), torch.from_numpy(y.astype(np.int64))
    log_p = np.full((len(y), classes), np.nan)
    chosen = []
    for folds in _batches(plan.folds, len(y), classes):
        strength = choose_strength(features, target, classes, folds, strengths, tick)
        chosen += strength
        trains = [fold.train for fold in folds]
        for fold, values in zip(
            folds,
            _predict(features, target, classes, trains, strength, [f.test for f in folds]),
            strict=True,
        ):
            log_p[fold.test] = values
        tick()
    return _score(y, log_p, scored, sorted(chosen)[(len(chosen) - 1) // 2], layer, pooling)


def choose_strength(
    features: solver.Features,
    y: Tensor,
    classes: int,
    folds: Sequence[Fold],
    strengths: Sequence[float],
    tick: Tick = lambda: None,
    whole: bool = False,
) -> list[float]:
    """For each fold, the C of least log-loss over its inner folds; ties go to the stronger one.

    The walk from strong to weak ends when every fold's inner log-loss has passed its minimum
    (see ``PATIENCE``): weak regularisation costs most. ``whole`` walks all the way.
    Without inner folds every C ties, and the strongest is taken.
    """
    pairs = [(i, *pair) for i, fold in enumerate(folds) for pair in fold.inner]
    if not pairs:
        return [strengths[0]] * len(folds)
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
        if not whole and _passed(losses[:, : step + 1]).all():
            break
    best = losses.min(axis=1, keepdims=True)
    return [strengths[i] for i in (losses <= best * (1 + TIE)).argmax(axis=1)]


def _passed(losses: np.ndarray) -> np.ndarray:
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


def _constant(y: np.ndarray, plan: Plan, layer: int, pooling: str) -> ProbeResult:
    """The majority baseline: all that one vector for every sentence allows."""
    predicted = np.full(len(y), -1, dtype=np.int32)
    for fold in plan.folds:
        predicted[fold.test] = majority_class(y, plan)
    scored = predicted >= 0
    correct, n = int((predicted == y)[scored].sum()), int(scored.sum())
    low, high = wilson(correct, n)
    return ProbeResult(
        layer=layer,
        pooling=pooling,
        accuracy=correct / n,
        ci_low=low,
        ci_high=high,
        balanced_accuracy=None,
        macro_f1=None,
        log_loss_bits=None,
        C=None,
        n=n,
        constant=True,
        usable_information_bits=None,
        calibration_error=None,
        predicted=predicted,
        true_probability=np.full(len(y), np.nan, dtype=np.float32),
    )


def majority_class(y: np.ndarray, plan: Plan) -> int:
    """The most frequent class: of all sentences in cross-validation, of train in a given split."""
    seen = np.arange(len(y)) if len(plan.folds) > 1 else plan.folds[0].train
    return int(np.bincount(y[seen]).argmax())


def _score(
    y: np.ndarray, log_p: np.ndarray, scored: np.ndarray, c: float, layer: int, pooling: str
) -> ProbeResult:
    truth, values = y[scored], log_p[scored]
    predicted, n = values.argmax(axis=1).astype(np.int32), len(truth)
    true_log_p = values[np.arange(n), truth]
    loss = -float(true_log_p.mean() / np.log(2))
    # a class that a fold never saw has probability 0 and log-loss infinity: nothing to show
    finite = np.isfinite(loss) and loss < 1e6
    correct = int((predicted == truth).sum())
    low, high = wilson(correct, n)
    all_predicted = np.full(len(y), -1, dtype=np.int32)
    all_predicted[scored] = predicted
    probability = np.full(len(y), np.nan, dtype=np.float32)
    probability[scored] = np.exp(true_log_p)
    return ProbeResult(
        layer=layer,
        pooling=pooling,
        accuracy=correct / n,
        ci_low=low,
        ci_high=high,
        balanced_accuracy=metrics.balanced_accuracy(truth, predicted),
        macro_f1=metrics.macro_f1(truth, predicted),
        log_loss_bits=loss if finite else None,
        C=c,
        n=n,
        constant=False,
        usable_information_bits=metrics.entropy_bits(truth) - loss if finite else None,
        calibration_error=metrics.calibration_error(np.exp(values.max(axis=1)), predicted == truth),
        predicted=all_predicted,
        true_probability=probability,
    )
