"""Many L2-regularised logistic regressions on one feature matrix, solved together.

A probe is needed for every fold and every regularisation strength of a cell (layer × pooling).
All of them read the same matrix, so the whole batch is one matrix product per evaluation: folds
are masks over its rows, and each fold's own standardisation is folded into the coefficients.
The minimiser is L-BFGS, preconditioned by the curvature that all the problems share (the
eigenvectors of the feature covariance).

The objective of a problem with training rows ``T`` is that of scikit-learn's
``LogisticRegression(C=C)`` on features standardised over ``T``::

    C · Σ_{i∈T} −log p(y_i | z_i)  +  ½ ‖w‖²        z = (x − mean_T) / std_T, intercept unpenalised

divided by ``C·|T|``. Two classes: one weight vector (binomial). More: one per class (multinomial).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from probing.probes.history import History
from probing.probes.losses import Sums, residuals
from probing.probes.training import Rows, Training

GAP = 3e-7  # share of the objective that a Newton step may still take off at the end,
ROUGH = 1e-5  # or in a search, which only compares losses,
COARSE = 3e-4  # or where it only looks for the neighbourhood of the best
LOOKS = 2  # steps after which a search believes one look at what may be gained
MAX_ITERATIONS = 1000
BLOCK = 400_000  # numbers at hand at once: rows, their logits and residuals,
LEAST = 32  # but of this many rows at least
ABSENT = -1e30  # the logit of a class that a problem's training rows do not contain


@dataclass(frozen=True)
class Features:
    """A feature matrix made ready for many fits: standardised once over all rows.

    The global standardisation only keeps float32 accurate where a representation's variance is
    a millionth of its norm; every problem undoes it and standardises over its own rows.
    """

    values: Tensor
    """float32 (n, d), each column with mean 0 and standard deviation 1, or 0 throughout."""
    eigenvalues: Tensor
    """float32 (d,) of the covariance of ``values``."""
    eigenvectors: Tensor
    """float32 (d, d), one per column."""
    mean: np.ndarray
    """float64 (d,) what was subtracted,"""
    inverse_std: np.ndarray
    """float64 (d,) and what it was multiplied by then; 0 where constant."""

    @staticmethod
    def of(x: np.ndarray) -> "Features":
        """Prepare float (n, d) features. Labels play no part, so no fold learns from another."""
        wide = np.asarray(x, dtype=np.float64)
        mean, std = wide.mean(axis=0), wide.std(axis=0)
        # float32 noise around a large constant is not a feature
        constant = std <= 10 * np.finfo(np.float32).eps * np.abs(mean)
        inverse_std = np.where(constant, 0.0, 1 / np.where(constant, 1.0, std))
        scaled = (wide - mean) * inverse_std
        eigenvalues, eigenvectors = np.linalg.eigh(scaled.T @ scaled / len(scaled))
        return Features(
            torch.from_numpy(scaled.astype(np.float32)),
            torch.from_numpy(eigenvalues.clip(0).astype(np.float32)),
            torch.from_numpy(eigenvectors.astype(np.float32)),
            mean,
            inverse_std,
        )


@dataclass(frozen=True)
class Fits:
    """The solutions of P problems, as maps from ``Features.values`` to logits."""

    weights: Tensor
    """float32 (d, P, K), K = 1 for two classes."""
    intercepts: Tensor
    """float32 (P, K)"""
    objective: np.ndarray
    """float64 (P,): mean training loss + penalty / (C·|T|), in nats."""
    iterations: int

    def log_probabilities(self, features: Features, rows: Tensor, problem: int) -> Tensor:
        """float64 (rows, classes) log p(class | x), in nats."""
        logits = features.values[rows] @ self.weights[:, problem] + self.intercepts[problem]
        return _log_softmax(logits.double())


def _log_softmax(logits: Tensor) -> Tensor:
    if logits.shape[-1] == 1:
        return torch.cat(
            [torch.nn.functional.logsigmoid(-logits), torch.nn.functional.logsigmoid(logits)], -1
        )
    return torch.log_softmax(logits, -1)


@dataclass(frozen=True, eq=False)
class _Point:
    """P problems at some parameters."""

    w: Tensor
    """(P, K, d+1) parameters; see ``_Batch``."""
    value: Tensor
    """float64 (P,) the objective."""
    gradient: Tensor
    """(P, K, d+1)"""
    curvature: Tensor
    """(P,) mean of p(1−p) over training rows and classes."""

    def arrays(self) -> tuple[np.ndarray, np.ndarray]:
        """Parameters and gradient, (P, K·(d+1)) each."""
        return self.w.flatten(1).numpy(), self.gradient.flatten(1).numpy()

    def select(self, keep: Tensor) -> "_Point":
        """The problems ``keep`` of these."""
        return _Point(self.w[keep], self.value[keep], self.gradient[keep], self.curvature[keep])

    def replace(self, problems: Tensor, other: "_Point") -> None:
        """Put ``other`` in the place of some ``problems`` of these."""
        self.w[problems], self.value[problems] = other.w, other.value
        self.gradient[problems], self.curvature[problems] = other.gradient, other.curvature


@dataclass(frozen=True, eq=False)
class _Part:
    """Rows together with those of the problems that train on them."""

    values: Tensor
    """(m, d)"""
    problems: Tensor
    """int64 (q,)"""
    y: Tensor
    """int64 (1, m), or (q, m) where each problem has labels of its own."""
    train: Tensor
    """(q, m) of 0 and 1, or (1, m)."""

    @cached_property
    def at(self) -> slice | Tensor:
        """The problems as an index."""
        first, last = int(self.problems[0]), int(self.problems[-1])
        return slice(first, last + 1) if last - first < len(self.problems) else self.problems

    @staticmethod
    def of(rows: Rows, y: Tensor, sets: Tensor) -> "_Part":
        """``y`` (n,) or (n, P); ``sets`` (P,) the training set of each problem."""
        labels = y if rows.index is None else y[rows.index]
        problems = torch.isin(sets, rows.sets).nonzero()[:, 0]
        labels = labels[None] if y.ndim == 1 else labels[:, problems].T.contiguous()
        train = rows.train
        if len(train) > 1:
            train = train[sets[problems]]
        return _Part(rows.values, problems, labels, train)

    def select(self, keep: Tensor) -> "_Part":
        """Of the problems ``keep``, numbered anew."""
        kept = keep[self.problems]
        return _Part(
            self.values,
            (keep.cumsum(0) - 1)[self.problems[kept]],
            self.y if len(self.y) == 1 else self.y[kept],
            self.train if len(self.train) == 1 else self.train[kept],
        )

    def blocks(self, columns: int) -> Iterator[slice]:
        """Rows that stay in the cache with their logits, of ``columns`` a problem."""
        width = self.values.shape[1] + 2 * columns * len(self.problems)
        size = max(LEAST, BLOCK // width)
        for start in range(0, len(self.values), size):
            yield slice(start, start + size)

    def add(self, weights: Tensor, offsets: Tensor, to: Sums, product: Tensor) -> None:
        """What these rows bring to the sums of their problems.

        Residuals times features are added to ``product`` (P, K, d).
        """
        w, shift, into = weights[self.at], offsets[self.at].reshape(-1, 1), product[self.at]
        sums = Sums(to.loss[self.at], to.spread[self.at], to.residual[self.at])
        for rows in self.blocks(w.shape[1]):
            x = self.values[rows]
            y, train = self.y[:, rows].contiguous(), self.train[:, rows].contiguous()
            logits = torch.addmm(shift, w.flatten(0, 1), x.T).view(*w.shape[:2], -1)
            residuals(logits, y, train, sums)
            into.flatten(0, 1).addmm_(logits.flatten(0, 1), x)
        if not isinstance(self.at, slice):  # copies, not views
            to.loss[self.at], to.spread[self.at] = sums.loss, sums.spread
            to.residual[self.at], product[self.at] = sums.residual, into


class _Batch:
    """P problems over one matrix: their loss, gradient and preconditioner.

    Parameters (P, K, d+1) are each problem's weights in its own standardised coordinates, turned
    into the eigenvectors of the covariance of all rows, where the preconditioner is diagonal; the
    last column is the intercept. Rows come last in every array of logits, so that work on single
    numbers runs along memory, and are taken in blocks that stay in the cache.
    """

    def __init__(self, x: Features, y: Tensor, classes: int, train: Training, c: Tensor) -> None:
        self.x, self.classes, self.columns = x, classes, 1 if classes == 2 else classes
        self.parts = [_Part.of(rows, y, train.of) for rows in train.rows]
        self.parts = [part for part in self.parts if len(part.problems)]
        self.counts = train.counts[train.of]  # (P,)
        self.penalty = 1.0 / (c * self.counts)  # (P,) λ of the mean loss
        self.mean, self.inverse_std = train.mean[train.of], train.inverse_std[train.of]  # (P, d)
        self.absent = torch.zeros(len(c), self.columns)
        if classes > 2:
            seen = torch.zeros(len(c), classes)
            for part in self.parts:
                shape = len(part.problems), len(part.values)
                once = part.train.expand(shape)
                counted = torch.zeros(shape[0], classes)
                seen[part.problems] = counted.scatter_add_(1, part.y.expand(shape), once)
            self.absent = torch.where(seen == 0, ABSENT, 0.0)

    def select(self, keep: Tensor) -> "_Batch":
        """The problems ``keep`` of this batch."""
        part = object.__new__(_Batch)
        part.x, part.classes, part.columns = self.x, self.classes, self.columns
        part.parts = [p.select(keep) for p in self.parts if keep[p.problems].any()]
        part.mean, part.inverse_std = self.mean[keep], self.inverse_std[keep]
        part.absent = self.absent[keep]
        part.counts, part.penalty = self.counts[keep], self.penalty[keep]
        return part

    def unstandardised(self, w: Tensor) -> tuple[Tensor, Tensor]:
        """Weights (P, K, d) and intercepts (P, K) that act on ``Features.values``."""
        turned = w[:, :, :-1]
        weights = (turned.reshape(-1, turned.shape[2]) @ self.x.eigenvectors.T).view(turned.shape)
        weights *= self.inverse_std[:, None]
        return weights, w[:, :, -1] - (weights @ self.mean[:, :, None])[:, :, 0] + self.absent

    def at(self, w: Tensor) -> _Point:
        """Objective, gradient and curvature at the parameters ``w``."""
        weights, intercepts = self.unstandardised(w)
        sums, product = Sums.nothing(*weights.shape[:2]), torch.zeros_like(weights)
        for part in self.parts:
            part.add(weights, intercepts, sums, product)
        # the chain rule of the standardisation, and of the mean over rows
        slope = product - sums.residual[:, :, None] * self.mean[:, None]
        slope *= (self.inverse_std / self.counts[:, None])[:, None]
        gradient = torch.cat(
            [slope @ self.x.eigenvectors, (sums.residual / self.counts[:, None])[:, :, None]], 2
        )
        turned = w[:, :, :-1]
        gradient[:, :, :-1] += self.penalty[:, None, None] * turned
        ridge = 0.5 * self.penalty * turned.square().sum((1, 2), dtype=torch.float64)
        curvature = sums.spread / (self.counts * self.columns)
        return _Point(w, sums.loss / self.counts + ridge, gradient, curvature)

    def preconditioner(self, curvature: Tensor) -> Tensor:
        """(P, d+1) the inverse of ``curvature · covariance + λ``; 1 / curvature at last."""
        curved = curvature[:, None]
        whole = torch.cat([self.x.eigenvalues * curved + self.penalty[:, None], curved], 1)
        return whole.reciprocal_()


def _dot(a: Tensor, b: Tensor) -> Tensor:
    """(P,)"""
    return torch.linalg.vecdot(a.flatten(1), b.flatten(1))


def fit(
    x: Features,
    y: Tensor,
    classes: int,
    train: Tensor | Training,
    c: Tensor,
    start: Tensor | None = None,
    max_iterations: int = MAX_ITERATIONS,
    gap: float | None = None,
    history: History | None = None,
) -> tuple[Fits, Tensor]:
    """Solve P problems at once.

    ``y`` int64 (n,) class numbers, or (n, P) where each problem has labels of its own; ``train``
    float32 (n, P) of 0 and 1, or what was made of it; ``c`` float32 (P,). Each problem needs two
    classes among its training rows. ``start`` (P, K, d+1) are the parameters of an earlier call,
    the second value returned, to start from, and ``history`` what was remembered there. A problem
    is solved when two looks in a row see no more than ``gap`` (``GAP``) of its objective to be
    gained; with a wider ``gap``, one after ``LOOKS`` steps.
    """
    if isinstance(train, Tensor):
        train = Training.of_masks(x.values, train, 1 if classes == 2 else classes)
    whole = _Batch(x, y, classes, train, c)
    shape = (len(c), whole.columns, x.values.shape[1] + 1)
    solution = torch.zeros(shape) if start is None else start.clone()
    objective = torch.zeros(len(c), dtype=torch.float64)
    batch, active = whole, torch.arange(len(c))
    history = History(*shape) if history is None else history
    history.at(whole.penalty.numpy())
    point, near = batch.at(solution.clone()), torch.zeros(len(c), dtype=torch.bool)
    iteration, limit = 0, GAP if gap is None else gap
    believed = LOOKS if limit > GAP else max_iterations
    while True:
        direction = _direction(history, active.numpy(), batch, point)
        # a first look may not know the curvature yet
        nearer = -0.5 * _dot(point.gradient, direction) <= limit * point.value
        done, near = nearer & (near | (iteration >= believed)), nearer
        if iteration == max_iterations:
            done[:] = True
        if done.any():
            solution[active[done]] = point.w[done]
            objective[active[done]] = point.value[done]
            keep = ~done
            if not keep.any():
                break
            active, point, batch = active[keep], point.select(keep), batch.select(keep)
            direction, near = direction[keep], near[keep]
        iteration += 1
        new = _line_search(batch, point, direction)
        history.add(active.numpy(), point.arrays(), new.arrays())
        # float32 can see no descent from here: as converged as it gets
        new.gradient[(new.w == point.w).flatten(1).all(1)] = 0.0
        point = new
    weights, intercepts = whole.unstandardised(solution)
    return Fits(weights.permute(2, 0, 1), intercepts, objective.numpy(), iteration), solution


def _direction(history: History, slots: np.ndarray, batch: _Batch, point: _Point) -> Tensor:
    """−H·gradient of the problems ``slots``, H what the preconditioner and L-BFGS make of it."""
    inverse = batch.preconditioner(point.curvature.clamp_min(1e-4)).numpy()
    found = history.direction(slots, point.arrays()[1], inverse)
    return torch.from_numpy(found).view_as(point.gradient)


def _line_search(batch: _Batch, point: _Point, direction: Tensor) -> _Point:
    """Backtracking (Armijo) from a unit step, each problem with its own step."""
    slope = _dot(point.gradient, direction).double()
    noise = 1e-7 * point.value.abs()  # what float32 losses can resolve
    new, step = batch.at(point.w + direction), torch.ones_like(slope)
    for _ in range(20):
        bad = ~(new.value <= point.value + 1e-4 * step * slope + noise)
        if not bad.any():
            return new
        # the minimum of the parabola through both values and the slope, within bounds
        before, rate, size = point.select(bad), slope[bad], step[bad]
        rise = new.value[bad] - before.value - size * rate
        size = size * torch.nan_to_num(-rate * size / (2 * rise), nan=0.1).clamp(0.1, 0.5)
        step[bad] = size
        tried = before.w + size.float()[:, None, None] * direction[bad]
        new.replace(bad, batch.select(bad).at(tried))
    bad = ~(new.value <= point.value + noise)
    new.replace(bad, point.select(bad))
    return new
