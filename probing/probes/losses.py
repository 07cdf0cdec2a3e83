"""The loss of many problems on some rows, and its residual."""

from dataclasses import dataclass

import torch
from torch import Tensor

from probing.probes import kernels


@dataclass(frozen=True, eq=False)
class Sums:
    """What the rows of P problems add up to."""

    loss: Tensor
    """float64 (P,) of the losses."""
    spread: Tensor
    """(P,) of p(1−p) over rows and classes."""
    residual: Tensor
    """(P, K) of p − 1[y]."""

    @staticmethod
    def nothing(problems: int, columns: int) -> "Sums":
        """To begin with."""
        loss = torch.zeros(problems, dtype=torch.float64)
        return Sums(loss, torch.zeros(problems), torch.zeros(problems, columns))


def residuals(logits: Tensor, y: Tensor, train: Tensor, to: Sums) -> None:
    """Turn logits (P, K, rows) into p − 1[y], and add up what they say of each problem in ``to``.

    ``y`` int64 (1, rows) or (P, rows); ``train`` float32 alike, of 0 and 1: rows outside their
    problem's training add nothing.
    """
    if logits.shape[1] > 1:
        arrays = (a.numpy() for a in (logits, y, train, to.loss, to.residual, to.spread))
        kernels.multinomial(*arrays)
        return
    flat = logits[:, 0]
    loss = torch.nn.functional.softplus(flat * (1 - 2 * y))
    p = torch.sigmoid(flat)
    to.spread.add_((p * (1 - p)).mul_(train).sum(1))
    to.loss.add_(torch.where(train > 0, loss, 0.0).sum(1, dtype=torch.float64))
    torch.mul(p.sub_(y), train, out=flat)
    to.residual.add_(flat.sum(1, keepdim=True))
