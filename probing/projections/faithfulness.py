"""How much of each point's neighbourhood in the representation survives on the map."""

from dataclasses import dataclass

import numpy as np

from probing.projections.neighbours import keys, owners, parts
from probing.projections.values import Faithfulness

NEIGHBOURS = 15
JUDGED = 2_000  # points whose neighbourhoods are compared; of more, a sample


def judge(
    x: np.ndarray, points: np.ndarray, labels: np.ndarray | None = None, seed: int = 0
) -> Faithfulness:
    """Compare the neighbourhoods of (n, H) ``x`` with those of the map's (n, 2 or 3) ``points``.

    Above ``JUDGED`` points a seeded sample of them is compared with all n; cost O(judged · n · H).
    """
    n = len(x)
    k = min(NEIGHBOURS, (n - 1) // 2)
    if k < 1:
        return Faithfulness(None, None, None, None, None, None, 0, 0)
    judged = np.arange(n)
    if n > JUDGED:
        judged = np.sort(np.random.default_rng(seed).choice(n, JUDGED, replace=False))
    y = None if labels is None else np.unique(labels, return_inverse=True)[1]
    sums = np.zeros(5)
    for part in parts(judged, n):
        full, flat = _Order.of(x, part, k), _Order.of(points, part, k)
        there, here = full.ranks(flat.nearest), flat.ranks(full.nearest)
        sums += (
            (there - k).clip(0).sum(),
            (here - k).clip(0).sum(),
            (there <= k).sum() / k,
            0 if y is None else _votes(full.nearest, part, y),
            0 if y is None else _votes(flat.nearest, part, y),
        )
    # the ranks beyond k of one space's neighbours in the other space, normalised to 0 … 1
    scale = 2 / (k * (2 * n - 3 * k - 1))
    intruders, missing, kept, right_full, right_map = (float(s) for s in sums / len(judged))
    return Faithfulness(
        trustworthiness=1 - scale * intruders,
        continuity=1 - scale * missing,
        neighbours_kept=kept,
        neighbours_kept_by_chance=k / (n - 1),
        label_accuracy_full=None if y is None else right_full,
        label_accuracy_map=None if y is None else right_map,
        k=k,
        judged=len(judged),
    )


@dataclass(frozen=True, eq=False)
class _Order:
    """All n by their distance from each of the judged."""

    keys: np.ndarray
    """uint64 (judged, n) as ``neighbours.keys`` gives them."""
    ordered: np.ndarray
    """The same, each row sorted."""
    nearest: np.ndarray
    """int64 (judged, k)"""

    @staticmethod
    def of(x: np.ndarray, judged: np.ndarray, k: int) -> "_Order":
        found = keys(x, judged)
        ordered = np.sort(found, axis=1)
        return _Order(found, ordered, owners(ordered[:, 1 : k + 1]))

    def ranks(self, of: np.ndarray) -> np.ndarray:
        """int64 (judged, k): 1 for a point's nearest neighbour, 2 for the next, …"""
        wanted = np.take_along_axis(self.keys, of, axis=1)
        pairs = zip(self.ordered, wanted, strict=True)
        return np.stack([np.searchsorted(row, some) for row, some in pairs])


def _votes(nearest: np.ndarray, judged: np.ndarray, y: np.ndarray) -> int:
    """Points whose label is the most frequent among their neighbours (ties: the nearest's)."""
    labels = y[nearest]
    votes = (labels[:, :, None] == labels[:, None, :]).sum(axis=2)
    return int((labels[np.arange(len(labels)), votes.argmax(axis=1)] == y[judged]).sum())
