"""What L-BFGS remembers of many problems, kept from one fit to the next."""

from collections.abc import Sequence

import numpy as np

from probing.probes import kernels

MEMORY = 20  # pairs kept of a problem

Values = tuple[np.ndarray, np.ndarray]
"""Parameters and gradient of P problems, float32 (P, K·(d+1)) each."""


class History:
    """What L-BFGS remembers of P problems: their last steps and gradient changes.

    Handed to ``fit``, it is used and goes on: at another C or from near by, the curvature that a
    problem met before still holds, but for the penalty's.
    """

    def __init__(self, problems: int, columns: int, width: int) -> None:
        shape = (problems, MEMORY, columns * width)
        self.columns, self.penalty = columns, np.zeros(problems, np.float32)
        self.steps, self.changes = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
        self.rho, self.counts = np.zeros(shape[:2], np.float32), np.zeros(problems, np.int64)

    @staticmethod
    def join(parts: "Sequence[tuple[History, np.ndarray]]") -> "History":
        """Of the problems asked of each, one after the other."""
        joined = object.__new__(History)
        joined.columns = parts[0][0].columns
        for name in ("penalty", "steps", "changes", "rho", "counts"):
            arrays = [getattr(history, name)[asked] for history, asked in parts]
            setattr(joined, name, np.concatenate(arrays))
        return joined

    def at(self, penalty: np.ndarray) -> None:
        """Of the problems at another ``penalty`` (P,), whose curvature the changes then have."""
        more = penalty - self.penalty
        self.penalty = penalty
        if not self.counts.any():
            return
        inner = (*self.rho.shape, self.columns, -1)
        weights = self.steps.reshape(inner)[..., :-1]
        self.changes.reshape(inner)[..., :-1] += more[:, None, None, None] * weights
        product = np.einsum("pmd,pmd->pm", self.steps, self.changes)
        self.rho = np.where(product > 0, 1 / np.where(product > 0, product, 1), 0)

    def add(self, slots: np.ndarray, before: Values, after: Values) -> None:
        """Remember a step of the problems ``slots``."""
        mine = (self.counts, self.steps, self.changes, self.rho)
        kernels.remember(slots, *mine, before, after)

    def direction(self, slots: np.ndarray, gradient: np.ndarray, inverse: np.ndarray) -> np.ndarray:
        """−H·gradient (P, D) of the problems ``slots``; ``inverse`` (P, d+1) the preconditioner."""
        mine = (self.counts, self.steps, self.changes, self.rho)
        out = np.empty_like(gradient)
        kernels.direct(slots, *mine, gradient, inverse, out)
        return out
