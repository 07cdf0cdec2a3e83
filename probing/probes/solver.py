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

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

MEMORY = 10  # pairs kept by L-BFGS
GRADIENT = 1e-5  # largest entry allowed in the gradient of the mean loss, and
GAP = 1e-4  # largest distance from the optimum allowed, relative to the objective
MAX_ITERATIONS = 1000
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

    @staticmethod
    def of(x: np.ndarray) -> "Features":
        """Prepare float (n, d) features. Labels play no part, so no fold learns from another."""
        wide = np.asarray(x, dtype=np.float64)
        mean, std = wide.mean(axis=0), wide.std(axis=0)
        # float32 noise around a large constant is not a feature
        constant = std <= 10 * np.finfo(np.float32).eps * np.abs(mean)
        scaled = np.where(constant, 0.0, (wide - mean) / np.where(constant, 1.0, std))
        eigenvalues, eigenvectors = np.linalg.eigh(scaled.T @ scaled / len(scaled))
        return Features(
            torch.from_numpy(scaled.astype(np.float32)),
            torch.from_numpy(eigenvalues.clip(0).astype(np.float32)),
            torch.from_numpy(eigenvectors.astype(np.float32)),
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
    """(d+1, P, K) parameters, each problem's in its own standardised coordinates; the last row is
    the intercept."""
    value: Tensor
    """float64 (P,) the objective."""
    gradient: Tensor
    """(d+1, P, K)"""
    curvature: Tensor
    """(P,) mean of p(1−p) over training rows and classes."""

    def select(self, keep: Tensor) -> "_Point":
        """The problems ``keep`` of these."""
        return _Point(
            self.w[:, keep], self.value[keep], self.gradient[:, keep], self.curvature[keep]
        )


class _Batch:
    """P problems over one matrix: their loss, gradient and preconditioner."""

    def __init__(self, x: Features, y: Tensor, classes: int, train: Tensor, c: Tensor) -> None:
        self.x, self.classes, self.train = x, classes, train
        self.y = y[:, None] if y.ndim == 1 else y  # (n, 1) or (n, P)
        self.counts = train.sum(0)  # (P,)
        self.penalty = 1.0 / (c * self.counts)  # (P,) λ of the mean loss
        # float64, or a column that is constant in train gets a spurious tiny variance
        wide, share = x.values.double(), (train / self.counts).double()
        mean = wide.T @ share  # (d, P)
        variance = wide.square_().T @ share - mean**2
        constant = variance <= 1e-12 * (1 + mean**2)
        self.mean = mean.float()
        self.inverse_std = torch.where(constant, 0.0, variance.clamp_min(1e-24).rsqrt()).float()
        self.columns = 1 if classes == 2 else classes
        self.absent = torch.zeros(len(c), self.columns)
        if classes > 2:
            index = self.y.expand(train.shape).T
            seen = torch.zeros(len(c), classes).scatter_add_(1, index, train.T)
            self.absent = torch.where(seen == 0, ABSENT, 0.0)

    def select(self, keep: Tensor) -> "_Batch":
        """The problems ``keep`` of this batch."""
        part = object.__new__(_Batch)
        part.x, part.classes, part.columns = self.x, self.classes, self.columns
        part.y = self.y if self.y.shape[1] == 1 else self.y[:, keep]
        part.train, part.mean = self.train[:, keep], self.mean[:, keep]
        part.inverse_std, part.absent = self.inverse_std[:, keep], self.absent[keep]
        part.counts, part.penalty = self.counts[keep], self.penalty[keep]
        return part

    def unstandardised(self, w: Tensor) -> tuple[Tensor, Tensor]:
        """Weights (d, P, K) and intercepts (P, K) that act on ``Features.values``."""
        weights = w[:-1] * self.inverse_std[:, :, None]
        return weights, w[-1] - (self.mean[:, :, None] * weights).sum(0) + self.absent

    def at(self, w: Tensor) -> _Point:
        """Objective, gradient and curvature at the parameters ``w``."""
        weights, intercepts = self.unstandardised(w)
        d, problems, k = weights.shape
        logits = (self.x.values @ weights.reshape(d, -1)).reshape(-1, problems, k) + intercepts
        share = self.train / self.counts
        if k == 1:
            sign = (2 * self.y - 1)[:, :, None]
            loss = torch.nn.functional.softplus(-sign * logits)[:, :, 0]
            probability = torch.sigmoid(logits)
            residual = probability - self.y[:, :, None]
            curvature = (share * (probability * (1 - probability))[:, :, 0]).sum(0)
        else:
            log_p = torch.log_softmax(logits, -1)
            true = self.y[:, :, None].expand(-1, problems, 1)
            loss = -log_p.gather(2, true)[:, :, 0]
            residual = log_p.exp_()
            curvature = (share * (1 - residual.square().sum(-1))).sum(0) / k
            residual.scatter_add_(2, true, torch.full(true.shape, -1.0))
        residual *= share[:, :, None]
        total = residual.sum(0)  # (P, K)
        product = (self.x.values.T @ residual.reshape(len(residual), -1)).reshape(d, problems, k)
        slope = (product - self.mean[:, :, None] * total) * self.inverse_std[:, :, None]
        gradient = torch.cat([slope + self.penalty[:, None] * w[:-1], total[None]])
        data = torch.where(self.train > 0, loss, 0.0).sum(0, dtype=torch.float64) / self.counts
        ridge = 0.5 * self.penalty * w[:-1].square().sum((0, 2), dtype=torch.float64)
        return _Point(w, data + ridge, gradient, curvature)

    def precondition(self, gradient: Tensor, curvature: Tensor) -> Tensor:
        """Divide by ``curvature · covariance + λ``, diagonal in the covariance's eigenvectors."""
        d, problems, k = gradient[:-1].shape
        rotated = (self.x.eigenvectors.T @ gradient[:-1].reshape(d, -1)).reshape(d, problems, k)
        rotated /= (self.x.eigenvalues[:, None] * curvature + self.penalty)[:, :, None]
        back = (self.x.eigenvectors @ rotated.reshape(d, -1)).reshape(d, problems, k)
        return torch.cat([back, (gradient[-1] / curvature[:, None])[None]])


def _dot(a: Tensor, b: Tensor) -> Tensor:
    return (a * b).sum((0, 2))


class _History:
    """The last steps and gradient changes of every problem, and the direction they give."""

    def __init__(self) -> None:
        self.pairs: list[tuple[Tensor, Tensor, Tensor]] = []

    def add(self, step: Tensor, change: Tensor) -> None:
        product = _dot(step, change)
        # a problem whose pair is numerically empty contributes nothing (ρ = 0)
        useful = product > 1e-10 * _dot(change, change).sqrt() * _dot(step, step).sqrt()
        rho = torch.where(useful, 1 / product.clamp_min(1e-38), 0.0)
        self.pairs = [*self.pairs[-MEMORY + 1 :], (step, change, rho)]

    def select(self, keep: Tensor) -> None:
        self.pairs = [(s[:, keep], y[:, keep], r[keep]) for s, y, r in self.pairs]

    def direction(self, batch: _Batch, point: _Point) -> Tensor:
        """−H·gradient by the two-loop recursion (Nocedal & Wright 2006, algorithm 7.4)."""
        q, steps = point.gradient.clone(), []
        for s, y, rho in reversed(self.pairs):
            alpha = rho * _dot(s, q)
            q -= alpha[:, None] * y
            steps.append(alpha)
        r = batch.precondition(q, point.curvature.clamp_min(1e-4))
        for (s, y, rho), alpha in zip(self.pairs, reversed(steps), strict=True):
            r += (alpha - rho * _dot(y, r))[:, None] * s
        return -r


def fit(
    x: Features,
    y: Tensor,
    classes: int,
    train: Tensor,
    c: Tensor,
    start: Tensor | None = None,
    max_iterations: int = MAX_ITERATIONS,
) -> tuple[Fits, Tensor]:
    """Solve P problems at once.

    ``y`` int64 (n,) class numbers, or (n, P) where each problem has labels of its own; ``train``
    float32 (n, P) of 0 and 1; ``c`` float32 (P,). Each problem needs two classes among its
    training rows. ``start`` (d+1, P, K) are the parameters of an earlier call, the second value
    returned, to start from.
    """
    whole = _Batch(x, y, classes, train, c)
    shape = (x.values.shape[1] + 1, len(c), whole.columns)
    solution = torch.zeros(shape) if start is None else start.clone()
    objective = torch.zeros(len(c), dtype=torch.float64)
    batch, active, history = whole, torch.arange(len(c)), _History()
    point = batch.at(solution.clone())
    iteration = 0
    while True:
        done = _converged(point, batch.penalty)
        if iteration == max_iterations:
            done[:] = True
        if done.any():
            solution[:, active[done]] = point.w[:, done]
            objective[active[done]] = point.value[done]
            keep = ~done
            if not keep.any():
                break
            active, point, batch = active[keep], point.select(keep), batch.select(keep)
            history.select(keep)
        iteration += 1
        direction = history.direction(batch, point)
        new = _line_search(batch, point, direction)
        history.add(new.w - point.w, new.gradient - point.gradient)
        stuck = (new.w == point.w).all(0).all(-1)
        point = new
        # float32 can see no descent from here: as converged as it gets
        point.gradient[:, stuck] = 0.0
    weights, intercepts = whole.unstandardised(solution)
    return Fits(weights, intercepts, objective.numpy(), iteration), solution


def _converged(point: _Point, penalty: Tensor) -> Tensor:
    """(P,) whether each problem is within ``GRADIENT`` and ``GAP``.

    A λ-strongly convex objective lies at most ‖g‖²/2λ above its minimum; the intercept, which has
    no λ, is taken with its mean curvature.
    """
    gap = point.gradient[:-1].square().sum((0, 2)) / (2 * penalty)
    gap += point.gradient[-1].square().sum(-1) / (2 * point.curvature.clamp_min(1e-12))
    return (point.gradient.abs().amax((0, 2)) <= GRADIENT) & (gap <= GAP * point.value)


def _line_search(batch: _Batch, point: _Point, direction: Tensor) -> _Point:
    """Backtracking (Armijo) from a unit step, each problem with its own step."""
    slope = _dot(point.gradient, direction)
    step = torch.ones_like(slope)
    noise = 1e-7 * point.value.abs()  # what float32 losses can resolve
    for _ in range(20):
        new = batch.at(point.w + step[:, None] * direction)
        bad = ~(new.value <= point.value + 1e-4 * step * slope + noise)
        if not bad.any():
            return new
        # the minimum of the parabola through both values and the slope, within bounds
        rise = new.value - point.value - step * slope
        guess = torch.nan_to_num(-slope * step / (2 * rise), nan=0.1).to(step.dtype)
        step = torch.where(bad, step * guess.clamp(0.1, 0.5), step)
    return batch.at(torch.where(bad[:, None], point.w, new.w))
