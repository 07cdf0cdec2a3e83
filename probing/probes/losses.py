"""The loss of many problems on some rows, and its residual."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Losses:
    """What some rows add to the objective of P problems; rows outside their training add 0."""

    loss: Tensor
    """float64 (P,) sum of the losses."""
    residual: Tensor
    """(P, K, rows) p − 1[y]."""
    spread: Tensor
    """(P,) sum of p(1−p)."""


def losses(logits: Tensor, y: Tensor, train: Tensor) -> Losses:
    """Of the rows with ``logits`` (P, K, rows), which are overwritten; ``train`` (P, rows)."""
    if logits.shape[1] == 1:
        flat = logits[:, 0]
        loss = torch.nn.functional.softplus(flat * (1 - 2 * y))
        p = torch.sigmoid(flat)
        spread = (p * (1 - p)).mul_(train).sum(1)
        residual = p.sub_(y).mul_(train)[:, None]
    else:
        index = y.expand(train.shape)[:, None]
        logits -= logits.amax(1, keepdim=True)
        true = logits.gather(1, index)[:, 0]
        p = logits.exp_()
        norm = p.sum(1)
        loss = norm.log() - true
        p *= (train / norm)[:, None]
        spread = train.sum(1) - p.square().sum((1, 2))
        residual = p.scatter_add_(1, index, -train[:, None])
    summed = torch.where(train > 0, loss, 0.0).sum(1, dtype=torch.float64)
    return Losses(summed, residual, spread)
