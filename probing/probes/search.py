"""The search for C: inner log-losses of every outer fold, from strong to weak regularisation."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from probing.probes import solver
from probing.probes.folds import Fold
from probing.probes.history import History
from probing.probes.training import Training

STRENGTHS = tuple(10.0**power for power in range(-4, 3))
"""The values of C, from strong to weak regularisation."""
PATIENCE = 2  # values of C in a row that must be worse before the walk along them ends
MARGIN = 0.05  # share by which a coarse loss may be above the least and still be the best
TIE = 1e-6  # relative difference of inner log-losses below which the stronger C is taken

Tick = Callable[[], None]


@dataclass(frozen=True, eq=False)
class Choice:
    """What the inner folds of some folds say of C."""

    strengths: list[float]
    """The C of least log-loss for each fold."""
    losses: list[float]
    """That log-loss (nats); infinite where nothing was chosen."""
    start: Tensor | None
    """(folds, K, d+1) mean of each fold's inner solutions, a place to start from."""
    history: History | None = None
    """What was remembered of one inner fold of each."""


def choose_strength(
    features: solver.Features,
    y: Tensor,
    classes: int,
    folds: Sequence[Fold],
    strengths: Sequence[float],
    tick: Tick = lambda: None,
    whole: bool = False,
) -> Choice:
    """For each fold, the C of least log-loss over its inner folds.

    Ties go to the stronger regularisation. Without inner folds every C ties, and the strongest is
    taken (its log-loss is infinite).

    A coarse walk from strong to weak ends for a fold when its inner log-loss has passed its minimum
    (see ``passed``): weak regularisation costs most. Each step starts where the last two point to.
    The contenders within ``MARGIN`` of the minimum are then solved well, and compared. ``whole``
    walks all the way and solves everything well.
    """
    pairs = [(i, *pair) for i, fold in enumerate(folds) for pair in fold.inner]
    if not pairs:
        return Choice([strengths[0]] * len(folds), [float("inf")] * len(folds), None)
    search = _Search(features, y, classes, pairs, len(folds), strengths)
    walked = search.walk(tick, whole)
    return search.compare(walked, tick, whole)


Walked = tuple[np.ndarray, list[tuple[np.ndarray, Tensor, History]]]
"""Coarse losses (folds, strengths); of each step the problems, their solutions and histories."""


@dataclass(frozen=True, eq=False)
class _Search:
    """The inner folds of some outer folds: a problem each, at every C that is tried."""

    features: solver.Features
    y: Tensor
    classes: int
    pairs: list[tuple[int, np.ndarray, np.ndarray]]
    """Of each problem the outer fold, the training rows and the held-out ones."""
    folds: int
    strengths: Sequence[float]

    @cached_property
    def owner(self) -> np.ndarray:
        """(problems,) their outer folds."""
        return np.array([fold for fold, _, _ in self.pairs])

    @cached_property
    def train(self) -> Training:
        """The training rows of every problem."""
        rows = masks([rows for _, rows, _ in self.pairs], len(self.y))
        return Training.of_masks(self.features.values, rows, self.columns)

    @cached_property
    def columns(self) -> int:
        """Weight vectors of a problem."""
        return 1 if self.classes == 2 else self.classes

    @cached_property
    def held(self) -> list[Tensor]:
        """Of each problem the held-out rows.

        Those of a class that the training rows lack say nothing about C and are left out.
        """
        y = self.y.numpy()
        return [torch.from_numpy(b[np.isin(y[b], y[a])]) for _, a, b in self.pairs]

    def walk(self, tick: Tick, whole: bool) -> Walked:
        """From strong to weak, as far as each fold needs to."""
        losses = np.full((self.folds, len(self.strengths)), np.inf)
        live, steps = np.arange(len(self.pairs)), []
        path: list[Tensor] = []  # the last two solutions of the live problems
        history = History(len(live), self.columns, self.features.values.shape[1] + 1)
        for step, c in enumerate(self.strengths):
            start = 2 * path[1] - path[0] if len(path) == 2 else path[0] if path else None
            sums, solved = self.solve(live, np.full(len(live), c), start, solver.COARSE, history)
            tick()
            losses[:, step] = self.averaged(sums, live)
            steps.append((live, solved, history))
            going = whole | ~passed(losses[:, : step + 1], MARGIN)[self.owner[live]]
            if not going.any():
                break
            live, keep = live[going], torch.from_numpy(going)
            path = [solution[keep] for solution in (*path[-1:], solved)]
            history = History.join([(history, going)])
        return losses, steps

    def compare(self, walked: Walked, tick: Tick, whole: bool) -> Choice:
        """The best of each fold's contenders, solved well."""
        coarse, steps = walked
        near = whole | (coarse <= coarse.min(axis=1, keepdims=True) * (1 + MARGIN))
        near &= np.isfinite(coarse)
        losses = np.full(coarse.shape, np.inf)
        starts = torch.zeros(self.folds, *steps[0][1].shape[1:])
        of, at, solutions, histories = [], [], [], []
        for step, (problems, solved, history) in enumerate(steps):
            asked = near[self.owner[problems], step]
            of.append(problems[asked])
            at.append(np.full(asked.sum(), step))
            solutions.append(solved[torch.from_numpy(asked)])
            histories.append((history, asked))
        problems, step_of = np.concatenate(of), np.concatenate(at)
        if len(problems):
            c = np.array(self.strengths)[step_of]
            joined = History.join(histories)
            sums, solved = self.solve(problems, c, torch.cat(solutions), solver.ROUGH, joined)
            tick()
            for step in np.unique(step_of):
                mine = step_of == step
                losses[:, step] = self.averaged(sums[mine], problems[mine])
        chosen, loss = least(losses, self.strengths)
        first, none = np.zeros(self.folds, int), np.ones(self.folds, bool)
        for fold, c in enumerate(chosen):
            mine = (self.owner[problems] == fold) & (np.array(self.strengths)[step_of] == c)
            if mine.any():
                starts[fold] = solved[torch.from_numpy(mine)].mean(0)
                first[fold], none[fold] = mine.argmax(), False
        if none.all():
            return Choice(chosen, loss, starts)
        history = History.join([(joined, first)])
        history.counts[none] = 0
        return Choice(chosen, loss, starts, history)

    def solve(
        self,
        problems: np.ndarray,
        c: np.ndarray,
        start: Tensor | None,
        gap: float,
        history: History,
    ) -> tuple[np.ndarray, Tensor]:
        """(problems, 2) sum of held-out losses and their number, and the solutions."""
        strength = torch.from_numpy(c.astype(np.float32))
        train = self.train.take(problems)
        fits, solved = solver.fit(
            self.features, self.y, self.classes, train, strength, start, gap=gap, history=history
        )
        sums = [
            _loss(fits, self.features, self.y, p, self.held[problem])
            for p, problem in enumerate(problems)
        ]
        return np.array(sums), solved

    def averaged(self, sums: np.ndarray, problems: np.ndarray) -> np.ndarray:
        """(folds,) mean loss over the held-out rows; infinite for folds without a problem here."""
        total = np.zeros((self.folds, 2))
        np.add.at(total, self.owner[problems], sums)
        mean = total[:, 0] / total[:, 1].clip(1)
        there = np.isin(np.arange(self.folds), self.owner[problems])
        return np.where(there, mean, np.inf)


def least(losses: np.ndarray, strengths: Sequence[float]) -> tuple[list[float], list[float]]:
    """Each fold's C of least loss among its (folds, values so far), and that loss."""
    best = losses.min(axis=1, keepdims=True)
    index = (losses <= best * (1 + TIE)).argmax(axis=1)
    return [strengths[i] for i in index], losses[np.arange(len(losses)), index].tolist()


def passed(losses: np.ndarray, clearly: float) -> np.ndarray:
    """Whether each fold's losses (folds, values so far) have passed their minimum.

    ``PATIENCE`` values in a row are worse, or one, by more than a share ``clearly``.
    """
    since = losses.shape[1] - 1 - losses.argmin(axis=1)
    worse = losses[:, -1] > losses.min(axis=1) * (1 + clearly)
    return (since >= PATIENCE) | ((since >= 1) & worse)


def _loss(
    fits: solver.Fits, features: solver.Features, y: Tensor, problem: int, rows: Tensor
) -> tuple[float, int]:
    """Sum of log-losses over the ``rows``, and their number."""
    log_p = fits.log_probabilities(features, rows, problem)
    return -float(log_p.gather(1, y[rows][:, None]).sum()), len(rows)


def masks(parts: list[np.ndarray], n: int) -> Tensor:
    """float32 (n, parts): 1 for the rows of each part."""
    found = torch.zeros(n, len(parts))
    for p, part in enumerate(parts):
        found[part, p] = 1.0
    return found
