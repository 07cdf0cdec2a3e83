"""Nested cross-validation of ridge regression: the linear probe where labels are numbers.

The objective of a training part is that of scikit-learn's ``Ridge(alpha=1 / C)`` on features
standardised over its rows::

    C · ½ Σ (t_i − z_i·w − b)²  +  ½ ‖w‖²        intercept b unpenalised

One eigendecomposition of its features' products solves it for every C. All in float64.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import numpy as np

from probing.geometry import is_constant
from probing.probes.folds import Fold, Plan
from probing.probes.regression import NumericScores, RegressionResult
from probing.probes.search import STRENGTHS, TIE, Tick

Kind = TypeVar("Kind", bound=NumericScores)
Predict = Callable[[np.ndarray, np.ndarray, np.ndarray, Sequence[float]], np.ndarray]
"""(target (n,), training rows, rows, strengths) → float64 (rows, strengths): predictions for the
rows by regressions fitted on the training rows."""


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Predictions for the sentences of each outer fold by a probe fitted on the others."""

    predicted: np.ndarray
    """float64 (n,); NaN in rows that no fold scores."""
    strengths: tuple[float, ...]
    """The C of each outer fold."""
    inner_loss: tuple[float, ...]
    """The inner mean squared error of each fold's choice; infinite where nothing was chosen."""

    @property
    def C(self) -> float:
        """The median of the folds' choices, the lower one of two."""
        return sorted(self.strengths)[(len(self.strengths) - 1) // 2]


def regress(
    x: np.ndarray,
    target: np.ndarray,
    plan: Plan,
    *,
    layer: int,
    pooling: str,
    tick: Tick = lambda: None,
) -> RegressionResult:
    """Probe (n, H) representations for the numbers ``target`` (n,) along the folds of ``plan``.

    At least two different numbers must be among the scored ones. ``tick`` is called after every
    fit and may raise to stop.
    """
    if is_constant(x):
        return mean_predictor(RegressionResult, target, plan, layer=layer, pooling=pooling)
    held = held_out(x, target, plan.folds, tick=tick)
    return score(
        RegressionResult,
        target,
        held.predicted,
        plan,
        C=held.C,
        layer=layer,
        pooling=pooling,
        fold_C=held.strengths,
        fold_inner_loss=held.inner_loss,
    )


def held_out(
    x: np.ndarray,
    target: np.ndarray,
    folds: Sequence[Fold],
    *,
    fixed: Sequence[float] | None = None,
    tick: Tick = lambda: None,
) -> HeldOut:
    """Nested cross-validation: C on each fold's inner folds, predictions for its test sentences.

    ``x`` (n, d) and ``target`` (n,) are finite. ``fixed`` gives each fold
    its C instead, and nothing is chosen.
    """
    predict = partial(_predict, _scaled(x))
    return cross_fitted(predict, target, folds, fixed=fixed, tick=tick)


def cross_fitted(
    predict: Predict,
    target: np.ndarray,
    folds: Sequence[Fold],
    *,
    fixed: Sequence[float] | None = None,
    tick: Tick = lambda: None,
) -> HeldOut:
    """``held_out`` for any regression with a strength."""
    target = np.asarray(target, dtype=np.float64)
    unit = _unit(target)
    predicted = np.full(len(target), np.nan)
    chosen: list[float] = []
    losses: list[float] = []
    for number, fold in enumerate(folds):
        if fixed is None:
            strength, loss = choose_strength(predict, target / unit, fold, STRENGTHS, tick)
        else:
            strength, loss = fixed[number], float("inf")
        values = predict(target / unit, fold.train, fold.test, [strength])[:, 0]
        predicted[fold.test] = values * unit
        tick()
        chosen.append(strength)
        losses.append(loss * unit**2)
    return HeldOut(predicted, tuple(chosen), tuple(losses))


def choose_strength(
    predict: Predict,
    target: np.ndarray,
    fold: Fold,
    strengths: Sequence[float],
    tick: Tick = lambda: None,
) -> tuple[float, float]:
    """The C of least mean squared error over the inner folds of ``fold``, and that error.

    Ties go to the stronger regularisation; without inner folds every C ties, and the error is
    infinite.
    """
    if not fold.inner:
        return strengths[0], float("inf")
    squares, count = np.zeros(len(strengths)), 0
    for train, held in fold.inner:
        errors = target[held, None] - predict(target, train, held, strengths)
        squares, count = squares + np.square(errors).sum(axis=0), count + len(held)
        tick()
    losses = squares / count
    best = int((losses <= losses.min() * (1 + TIE)).argmax())
    return strengths[best], float(losses[best])


def _predict(
    x: np.ndarray,
    target: np.ndarray,
    train: np.ndarray,
    rows: np.ndarray,
    strengths: Sequence[float],
) -> np.ndarray:
    """float64 (rows, strengths) predictions of ridge regressions on (n, d) ``x``."""
    z = x[train]
    mean, variance = z.mean(axis=0), z.var(axis=0)
    constant = variance <= 1e-12 * (1 + mean**2)
    inverse_std = np.where(constant, 0.0, 1 / np.sqrt(np.where(constant, 1.0, variance)))
    z -= mean
    z *= inverse_std
    centre = target[train].mean()
    t = target[train] - centre
    if z.shape[0] >= z.shape[1]:
        eigenvalues, basis = np.linalg.eigh(z.T @ z)
        along = basis.T @ (z.T @ t)
    else:
        eigenvalues, rotation = np.linalg.eigh(z @ z.T)
        basis, along = z.T @ rotation, rotation.T @ t
    alpha = 1 / np.asarray(strengths)
    weights = basis @ (along[:, None] / (eigenvalues.clip(0)[:, None] + alpha))
    predicted: np.ndarray = ((x[rows] - mean) * inverse_std) @ weights + centre
    return predicted


def _unit(target: np.ndarray) -> float:
    """What to measure numbers in, so that squares of very small ones are not 0."""
    return float(np.abs(target - target.mean()).max()) or 1.0


def _scaled(x: np.ndarray) -> np.ndarray:
    """float64 (n, d), every column with mean 0 and standard deviation 1, or 0 throughout.

    Changes no fit, since every training part is standardised anew; it keeps columns of any scale
    accurate, and tells constant ones by the same rule as the probe for classes.
    """
    wide = np.asarray(x, dtype=np.float64)
    mean, std = wide.mean(axis=0), wide.std(axis=0)
    # float32 noise around a large constant is not a feature
    constant = std <= 10 * np.finfo(np.float32).eps * np.abs(mean)
    scaled: np.ndarray = np.where(constant, 0.0, (wide - mean) / np.where(constant, 1.0, std))
    return scaled


# ---- scores


def mean_predictor(kind: type[Kind], target: np.ndarray, plan: Plan, **own: Any) -> Kind:
    """The training sentences' mean for every sentence: all that the same vector for all allows."""
    predicted = np.full(len(target), np.nan)
    for fold in plan.folds:
        predicted[fold.test] = target[fold.train].mean()
    return score(kind, target, predicted, plan, C=None, constant=True, **own)


def score(
    kind: type[Kind],
    target: np.ndarray,
    predicted: np.ndarray,
    plan: Plan,
    *,
    C: float | None,
    constant: bool = False,
    **own: Any,
) -> Kind:
    """Score float64 (n,) predictions, NaN in the rows that were not held out.

    ``own`` are the fields that ``kind`` adds to ``NumericScores``.
    """
    from scipy.stats import spearmanr

    scored = np.flatnonzero(~np.isnan(predicted))
    truth, values = target[scored], predicted[scored]
    # folds that each predict their own mean differ, and yet tell no two sentences apart
    flat = all(np.ptp(predicted[fold.test]) == 0 for fold in plan.folds)
    return kind(
        r2=_r2(truth, values),
        spearman=None if flat else float(spearmanr(truth, values).statistic),
        C=C,
        n=len(scored),
        constant=constant,
        predicted=predicted,
        **own,
    )


def _r2(truth: np.ndarray, predicted: np.ndarray) -> float:
    if np.ptp(truth) == 0:
        raise ValueError("the scored numbers are all the same: R² is undefined")
    unit = _unit(truth)
    errors, spread = (truth - predicted) / unit, (truth - truth.mean()) / unit
    return float(1 - np.square(errors).sum() / np.square(spread).sum())
