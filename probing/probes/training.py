"""Which rows train many problems, and how each problem standardises over its own."""

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

ENOUGH = 32  # columns of one product, below which rows for nothing cost less than rows apart
COPIED = 25_000_000  # most numbers of copied rows (100 MB), or twice the matrix


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows of a feature matrix, and the training sets that are taken from them."""

    values: Tensor
    """float32 (m, d)"""
    index: Tensor | None
    """int64 (m,) where they stand in the matrix; None: they are the matrix."""
    sets: Tensor
    """int64 (s,) numbers of the training sets."""
    train: Tensor
    """float32 (s, m) of 0 and 1."""


@dataclass(frozen=True, eq=False)
class Training:
    """The training rows of P problems, which share S sets of them.

    A set of rows lies together, copied, where products with it are large enough to be fast: so no
    problem meets rows that it does not train on. Otherwise the sets are masks over all rows.
    """

    of: Tensor
    """int64 (P,) the set of each problem."""
    counts: Tensor
    """float32 (S,) rows of each set."""
    mean: Tensor
    """float32 (S, d) of the matrix over each set."""
    inverse_std: Tensor
    """float32 (S, d); 0 where constant."""
    rows: tuple[Rows, ...]

    @staticmethod
    def of_masks(values: Tensor, train: Tensor, columns: int) -> "Training":
        """Of float32 (n, P) masks over ``values`` (n, d), for ``columns`` weight vectors each."""
        packed = np.packbits(train.numpy() > 0, axis=0).T.copy()
        numbers: dict[bytes, int] = {}
        of = torch.tensor([numbers.setdefault(row.tobytes(), len(numbers)) for row in packed])
        first = [of.tolist().index(number) for number in range(len(numbers))]
        sets = train.T[first].contiguous()  # (S, n)
        counts = sets.sum(1)
        mean, inverse_std = _standardisation(values, sets / counts[:, None])
        most = max(COPIED, 2 * values.numel())
        apart = columns * len(of) >= ENOUGH * len(sets)
        if apart and float(counts.sum()) * values.shape[1] <= most:
            rows = tuple(_alone(values, s, i) for i, s in enumerate(sets))
        else:
            rows = (Rows(values, None, torch.arange(len(sets)), sets),)
        return Training(of, counts, mean, inverse_std, rows)

    def take(self, problems: np.ndarray) -> "Training":
        """Of these problems alone, once or more often."""
        return replace(self, of=self.of[torch.from_numpy(problems)])


def _alone(values: Tensor, mask: Tensor, number: int) -> Rows:
    index = mask.nonzero()[:, 0]
    rows = values if len(index) == len(values) else values[index]
    return Rows(rows, index, torch.tensor([number]), torch.ones(1, len(index)))


def _standardisation(values: Tensor, share: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and 1 / standard deviation (S, d) under the weights ``share`` (S, n)."""
    # float64, or a column that is constant in train gets a spurious tiny variance
    wide, weights = values.double(), share.double()
    mean = weights @ wide
    variance = weights @ wide.square_() - mean**2
    constant = variance <= 1e-12 * (1 + mean**2)
    inverse_std = torch.where(constant, 0.0, variance.clamp_min(1e-24).rsqrt())
    return mean.float(), inverse_std.float()
